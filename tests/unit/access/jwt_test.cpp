#include "jwt.h"

#include <gtest/gtest.h>

#include "gatehouse/base/encoding.h"
#include "house.h"
#include "server_keys.h"

namespace gatehouse::access {
namespace {

constexpr std::string_view kGoodHeader = R"({"alg":"HS256","typ":"JWT"})";

// A compact token with the given header and payload, signed as HS256 whatever the header says.
std::string forge(std::string_view key, std::string_view header, std::string_view payload) {
  const std::string text = encode_base64url(header) + "." + encode_base64url(payload);
  return text + "." + encode_base64url(as_text(HmacKey(key).sign(text)));
}

TEST(Jwt, verifies_the_example_of_rfc_7515_a_1) {
  const auto key = decode_base64url(
      "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow");
  const std::string token =
      "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9."
      "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ."
      "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
  const auto payload = Hs256Key(*key).open(token);
  ASSERT_TRUE(payload) << payload.error().message;
  EXPECT_EQ(*payload, "{\"iss\":\"joe\",\r\n \"exp\":1300819380,\r\n \"http://example.com/is_root\":true}");
  EXPECT_FALSE(parse_claims(*payload)) << "signed by the right key, but no access token of ours";
}

TEST(Jwt, refuses_every_header_but_its_own) {
  const Hs256Key key("secret");
  ASSERT_TRUE(key.open(forge("secret", kGoodHeader, "{}")));
  for (const char* header : {
           R"({"alg":"none","typ":"JWT"})", R"({"alg":"None","typ":"JWT"})", R"({"alg":"nOnE","typ":"JWT"})",
           R"({"alg":"","typ":"JWT"})", R"({"alg":"HS384","typ":"JWT"})", R"({"alg":"HS512","typ":"JWT"})",
           R"({"alg":"hs256","typ":"JWT"})", R"({"alg":"RS256","typ":"JWT"})", R"({"alg":"ES256","typ":"JWT"})",
           R"({"alg":["HS256"],"typ":"JWT"})", R"({"alg":null,"typ":"JWT"})", R"({"typ":"JWT"})",
           R"({"alg":"HS256"})", R"({"alg":"HS256","typ":"at+jwt"})", R"({"alg":"HS256","typ":"JWT","kid":"../../dev/null"})",
           R"({"alg":"HS256","typ":"JWT","kid":"' OR 1=1 --"})", R"({"alg":"HS256","typ":"JWT","crit":["exp"]})",
           R"({"alg":"HS256","typ":"JWT","b64":false})", R"({"alg":"HS256","typ":"JWT","jku":"https://evil.example/"})",
           R"({"alg":"HS256","typ":"JWT","jwk":{"kty":"oct","k":"AA"}})", R"({"alg":"none","alg":"HS256","typ":"JWT"})",
           R"({"alg":"HS256","alg":"HS256","typ":"JWT"})", R"({"\u0061lg":"none","alg":"HS256","typ":"JWT"})",
           R"(["HS256"])", R"("HS256")", "null", "", "{", R"({"alg":"HS256","typ":"JWT"} x)",
           R"({"alg":"HS256","typ":"JWT"}{"alg":"HS256","typ":"JWT"})"}) {
    EXPECT_FALSE(key.open(forge("secret", header, "{}"))) << header;
  }
}

TEST(Jwt, refuses_tokens_that_are_not_three_parts_with_a_signature) {
  const Hs256Key key("secret");
  const std::string good = key.sign("{}");
  ASSERT_TRUE(key.open(good));
  const std::string unsigned_text = good.substr(0, good.rfind('.'));
  for (const std::string& token :
       {std::string(), std::string("."), std::string(".."), std::string("..."), unsigned_text, unsigned_text + ".",
        good + ".", "." + good, good + "=", good + " ", " " + good, good + "A", good.substr(0, good.size() - 1),
        unsigned_text + "." + encode_base64url(std::string(32, '\0')), unsigned_text + "." + encode_base64url("")}) {
    EXPECT_FALSE(key.open(token)) << token;
  }
  EXPECT_FALSE(Hs256Key("other").open(good));
}

TEST(Jwt, notices_a_change_of_any_single_character) {
  const Hs256Key key("secret");
  const std::string good = key.sign(R"({"sub":"bob"})");
  for (std::size_t i = 0; i < good.size(); ++i) {
    std::string changed = good;
    changed[i] = changed[i] == 'A' ? 'B' : 'A';
    EXPECT_FALSE(key.open(changed)) << i;
  }
}

TEST(Jwt, refuses_more_than_8_kib) {
  const Hs256Key key("secret");
  EXPECT_TRUE(key.open(key.sign(std::string(5000, 'x'))));
  EXPECT_FALSE(key.open(key.sign(std::string(7000, 'x'))));
}

Claims good_claims() {
  Claims claims;
  claims.issuer = claims.audience = "us";
  claims.subject = "bob";
  claims.token_id = "id";
  claims.user_id = 7;
  claims.generation = 2;
  claims.issued = claims.not_before = 1000;
  claims.expires = 2000;
  return claims;
}

TEST(JwtClaims, go_there_and_back) {
  const auto claims = parse_claims(to_json(good_claims()));
  ASSERT_TRUE(claims);
  EXPECT_EQ(claims->subject, "bob");
  EXPECT_EQ(claims->user_id, 7);
  EXPECT_EQ(claims->generation, 2);
  EXPECT_EQ(claims->expires, 2000);
}

TEST(JwtClaims, must_all_be_there_once_with_the_right_type) {
  const std::string good = to_json(good_claims());
  ASSERT_TRUE(parse_claims(good));
  struct Case {
    const char* from;
    const char* to;
  };
  for (const Case& c : {Case{R"("exp":2000)", R"("exp":"2000")"}, Case{R"("exp":2000)", R"("exp":2e3)"},
                        Case{R"("exp":2000)", R"("exp":-1)"}, Case{R"("exp":2000)", R"("exp":18446744073709551615)"},
                        Case{R"("exp":2000)", R"("exp":9223372036854775807)"}, Case{R"("exp":2000)", R"("exp":null)"},
                        Case{R"("exp":2000)", R"("exp":1,"exp":2000)"}, Case{R"("exp":2000)", R"("ex\u0070":1,"exp":2000)"},
                        Case{R"("exp":2000)", R"("exq":2000)"}, Case{R"("aud":"us")", R"("aud":["us"])"},
                        Case{R"("sub":"bob")", R"("sub":{"a":1})"}, Case{R"("sub":"bob")", R"("sub":"bob","admin":true)"},
                        Case{R"("uid":7)", R"("uid":7.0)"}, Case{R"("uid":7)", R"("uid":"7")"},
                        Case{R"("jti":"id",)", ""}}) {
    std::string text = good;
    const std::size_t at = text.find(c.from);
    ASSERT_NE(at, std::string::npos) << c.from;
    text.replace(at, std::string_view(c.from).size(), c.to);
    EXPECT_FALSE(parse_claims(text)) << text;
  }
  for (const char* text : {"", "[]", "{}", "null", "{\"a\"", "\xff"}) EXPECT_FALSE(parse_claims(text)) << text;
  EXPECT_FALSE(parse_claims(std::string(8000, '[')));
}

TEST(JwtClaims, hold_within_30_seconds_of_their_times) {
  const auto valid = [](const Claims& claims, std::int64_t seconds) {
    return check_claims(claims, "us", runtime::WallTime(std::chrono::seconds(seconds))).ok();
  };
  const Claims claims = good_claims();
  EXPECT_TRUE(valid(claims, 1500));
  EXPECT_TRUE(valid(claims, 2029));
  EXPECT_FALSE(valid(claims, 2030));
  EXPECT_TRUE(valid(claims, 970));
  EXPECT_FALSE(valid(claims, 969));
  Claims future = claims;
  future.issued = 1600;
  EXPECT_TRUE(valid(future, 1570));
  EXPECT_FALSE(valid(future, 1569));
}

TEST(JwtClaims, are_for_this_issuer_and_audience) {
  const runtime::WallTime now(std::chrono::seconds(1500));
  EXPECT_TRUE(check_claims(good_claims(), "us", now));
  EXPECT_FALSE(check_claims(good_claims(), "them", now));
  Claims other = good_claims();
  other.audience = "them";
  EXPECT_FALSE(check_claims(other, "us", now));
  other = good_claims();
  other.issuer = "them";
  EXPECT_FALSE(check_claims(other, "us", now));
}

TEST(ServerKeys, are_different_for_each_purpose_and_secret) {
  const ServerKeys keys("one", "us");
  const ServerKeys others("two", "us");
  EXPECT_FALSE(others.token.open(keys.token.sign("{}")));
  EXPECT_NE(keys.seal, others.seal);
  EXPECT_NE(keys.key_hmac.sign("x"), others.key_hmac.sign("x"));
  // The index key does not sign tokens, nor does the secret itself.
  EXPECT_FALSE(keys.token.open(forge("one", kGoodHeader, "{}")));
}

}  // namespace
}  // namespace gatehouse::access
