#include "gatehouse/jsonrpc/envelope.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace gatehouse::jsonrpc {
namespace {

TEST(Envelope, KindsAndSlices) {
  const std::string text =
      R"( {"jsonrpc":"2.0","id":"a\u0062","method":"tools/call","params":{"name":"echo","_meta":{"progressToken":7,)"
      R"("io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{"x":[1]}}}} )";
  const Envelope e = scan(text);
  EXPECT_EQ(e.kind, Kind::kRequest) << e.problem;
  EXPECT_EQ(e.id, R"("a\u0062")");
  EXPECT_EQ(e.method, "tools/call");
  EXPECT_EQ(e.name, "\"echo\"");
  EXPECT_EQ(e.progress_token, "7");
  EXPECT_EQ(e.meta_version, "\"2026-07-28\"");
  EXPECT_EQ(e.meta_capabilities, R"({"x":[1]})");
  EXPECT_EQ(e.bytes.front(), '{');
  EXPECT_EQ(e.bytes.back(), '}');
}

struct Shape {
  const char* text;
  Kind kind;
  const char* problem;
};

TEST(Envelope, Shapes) {
  const Shape shapes[] = {
      {R"({"jsonrpc":"2.0","method":"x"})", Kind::kNotification, ""},
      {R"({"jsonrpc":"2.0","method":"x","params":null})", Kind::kNotification, ""},
      {R"({"jsonrpc":"2.0","id":1,"result":{}})", Kind::kResponse, ""},
      {R"({"jsonrpc":"2.0","id":null,"error":{"code":-1,"message":""}})", Kind::kResponse, ""},
      {R"([{"jsonrpc":"2.0","id":1,"method":"x"}])", Kind::kBatch, ""},
      {R"([ ])", Kind::kBadShape, "empty_batch"},
      {R"({"jsonrpc":"2.0","id":null,"method":"x"})", Kind::kBadShape, "id"},
      {R"({"jsonrpc":"2.0","id":1.5,"method":"x"})", Kind::kBadShape, "id"},
      {R"({"jsonrpc":"2.0","id":1e3,"method":"x"})", Kind::kBadShape, "id"},
      {R"({"jsonrpc":"2.0","id":{},"method":"x"})", Kind::kBadShape, "id"},
      {R"({"jsonrpc":"2.0","id":"\ud800","method":"x"})", Kind::kBadShape, "id"},
      {R"({"jsonrpc":"2.0","id":1,"id":2,"method":"x"})", Kind::kBadShape, "duplicate_key"},
      {R"({"jsonrpc":"2.0","id":1,"method":"x","\u006dethod":"y"})", Kind::kBadShape, "duplicate_key"},
      {R"({"jsonrpc":"2.0","id":1,"method":"x","Method":"y"})", Kind::kBadShape, "letter_case"},
      {R"({"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a","name":"b"}})", Kind::kBadShape, "duplicate_key"},
      {R"({"jsonrpc":"2.0","id":1,"method":"x","params":[1]})", Kind::kBadShape, "params"},
      {R"({"jsonrpc":"1.0","id":1,"method":"x"})", Kind::kBadShape, "jsonrpc"},
      {R"({"jsonrpc":"2.0","id":1,"result":1,"error":{}})", Kind::kBadShape, "result_and_error"},
      {R"({"jsonrpc":"2.0","id":1})", Kind::kBadShape, "method"},
      {R"("text")", Kind::kBadShape, "not_an_object"},
      {R"({"jsonrpc":"2.0","id":1,"method":"x"} x)", Kind::kBadJson, "trailing"},
      {"", Kind::kBadJson, "value"},
  };
  for (const Shape& shape : shapes) {
    const Envelope e = scan(shape.text);
    EXPECT_EQ(e.kind, shape.kind) << shape.text;
    EXPECT_STREQ(e.problem, shape.problem) << shape.text;
  }
}

TEST(Envelope, BadShapeKeepsTheIdForTheErrorAnswer) {
  EXPECT_EQ(scan(R"({"jsonrpc":"2.0","params":[1],"method":"x","id":9007199254740993})").id, "9007199254740993");
}

TEST(Envelope, ARepeatedIdIsNone) {
  const Envelope e = scan(R"({"jsonrpc":"2.0","id":1,"id":2,"method":"x"})");
  EXPECT_EQ(e.kind, Kind::kBadShape);
  EXPECT_EQ(e.id, "");
}

TEST(Envelope, EscapedMethodIsDecoded) {
  Envelope e = scan(R"({"jsonrpc":"2.0","id":1,"method":"tools\/call","params":{"name":"\u00e9"}})");
  const Envelope moved = std::move(e);
  EXPECT_EQ(moved.method, "tools/call");
  EXPECT_EQ(decode_string(moved.name), "\xC3\xA9");
}

TEST(Envelope, DepthIsRefusedWithoutRecursion) {
  EXPECT_STREQ(scan(std::string(100000, '[')).problem, "depth");
  const std::string deep = R"({"jsonrpc":"2.0","method":"x","params":{"a":)" + std::string(62, '[') + std::string(62, ']') + "}}";
  EXPECT_EQ(scan(deep).kind, Kind::kNotification);
  EXPECT_STREQ(scan(deep, {.max_depth = 63}).problem, "depth");
}

TEST(Envelope, AgreesWithNlohmannOnWhatIsJson) {
  const char* corpus[] = {
      "{}", "[]", "[1]", "[1,]", "[,1]", "{\"a\":1,}", "{\"a\" 1}", "{a:1}", "[01]", "[-0]", "[-]", "[1.]", "[.5]", "[1e]",
      "[1e+5]", "[1E-5]", "[0.0e0]", "[+1]", "[nul]", "[null]", "[tru", "[true,false]", "[\"\\x\"]", "[\"\\u12\"]",
      "[\"\\u1234\"]", "[\"\\ud83d\\ude00\"]", "[\"a\nb\"]", "[\"\t\"]", "[\"\x7f\"]", "[\"\xc3\xa9\"]", "[\"\xc0\xaf\"]",
      "[\"\xed\xa0\x80\"]", "[\"\xf4\x90\x80\x80\"]", "[\"\xf0\x9f\x98\x80\"]", "[\"\xe0\x80\x80\"]", "[\"\xff\"]", "[\"abc]",
      "[1 2]", "[[]]", "[[],{}]", "{\"a\":{\"b\":[{}]}}", "{\"a\":[}", "[{]}", "]", "}", "  [ 1 , 2 ]  ", "[1]x", "[1] [2]",
      "{\"a\":\"\\\\\"}", "[\"12345678\\\"\"]", "[\"\\", "\"", "nan", "[Infinity]", "[1e400]", "/**/[]", "{\"\":0}", "{\"a\":1 \"b\":2}",
      "[\"1234567\xc3\"]", "[0x1]", "[1_0]", "[--1]", "[\x01]", "{1:2}", "{\"a\"}", "{\"a\":}", "[\"\\ud83dx\"]"};
  for (const char* text : corpus) {
    // A lone surrogate is grammar to RFC 8259 and an error to nlohmann; numbers out of range are errors to nlohmann only.
    if (std::string_view(text) == "[\"\\ud83dx\"]" || std::string_view(text) == "[1e400]") {
      EXPECT_NE(scan(text).kind, Kind::kBadJson) << text;
      continue;
    }
    EXPECT_EQ(scan(text).kind != Kind::kBadJson, nlohmann::json::accept(text)) << text;
  }
}

TEST(Envelope, EveryPrefixOfAMessageIsBadJson) {
  const std::string text = R"({"jsonrpc":"2.0","id":-12,"error":{"code":-32601,"message":"é\n"},"x":[true,null,1.5e3]})";
  EXPECT_EQ(scan(text).error_code, -32601);
  for (std::size_t n = 0; n < text.size(); ++n) EXPECT_EQ(scan(std::string_view(text).substr(0, n)).kind, Kind::kBadJson) << n;
}

TEST(Envelope, ABatchIsReadUpToWhatIsNoMessage) {
  const std::string note = R"({"jsonrpc":"2.0","method":"x"})";
  EXPECT_EQ(scan_batch("[" + note + "," + note + "]").size(), 2u);
  const std::string mixed = "[" + note + ",0,0," + note + "]";
  const auto broken = scan_batch(mixed);
  ASSERT_EQ(broken.size(), 2u);
  EXPECT_STREQ(broken[1].problem, "not_an_object");
}

TEST(Envelope, ABatchHasALimitedNumberOfMessages) {
  std::string text = "[";
  for (int i = 0; i < 4; ++i) text += R"({"jsonrpc":"2.0","method":"x"},)";
  text.back() = ']';
  EXPECT_TRUE(scan_batch(text, {.max_batch = 4}).back().message());
  const auto more = scan_batch(text, {.max_batch = 3});
  ASSERT_EQ(more.size(), 4u);
  EXPECT_EQ(more[3].kind, Kind::kBadShape);
  EXPECT_STREQ(more[3].problem, "batch_size");
}

TEST(Envelope, SpliceReplacesOnlyTheSlices) {
  const std::string text = R"({"id": 1 ,"x":"1"})";
  const Edit edits[] = {{std::string_view(text).substr(14, 3), "\"two\""}, {std::string_view(text).substr(7, 1), "4711"}};
  EXPECT_EQ(splice(text, edits), R"({"id": 4711 ,"x":"two"})");
}

}  // namespace
}  // namespace gatehouse::jsonrpc
