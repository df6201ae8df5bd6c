// The other side of gatehouse/jose: takes a flattened JWS apart and verifies it.
#pragma once

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>

#include <array>
#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "gatehouse/base/encoding.h"

namespace gatehouse::fakes {

using Json = nlohmann::json;
using PublicKey = std::shared_ptr<EVP_PKEY>;

inline std::string decoded(const Json& object, const char* member) {
  return decode_base64url(object.value(member, std::string("!"))).value_or("");
}

// P-256, P-384, RSA or Ed25519; null when the JWK is none.
inline PublicKey key_of(const Json& jwk) {
  std::unique_ptr<OSSL_PARAM_BLD, decltype(&OSSL_PARAM_BLD_free)> build(OSSL_PARAM_BLD_new(), OSSL_PARAM_BLD_free);
  std::unique_ptr<BIGNUM, decltype(&BN_free)> first(nullptr, BN_free), second(nullptr, BN_free);
  const auto number = [](const std::string& bytes) {
    return BN_bin2bn(reinterpret_cast<const unsigned char*>(bytes.data()), static_cast<int>(bytes.size()), nullptr);
  };
  const std::string type = jwk.value("kty", ""), curve = jwk.value("crv", "");
  std::string point;
  if (type == "OKP") {
    const std::string raw = decoded(jwk, "x");
    return PublicKey(EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, nullptr, reinterpret_cast<const unsigned char*>(raw.data()), raw.size()),
                     EVP_PKEY_free);
  }
  if (type == "EC") {
    point = "\x04" + decoded(jwk, "x") + decoded(jwk, "y");
    OSSL_PARAM_BLD_push_utf8_string(build.get(), OSSL_PKEY_PARAM_GROUP_NAME, curve.c_str(), 0);
    OSSL_PARAM_BLD_push_octet_string(build.get(), OSSL_PKEY_PARAM_PUB_KEY, point.data(), point.size());
  } else {
    first.reset(number(decoded(jwk, "n")));
    second.reset(number(decoded(jwk, "e")));
    OSSL_PARAM_BLD_push_BN(build.get(), OSSL_PKEY_PARAM_RSA_N, first.get());
    OSSL_PARAM_BLD_push_BN(build.get(), OSSL_PKEY_PARAM_RSA_E, second.get());
  }
  std::unique_ptr<OSSL_PARAM, decltype(&OSSL_PARAM_free)> parameters(OSSL_PARAM_BLD_to_param(build.get()), OSSL_PARAM_free);
  std::unique_ptr<EVP_PKEY_CTX, decltype(&EVP_PKEY_CTX_free)> context(EVP_PKEY_CTX_new_from_name(nullptr, type.c_str(), nullptr),
                                                                      EVP_PKEY_CTX_free);
  EVP_PKEY* key = nullptr;
  if (!context || EVP_PKEY_fromdata_init(context.get()) != 1 ||
      EVP_PKEY_fromdata(context.get(), &key, EVP_PKEY_PUBLIC_KEY, parameters.get()) != 1) {
    return nullptr;
  }
  return PublicKey(key, EVP_PKEY_free);
}

inline std::string der_signature(std::string_view raw) {
  const auto* bytes = reinterpret_cast<const unsigned char*>(raw.data());
  const int half = static_cast<int>(raw.size() / 2);
  std::unique_ptr<ECDSA_SIG, decltype(&ECDSA_SIG_free)> signature(ECDSA_SIG_new(), ECDSA_SIG_free);
  ECDSA_SIG_set0(signature.get(), BN_bin2bn(bytes, half, nullptr), BN_bin2bn(bytes + half, half, nullptr));
  unsigned char* der = nullptr;
  const int size = i2d_ECDSA_SIG(signature.get(), &der);
  std::string text(reinterpret_cast<const char*>(der), static_cast<std::size_t>(size));
  OPENSSL_free(der);
  return text;
}

inline bool verify(EVP_PKEY* key, std::string_view algorithm, std::string_view input, std::string_view signature) {
  const EVP_MD* digest = algorithm == "EdDSA" ? nullptr : algorithm == "ES384" ? EVP_sha384() : EVP_sha256();
  std::string der;
  if (algorithm.starts_with("ES")) {
    if (signature.size() != (algorithm == "ES256" ? 64U : 96U)) return false;
    signature = der = der_signature(signature);
  }
  std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(), EVP_MD_CTX_free);
  return EVP_DigestVerifyInit(context.get(), nullptr, digest, nullptr, key) == 1 &&
         EVP_DigestVerify(context.get(), reinterpret_cast<const unsigned char*>(signature.data()), signature.size(),
                          reinterpret_cast<const unsigned char*>(input.data()), input.size()) == 1;
}

// RFC 7638: nlohmann keeps names in order.
inline std::string thumbprint(const Json& jwk) {
  std::array<std::uint8_t, 32> digest{};
  const std::string text = jwk.dump();
  EVP_Digest(text.data(), text.size(), digest.data(), nullptr, EVP_sha256(), nullptr);
  return encode_base64url(digest);
}

struct Jws {
  Json header;
  std::string payload;
  std::string input;      // what was signed
  std::string signature;  // raw

  bool verified_by(const PublicKey& key) const { return key && verify(key.get(), header.value("alg", ""), input, signature); }
  bool macked_by(std::string_view key) const {  // HS256
    std::string mac(EVP_MAX_MD_SIZE, '\0');
    std::size_t size = 0;
    EVP_Q_mac(nullptr, "HMAC", nullptr, "SHA256", nullptr, key.data(), key.size(), reinterpret_cast<const unsigned char*>(input.data()),
              input.size(), reinterpret_cast<unsigned char*>(mac.data()), mac.size(), &size);
    return header.value("alg", "") == "HS256" && mac.substr(0, size) == signature;
  }
};

// Nothing when the text is no flattened JWS with exactly its three members.
inline std::optional<Jws> parse_jws(const Json& json) {
  if (!json.is_object() || json.size() != 3 || !json.contains("protected") || !json.contains("payload") || !json.contains("signature")) {
    return std::nullopt;
  }
  Jws jws;
  jws.header = Json::parse(decoded(json, "protected"), nullptr, false);
  jws.payload = decoded(json, "payload");
  jws.signature = decoded(json, "signature");
  jws.input = json["protected"].get<std::string>() + "." + json["payload"].get<std::string>();
  if (!jws.header.is_object()) return std::nullopt;
  return jws;
}

}  // namespace gatehouse::fakes
