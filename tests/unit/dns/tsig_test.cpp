#include "gatehouse/dns/tsig.h"

#include <gtest/gtest.h>

#include "gatehouse/base/encoding.h"
#include "gatehouse/base/timestamp.h"
#include "gatehouse/dns/message.h"

namespace gatehouse::dns {
namespace {

using namespace std::chrono_literals;

const runtime::WallTime kNow = *parse_rfc3339("2026-03-01T12:00:00Z");

class TsigTest : public ::testing::Test {
 protected:
  TsigKey key{"update-key", Secret("0123456789abcdef0123456789abcdef")};
  std::string request = *encode_message(add_text(7, "a.test", "_acme-challenge.a.test", "value", 60));
};

// The same message signed by dnspython 2.3 with the same key and time.
TEST_F(TsigTest, SignsAsOthersDo) {
  const auto made = sign(request, key, kNow);
  ASSERT_TRUE(made);
  EXPECT_EQ(encode_hex(bytes_of(made->mac)), "c314c052f158c891e4224b1a27ff228526104e1433e12a0b0d033fc5cbf64128");
  EXPECT_EQ(encode_hex(bytes_of(made->bytes)), "0007280000010000000100010161047465737400000600010f5f61636d652d6368616c6c656e6765016104746573740000100001000000"
            "3c00060576616c75650a7570646174652d6b65790000fa00ff00000000003d0b686d61632d73686132353600000069a42a40012c0020c3"
            "14c052f158c891e4224b1a27ff228526104e1433e12a0b0d033fc5cbf64128000700000000");
}

// An answer signed by dnspython 2.3.
TEST_F(TsigTest, VerifiesWhatOthersSign) {
  std::string answer;
  const std::string_view hex = "0007a80000000000000000010a7570646174652d6b65790000fa00ff00000000003d0b686d61632d73686132353600000069a42a40012c"
            "00200d25c3509a16d48abce6fb0b0d6c50b382febc90ebb3c153bc676664afd88278000700000000";
  for (std::size_t at = 0; at < hex.size(); at += 2) answer.push_back(static_cast<char>(hex_value(hex[at]) << 4 | hex_value(hex[at + 1])));
  const auto made = sign(request, key, kNow);
  ASSERT_TRUE(verify(answer, key, made->mac, kNow)) << verify(answer, key, made->mac, kNow).error().message;
  EXPECT_TRUE(verify(answer, {"UPDATE-key.", key.secret}, made->mac, kNow + 300s));
  EXPECT_FALSE(verify(answer, key, made->mac, kNow + 301s));
  EXPECT_FALSE(verify(answer, key, made->mac, kNow - 301s));
  EXPECT_FALSE(verify(answer, {"other-key", key.secret}, made->mac, kNow));
  EXPECT_FALSE(verify(answer, {"update-key", Secret("another secret")}, made->mac, kNow));
  EXPECT_FALSE(verify(answer, key, std::string(32, 'x'), kNow));
  for (std::size_t at = 0; at < answer.size(); ++at) {
    std::string changed = answer;
    changed[at] = static_cast<char>(changed[at] ^ 1);
    const bool free_byte = at < 2;  // the id may change on the way: the original one is signed
    EXPECT_EQ(verify(changed, key, made->mac, kNow).ok(), free_byte) << at;
    EXPECT_FALSE(verify(answer.substr(0, at), key, made->mac, kNow)) << at;
  }
}

TEST_F(TsigTest, WantsASignature) {
  EXPECT_EQ(verify(request, key, "", kNow).error().slug, "dns-unsigned");
  EXPECT_FALSE(sign(request, {"no name", key.secret}, kNow));
}

}  // namespace
}  // namespace gatehouse::dns
