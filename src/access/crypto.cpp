#include "crypto.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>

#include <span>

#include "gatehouse/base/check.h"

namespace gatehouse::access {

namespace {

constexpr std::size_t kNonce = 12;
constexpr std::size_t kTag = 16;
const unsigned char* bytes_of(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }
unsigned char* bytes_of(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }

char* sha256_name() {
  static char name[] = "SHA256";  // OSSL_PARAM wants a pointer to non-const
  return name;
}

OSSL_PARAM octets(const char* key, std::string_view value) {
  return OSSL_PARAM_construct_octet_string(key, const_cast<char*>(value.data()), value.size());
}

struct FreeCipher {
  void operator()(EVP_CIPHER_CTX* context) const noexcept { EVP_CIPHER_CTX_free(context); }
};
using CipherContext = std::unique_ptr<EVP_CIPHER_CTX, FreeCipher>;

}  // namespace

void HmacKey::Free::operator()(evp_mac_ctx_st* context) const noexcept { EVP_MAC_CTX_free(context); }

HmacKey::HmacKey(std::string_view key) {
  EVP_MAC* mac = EVP_MAC_fetch(nullptr, "HMAC", nullptr);
  keyed_.reset(EVP_MAC_CTX_new(mac));
  EVP_MAC_free(mac);
  const OSSL_PARAM parameters[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, sha256_name(), 0),
                                   OSSL_PARAM_construct_end()};
  GATEHOUSE_CHECK(keyed_ && EVP_MAC_init(keyed_.get(), bytes_of(key), key.size(), parameters) == 1);
}

Digest HmacKey::sign(std::string_view message) const {
  const std::unique_ptr<evp_mac_ctx_st, Free> context(EVP_MAC_CTX_dup(keyed_.get()));
  Digest digest{};
  std::size_t size = 0;
  GATEHOUSE_CHECK(context && EVP_MAC_update(context.get(), bytes_of(message), message.size()) == 1 &&
                  EVP_MAC_final(context.get(), digest.data(), &size, digest.size()) == 1 && size == digest.size());
  return digest;
}

Digest hkdf(std::string_view secret, std::string_view purpose) {
  EVP_KDF* kdf = EVP_KDF_fetch(nullptr, "HKDF", nullptr);
  EVP_KDF_CTX* context = EVP_KDF_CTX_new(kdf);
  EVP_KDF_free(kdf);
  const OSSL_PARAM parameters[] = {OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, sha256_name(), 0),
                                   octets(OSSL_KDF_PARAM_KEY, secret), octets(OSSL_KDF_PARAM_INFO, purpose),
                                   OSSL_PARAM_construct_end()};
  Digest key{};
  GATEHOUSE_CHECK(context != nullptr && EVP_KDF_derive(context, key.data(), key.size(), parameters) == 1);
  EVP_KDF_CTX_free(context);
  return key;
}

bool equal_constant_time(std::string_view a, std::string_view b) noexcept {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

std::string_view as_text(const Digest& digest) noexcept {
  return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

std::string encrypt(const Digest& key, std::string_view plain, std::string_view context, runtime::Random& random) {
  std::string sealed(kNonce + plain.size() + kTag, '\0');
  random.fill(std::span(bytes_of(sealed), kNonce));
  const CipherContext cipher(EVP_CIPHER_CTX_new());
  unsigned char* const body = bytes_of(sealed) + kNonce;
  int size = 0;
  const bool done =
      cipher && EVP_EncryptInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr, key.data(), bytes_of(sealed)) == 1 &&
      EVP_EncryptUpdate(cipher.get(), nullptr, &size, bytes_of(context), static_cast<int>(context.size())) == 1 &&
      EVP_EncryptUpdate(cipher.get(), body, &size, bytes_of(plain), static_cast<int>(plain.size())) == 1 &&
      EVP_EncryptFinal_ex(cipher.get(), body + plain.size(), &size) == 1 &&
      EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_GET_TAG, kTag, body + plain.size()) == 1;
  GATEHOUSE_CHECK(done);
  return sealed;
}

std::optional<std::string> decrypt(const Digest& key, std::string_view sealed, std::string_view context) {
  if (sealed.size() < kNonce + kTag) return std::nullopt;
  const std::string_view body = sealed.substr(kNonce, sealed.size() - kNonce - kTag);
  std::string tag(sealed.substr(sealed.size() - kTag));
  std::string plain(body.size() + 1, '\0');  // one more, so that an empty text has an address for OpenSSL
  const CipherContext cipher(EVP_CIPHER_CTX_new());
  GATEHOUSE_CHECK(cipher);
  int size = 0;
  const bool done =
      EVP_DecryptInit_ex(cipher.get(), EVP_aes_256_gcm(), nullptr, key.data(), bytes_of(sealed)) == 1 &&
      EVP_DecryptUpdate(cipher.get(), nullptr, &size, bytes_of(context), static_cast<int>(context.size())) == 1 &&
      EVP_DecryptUpdate(cipher.get(), bytes_of(plain), &size, bytes_of(body), static_cast<int>(body.size())) == 1 &&
      EVP_CIPHER_CTX_ctrl(cipher.get(), EVP_CTRL_GCM_SET_TAG, kTag, bytes_of(tag)) == 1 &&
      EVP_DecryptFinal_ex(cipher.get(), bytes_of(plain) + body.size(), &size) == 1;
  if (!done) return std::nullopt;
  plain.resize(body.size());
  return plain;
}

}  // namespace gatehouse::access
