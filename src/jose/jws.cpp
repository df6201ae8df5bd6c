#include "gatehouse/jose/jws.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>

#include <array>
#include <memory>

#include "gatehouse/base/check.h"
#include "gatehouse/base/encoding.h"

namespace gatehouse::jose {

namespace {

template <auto Free>
struct Deleter {
  template <class T>
  void operator()(T* object) const noexcept {
    Free(object);
  }
};
using NumberPtr = std::unique_ptr<BIGNUM, Deleter<BN_free>>;
using SignaturePtr = std::unique_ptr<ECDSA_SIG, Deleter<ECDSA_SIG_free>>;
using DigestContext = std::unique_ptr<EVP_MD_CTX, Deleter<EVP_MD_CTX_free>>;

const unsigned char* octets(std::string_view text) { return reinterpret_cast<const unsigned char*>(text.data()); }
unsigned char* octets(std::string& text) { return reinterpret_cast<unsigned char*>(text.data()); }

// Big-endian, padded to `size` bytes; 0: as many as there are.
std::string bytes_of_number(const BIGNUM* number, std::size_t size) {
  std::string bytes(size != 0 ? size : static_cast<std::size_t>(BN_num_bytes(number)), '\0');
  GATEHOUSE_CHECK(BN_bn2binpad(number, octets(bytes), static_cast<int>(bytes.size())) >= 0);
  return bytes;
}

std::string number_of(const pki::Key& key, const char* parameter, std::size_t size) {
  BIGNUM* number = nullptr;
  GATEHOUSE_CHECK(EVP_PKEY_get_bn_param(key.native(), parameter, &number) == 1);
  const NumberPtr owner(number);
  return encode_base64url(bytes_of_number(number, size));
}

std::string raw_public(const pki::Key& key) {
  std::array<std::uint8_t, 32> bytes{};
  std::size_t size = bytes.size();
  GATEHOUSE_CHECK(EVP_PKEY_get_raw_public_key(key.native(), bytes.data(), &size) == 1 && size == bytes.size());
  return encode_base64url(bytes);
}

std::size_t coordinate_size(pki::KeyType type) { return type == pki::KeyType::kEcdsaP256 ? 32 : 48; }

std::string curve_jwk(const pki::Key& key, std::string_view curve) {
  const std::size_t size = coordinate_size(key.type());
  return R"({"crv":")" + std::string(curve) + R"(","kty":"EC","x":")" + number_of(key, OSSL_PKEY_PARAM_EC_PUB_X, size) + R"(","y":")" +
         number_of(key, OSSL_PKEY_PARAM_EC_PUB_Y, size) + R"("})";
}

const EVP_MD* digest_of(pki::KeyType type) {
  switch (type) {
    case pki::KeyType::kEcdsaP256:
    case pki::KeyType::kRsa: return EVP_sha256();
    case pki::KeyType::kEcdsaP384: return EVP_sha384();
    case pki::KeyType::kEd25519: return nullptr;
  }
  return nullptr;
}

std::string fixed_size(std::string_view der, std::size_t size) {
  const unsigned char* bytes = octets(der);
  const SignaturePtr signature(d2i_ECDSA_SIG(nullptr, &bytes, static_cast<long>(der.size())));
  GATEHOUSE_CHECK(signature);
  return bytes_of_number(ECDSA_SIG_get0_r(signature.get()), size) + bytes_of_number(ECDSA_SIG_get0_s(signature.get()), size);
}

std::string member(std::string_view name, std::string_view value) {
  std::string text = ",\"" + std::string(name) + "\":";
  append_json_string(text, value);
  return text;
}

std::string flattened(std::string_view header, std::string_view payload, std::string_view signature) {
  return R"({"protected":")" + std::string(header) + R"(","payload":")" + std::string(payload) + R"(","signature":")" +
         encode_base64url(signature) + R"("})";
}

std::string hmac_sha256(std::string_view key, std::string_view input) {
  std::string mac(EVP_MAX_MD_SIZE, '\0');
  std::size_t size = 0;
  GATEHOUSE_CHECK(EVP_Q_mac(nullptr, "HMAC", nullptr, "SHA256", nullptr, key.data(), key.size(), octets(input), input.size(),
                            octets(mac), mac.size(), &size) != nullptr);
  mac.resize(size);
  return mac;
}

}  // namespace

std::string_view algorithm(const pki::Key& key) noexcept {
  switch (key.type()) {
    case pki::KeyType::kEcdsaP256: return "ES256";
    case pki::KeyType::kEcdsaP384: return "ES384";
    case pki::KeyType::kRsa: return "RS256";
    case pki::KeyType::kEd25519: return "EdDSA";
  }
  return {};
}

std::string public_jwk(const pki::Key& key) {
  switch (key.type()) {
    case pki::KeyType::kEcdsaP256: return curve_jwk(key, "P-256");
    case pki::KeyType::kEcdsaP384: return curve_jwk(key, "P-384");
    case pki::KeyType::kEd25519: return R"({"crv":"Ed25519","kty":"OKP","x":")" + raw_public(key) + R"("})";
    case pki::KeyType::kRsa:
      return R"({"e":")" + number_of(key, OSSL_PKEY_PARAM_RSA_E, 0) + R"(","kty":"RSA","n":")" +
             number_of(key, OSSL_PKEY_PARAM_RSA_N, 0) + R"("})";
  }
  return {};
}

std::string thumbprint(const pki::Key& key) {
  const std::string jwk = public_jwk(key);
  std::array<std::uint8_t, 32> digest{};
  GATEHOUSE_CHECK(EVP_Digest(jwk.data(), jwk.size(), digest.data(), nullptr, EVP_sha256(), nullptr) == 1);
  return encode_base64url(digest);
}

Result<std::string> signature(const pki::Key& key, std::string_view input) {
  const DigestContext context(EVP_MD_CTX_new());
  std::string out(static_cast<std::size_t>(EVP_PKEY_get_size(key.native())), '\0');
  std::size_t size = out.size();
  if (!context || EVP_DigestSignInit(context.get(), nullptr, digest_of(key.type()), nullptr, key.native()) != 1 ||
      EVP_DigestSign(context.get(), octets(out), &size, octets(input), input.size()) != 1) {
    ERR_clear_error();
    return make_error("signature", "cannot sign with the account's key: it is damaged");
  }
  out.resize(size);
  const bool curve = key.type() == pki::KeyType::kEcdsaP256 || key.type() == pki::KeyType::kEcdsaP384;
  return curve ? fixed_size(out, coordinate_size(key.type())) : out;
}

Result<std::string> sign(const pki::Key& key, const Header& header, std::string_view payload) {
  std::string text = R"({"alg":")" + std::string(algorithm(key)) + '"';
  if (!header.nonce.empty()) text += member("nonce", header.nonce);
  text += member("url", header.url);
  text += header.key_id.empty() ? ",\"jwk\":" + public_jwk(key) : member("kid", header.key_id);
  const std::string protected_header = encode_base64url(text + "}");
  const std::string encoded = encode_base64url(payload);
  auto made = signature(key, protected_header + "." + encoded);
  if (!made) return made;
  return flattened(protected_header, encoded, *made);
}

std::string bind_account(const Secret& mac_key, std::string_view key_id, std::string_view url, const pki::Key& account_key) {
  const std::string header = encode_base64url(R"({"alg":"HS256")" + member("kid", key_id) + member("url", url) + "}");
  const std::string payload = encode_base64url(public_jwk(account_key));
  return flattened(header, payload, hmac_sha256(mac_key.reveal(), header + "." + payload));
}

}  // namespace gatehouse::jose
