#include "crypto.h"

#include <gtest/gtest.h>

#include "gatehouse/access/seal.h"
#include "gatehouse/base/encoding.h"
#include "house.h"
#include "key_text.h"
#include "server_keys.h"

namespace gatehouse::access {
namespace {

TEST(Hmac, gives_the_answer_of_rfc_4231_case_2) {
  const HmacKey key("Jefe");
  for (int i = 0; i < 2; ++i) {  // the keyed state is not used up
    EXPECT_EQ(encode_hex(key.sign("what do ya want for nothing?")),
              "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  }
}

TEST(Hkdf, gives_the_answer_of_rfc_5869_case_3) {
  EXPECT_EQ(encode_hex(hkdf(std::string(22, '\x0b'), "")),
            "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d");
}

TEST(KeyText, takes_one_spelling_only) {
  const std::string secret = encode_base64url(std::string(32, 'k'));
  ASSERT_EQ(secret.size(), kKeySecretChars);
  const std::string good = "mcp_12." + secret;
  const auto key = parse_key(good);
  ASSERT_TRUE(key);
  EXPECT_EQ(key->id, 12);
  EXPECT_EQ(key->secret, secret);
  const std::string tail = secret.substr(0, 42);
  for (const std::string& text :
       {"mcp_." + secret, "mcp_0." + secret, "mcp_012." + secret, "mcp_-1." + secret, "mcp_+1." + secret,
        "mcp_99999999999999999999." + secret, "mcp_12" + secret, "mcp_12." + tail, "mcp_12." + secret + "A",
        "mcp_12." + tail + "=", "MCP_12." + secret, "mcp_12 ." + secret, std::string("mcp_12."), std::string("mcp_")}) {
    EXPECT_FALSE(parse_key(text)) << text;
  }
}

TEST(Seal, opens_only_what_it_closed_in_the_same_place) {
  CountingRandom random;
  const Seal seal(std::make_shared<const ServerKeys>("one", "us"), random);
  const Seal other(std::make_shared<const ServerKeys>("two", "us"), random);
  std::string sealed = seal.seal(Secret("password=1"), "instance:a");
  EXPECT_EQ(sealed.find("password"), std::string::npos);
  EXPECT_NE(sealed, seal.seal(Secret("password=1"), "instance:a"));
  ASSERT_TRUE(seal.open(sealed, "instance:a"));
  EXPECT_EQ(seal.open(sealed, "instance:a")->reveal(), "password=1");
  EXPECT_EQ(slug_of(seal.open(sealed, "instance:b")), "unseal-failed");
  EXPECT_EQ(slug_of(other.open(sealed, "instance:a")), "unseal-failed");
  EXPECT_EQ(slug_of(seal.open("short", "instance:a")), "unseal-failed");
  sealed[14] ^= 1;
  EXPECT_EQ(slug_of(seal.open(sealed, "instance:a")), "unseal-failed");
  EXPECT_EQ(seal.open(seal.seal(Secret(), "x"), "x")->reveal(), "");
}

}  // namespace
}  // namespace gatehouse::access
