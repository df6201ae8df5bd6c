#include "gatehouse/pki/key.h"

#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include "gatehouse/base/check.h"
#include "native.h"

namespace gatehouse::pki {

namespace {

constexpr int kRsaBits = 2048;
constexpr int kMaxRsaBits = 8192;
constexpr std::size_t kMaxPem = 64 * 1024;

int no_password(char*, int, int, void* asked) {
  *static_cast<bool*>(asked) = true;
  return -1;
}

bool is_curve(const EVP_PKEY* key, std::string_view wanted) {
  char name[64] = {};
  std::size_t size = 0;
  return EVP_PKEY_get_group_name(key, name, sizeof name, &size) == 1 && std::string_view(name, size) == wanted;
}

}  // namespace

std::string take_reason() {
  const unsigned long code = ERR_get_error();
  ERR_clear_error();
  const char* const reason = code == 0 ? nullptr : ERR_reason_error_string(code);
  return reason != nullptr ? reason : "no reason given";
}

const EVP_MD* digest_for(const Key& key) noexcept {
  switch (key.type()) {
    case KeyType::kEcdsaP256:
    case KeyType::kRsa: return EVP_sha256();
    case KeyType::kEcdsaP384: return EVP_sha384();
    case KeyType::kEd25519: return nullptr;
  }
  return nullptr;
}

Result<Key> Key::adopt(evp_pkey_st* raw) {
  std::shared_ptr<evp_pkey_st> native(raw, EVP_PKEY_free);
  if (EVP_PKEY_is_a(raw, "ED25519")) return Key(std::move(native), KeyType::kEd25519);
  if (EVP_PKEY_is_a(raw, "EC") && is_curve(raw, "prime256v1")) return Key(std::move(native), KeyType::kEcdsaP256);
  if (EVP_PKEY_is_a(raw, "EC") && is_curve(raw, "secp384r1")) return Key(std::move(native), KeyType::kEcdsaP384);
  const int bits = EVP_PKEY_get_bits(raw);
  if (EVP_PKEY_is_a(raw, "RSA") && bits >= kRsaBits && bits <= kMaxRsaBits) return Key(std::move(native), KeyType::kRsa);
  ERR_clear_error();
  return make_error("key-unsupported", "the private key is of a kind that cannot be used",
                    "use ECDSA P-256 or P-384, RSA with 2048 to 8192 bits, or Ed25519");
}

Result<Key> Key::generate(KeyType type) {
  ERR_clear_error();
  EVP_PKEY* native = nullptr;
  switch (type) {
    case KeyType::kEcdsaP256: native = EVP_EC_gen("P-256"); break;
    case KeyType::kEcdsaP384: native = EVP_EC_gen("P-384"); break;
    case KeyType::kRsa: native = EVP_RSA_gen(kRsaBits); break;
    case KeyType::kEd25519: native = EVP_PKEY_Q_keygen(nullptr, nullptr, "ED25519"); break;
  }
  if (native == nullptr) return make_error("key-generation", "cannot make a private key: " + take_reason());
  return adopt(native);
}

Result<Key> Key::parse(std::string_view pem) {
  ERR_clear_error();
  if (pem.size() > kMaxPem) return make_error("key-unreadable", "the private key is longer than 64 KiB");
  bool encrypted = false;
  const BioPtr bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  EVP_PKEY* const native = PEM_read_bio_PrivateKey(bio.get(), nullptr, no_password, &encrypted);
  const std::string reason = take_reason();
  if (native != nullptr) return adopt(native);
  if (encrypted) {
    return make_error("key-encrypted", "the private key is encrypted", "decrypt it: openssl pkey -in KEY -out NEW");
  }
  return make_error("key-unreadable", "the private key is not PEM: " + reason);
}

Secret Key::to_pem() const {
  const BioPtr bio(BIO_new(BIO_s_secmem()));
  GATEHOUSE_CHECK(bio && PEM_write_bio_PKCS8PrivateKey(bio.get(), native(), nullptr, nullptr, 0, nullptr, nullptr) == 1);
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(bio.get(), &bytes);
  return Secret(std::string(bytes, static_cast<std::size_t>(size)));
}

bool Key::same_as(const Key& other) const noexcept { return EVP_PKEY_eq(native(), other.native()) == 1; }

}  // namespace gatehouse::pki
