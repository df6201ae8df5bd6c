#include "gatehouse/jose/jws.h"

#include <gtest/gtest.h>

#include "example_keys.h"
#include "fakes/jws.h"
#include "gatehouse/base/encoding.h"

namespace gatehouse::jose {
namespace {

using fakes::Json;

pki::Key key_from(const char* pem) { return *pki::Key::parse(pem); }

constexpr std::string_view kClaims =
    "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";

TEST(JoseTest, SignsWithRsaAsRfc7515Does) {  // A.2
  const auto made = signature(key_from(kRsaSigner), "eyJhbGciOiJSUzI1NiJ9." + std::string(kClaims));
  EXPECT_EQ(encode_base64url(*made),
            "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKB"
            "YNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6Bf"
            "I7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw");
}

TEST(JoseTest, SignsWithEd25519AsRfc8037Does) {  // A.4
  const auto made = signature(key_from(kEd25519), "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc");
  EXPECT_EQ(encode_base64url(*made), "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg");
}

// An ECDSA signature differs each time; the example's verifies, and so does ours, under the example's public key.
TEST(JoseTest, SignsWithEcdsaAsRfc7515Does) {  // A.3
  const Json jwk = {{"kty", "EC"}, {"crv", "P-256"}, {"x", "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU"},
                    {"y", "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}};
  EXPECT_EQ(public_jwk(key_from(kEcdsaSigner)),
            R"({"crv":"P-256","kty":"EC","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"})");
  const std::string input = "eyJhbGciOiJFUzI1NiJ9." + std::string(kClaims);
  const auto key = fakes::key_of(jwk);
  const auto example = decode_base64url("DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q");
  EXPECT_TRUE(fakes::verify(key.get(), "ES256", input, *example));
  for (int i = 0; i < 600; ++i) {  // some have an R or S with leading zeros
    const auto made = signature(key_from(kEcdsaSigner), input);
    ASSERT_EQ(made->size(), 64U);
    ASSERT_TRUE(fakes::verify(key.get(), "ES256", input, *made));
    ASSERT_FALSE(fakes::verify(key.get(), "ES256", input + "x", *made));
  }
}

TEST(JoseTest, NamesKeysByThumbprint) {
  EXPECT_EQ(thumbprint(key_from(kRsaThumbprint)), "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");  // RFC 7638, 3.1
  EXPECT_EQ(thumbprint(key_from(kEd25519)), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");        // RFC 8037, A.3
}

TEST(JoseTest, PadsCoordinates) {
  for (int i = 0; i < 400; ++i) {
    const auto key = pki::Key::generate(i % 2 == 0 ? pki::KeyType::kEcdsaP256 : pki::KeyType::kEcdsaP384);
    const Json jwk = Json::parse(public_jwk(*key));
    const std::size_t size = i % 2 == 0 ? 32 : 48;
    ASSERT_EQ(decode_base64url(jwk["x"].get<std::string>())->size(), size);
    ASSERT_EQ(decode_base64url(jwk["y"].get<std::string>())->size(), size);
  }
}

TEST(JoseTest, WritesFlattenedJson) {
  for (const pki::KeyType type : {pki::KeyType::kEcdsaP256, pki::KeyType::kEcdsaP384, pki::KeyType::kRsa, pki::KeyType::kEd25519}) {
    const pki::Key key = *pki::Key::generate(type);
    const auto body = sign(key, {.url = "https://ca.test/new-\"order\"", .nonce = "n0nce"}, "{}");
    ASSERT_TRUE(body);
    const auto jws = fakes::parse_jws(Json::parse(*body));
    ASSERT_TRUE(jws);
    EXPECT_EQ(jws->header["alg"], std::string(algorithm(key)));
    EXPECT_EQ(jws->header["url"], "https://ca.test/new-\"order\"");
    EXPECT_EQ(jws->header["nonce"], "n0nce");
    EXPECT_FALSE(jws->header.contains("kid"));
    EXPECT_EQ(jws->payload, "{}");
    EXPECT_TRUE(jws->verified_by(fakes::key_of(jws->header["jwk"])));
  }
}

// RFC 8555, 6.2: jwk or kid, never both. 6.3: POST-as-GET has an empty payload. 7.3.5: an inner JWS has no nonce.
TEST(JoseTest, NamesTheKeyOneWay) {
  const pki::Key key = key_from(kEcdsaSigner);
  const auto jws = fakes::parse_jws(Json::parse(*sign(key, {.url = "https://ca.test/x", .nonce = "", .key_id = "https://ca.test/acct/1"}, "")));
  ASSERT_TRUE(jws);
  EXPECT_EQ(jws->header["kid"], "https://ca.test/acct/1");
  EXPECT_FALSE(jws->header.contains("jwk"));
  EXPECT_FALSE(jws->header.contains("nonce"));
  EXPECT_EQ(jws->payload, "");
}

TEST(JoseTest, BindsAnAccount) {  // RFC 8555, 7.3.4
  const pki::Key key = key_from(kEcdsaSigner);
  const std::string text = bind_account(Secret("0123456789abcdef"), "kid-1", "https://ca.test/new-account", key);
  const auto jws = fakes::parse_jws(Json::parse(text));
  ASSERT_TRUE(jws);
  EXPECT_EQ(jws->header, Json({{"alg", "HS256"}, {"kid", "kid-1"}, {"url", "https://ca.test/new-account"}}));
  EXPECT_EQ(jws->payload, public_jwk(key));
  EXPECT_TRUE(jws->macked_by("0123456789abcdef"));
  EXPECT_FALSE(jws->macked_by("0123456789abcdeF"));
}

// Computed once with another implementation (Python's hmac) over the same header and payload.
TEST(JoseTest, BindsAnAccountByteForByte) {
  const std::string text = bind_account(Secret("key"), "k", "https://ca.test/a", key_from(kEcdsaSigner));
  EXPECT_EQ(Json::parse(text)["signature"], "M2F_vRdcKFpkyi8IFEM0mpDYOvCkKN6qxeauNcnCtRI");
}

}  // namespace
}  // namespace gatehouse::jose
