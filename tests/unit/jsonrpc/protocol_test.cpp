#include "gatehouse/jsonrpc/protocol.h"

#include <gtest/gtest.h>

namespace gatehouse::jsonrpc {
namespace {

TEST(ErrorBody, CarriesTheIdByteForByte) {
  EXPECT_EQ(error_body("\"a\\u0062\"", kParseError, "say \"no\"\n\xff"),
            "{\"jsonrpc\":\"2.0\",\"id\":\"a\\u0062\",\"error\":{\"code\":-32700,\"message\":\"say \\\"no\\\"\\n\xEF\xBF\xBD\"}}");
  EXPECT_EQ(error_body({}, kParseError, "x", "[1]"), R"({"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"x","data":[1]}})");
}

TEST(ErrorBody, OfARefusalNamesItsReason) {
  EXPECT_EQ(error_body("7", {403, kInvalidRequest, "origin", "Forbidden", {}}),
            R"({"jsonrpc":"2.0","id":7,"error":{"code":-32600,"message":"Forbidden","data":{"reason":"origin"}}})");
  EXPECT_EQ(error_body("7", {403, kInvalidRequest, "origin", "Forbidden", "{}"}),
            R"({"jsonrpc":"2.0","id":7,"error":{"code":-32600,"message":"Forbidden","data":{}}})");
  EXPECT_FALSE(Refusal{});
}

TEST(HeaderValue, IsPlainOrBase64) {
  std::string value;
  EXPECT_TRUE(decode_header_value("say_hello", value));
  EXPECT_EQ(value, "say_hello");
  EXPECT_TRUE(decode_header_value("=?base64?w7w=?=", value));
  EXPECT_EQ(value, "\xC3\xBC");
  EXPECT_FALSE(decode_header_value("=?base64?*?=", value));
  EXPECT_FALSE(decode_header_value("\xC3\xBC", value));
}

}  // namespace
}  // namespace gatehouse::jsonrpc
