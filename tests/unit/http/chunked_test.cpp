#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "gatehouse/http/h1.h"

namespace gatehouse::http {
namespace {

using namespace std::string_literals;

struct Case {
  std::string raw;
  std::string reason;   // empty: accepted
  std::string payload;
};

std::string extensions(std::size_t bytes_each, int chunks) {
  std::string raw;
  for (int i = 0; i < chunks; ++i) raw += "1;" + std::string(bytes_each - 2, 'e') + "\r\nx\r\n";
  return raw + "0\r\n\r\n";
}

const std::vector<Case>& cases() {
  static const std::vector<Case> all = {
      {"0\r\n\r\n", "", ""},
      {"5\r\nhello\r\n0\r\n\r\n", "", "hello"},
      {"A\r\n0123456789\r\n3\r\nabc\r\n000\r\n\r\n", "", "0123456789abc"},
      {"0000000000000003\r\nabc\r\n0\r\n\r\n", "", "abc"},
      {"00000000000000003\r\nabc\r\n0\r\n\r\n", "chunk_too_large", ""},
      {"7fffffffffffffff\r\n", "incomplete", ""},
      {"8000000000000000\r\n", "chunk_too_large", ""},
      {"ffffffffffffffff\r\n", "chunk_too_large", ""},
      {"10000000000000000\r\n", "chunk_too_large", ""},
      {"\r\n", "bad_chunk_size", ""},
      {";a\r\n", "bad_chunk_size", ""},
      {"+5\r\nhello\r\n", "bad_chunk_size", ""},
      {"-5\r\nhello\r\n", "bad_chunk_size", ""},
      {"0x5\r\nhello\r\n", "bad_chunk_size", ""},
      {"5_0\r\n", "bad_chunk_size", ""},
      {" 5\r\nhello\r\n", "bad_chunk_size", ""},
      {"5 \r\nhello\r\n", "bad_chunk_size", ""},
      {"5\t\r\nhello\r\n", "bad_chunk_size", ""},
      {"g\r\n", "bad_chunk_size", ""},
      {"5.0\r\n", "bad_chunk_size", ""},
      {"5\0\r\n"s, "bad_chunk_size", ""},
      {"5\nhello\r\n0\r\n\r\n", "bare_lf", ""},
      {"5\rhello\r\n", "bare_cr", ""},
      {"5\r\r\nhello", "bare_cr", ""},
      {"5\r\nhello\n0\r\n\r\n", "bad_chunk_end", "hello"},
      {"5\r\nhello0\r\n\r\n", "bad_chunk_end", "hello"},
      {"5\r\nhello!\r\n0\r\n\r\n", "bad_chunk_end", "hello"},
      {"5\r\nhello\rX", "bad_chunk_end", "hello"},
      {"5;a\r\nhello\r\n0;b=c\r\n\r\n", "", "hello"},
      {"5;a=b;c=\"d;\\\"\r\n", "bad_chunk_extension", ""},
      {"5;a=\"q;\\\" \t\";b\r\nhello\r\n0\r\n\r\n", "", "hello"},
      {"5;\r\nhello\r\n", "bad_chunk_extension", ""},
      {"5;;a\r\n", "bad_chunk_extension", ""},
      {"5; a\r\n", "bad_chunk_extension", ""},
      {"5;a b\r\n", "bad_chunk_extension", ""},
      {"5;a=\r\n", "bad_chunk_extension", ""},
      {"5;a=\"b\"c\r\n", "bad_chunk_extension", ""},
      {"5;a=\"b\r\n", "bad_chunk_extension", ""},
      {"5;a=\"\xc3\xa9\"\r\n", "bad_chunk_extension", ""},
      {"5;a\0\r\n"s, "bad_chunk_extension", ""},
      {"5;a\nhello\r\n0\r\n\r\n", "bare_lf", ""},
      {"5;a\rb\r\n", "bare_cr", ""},
      {"5;a=\"\n\"\r\n", "bare_lf", ""},
      {"2;\nxx\r\n4c\r\n0\r\n\r\n", "bare_lf", ""},
      {extensions(4000, 1), "", "x"},
      {extensions(5000, 1), "chunk_extension_too_large", ""},
      {extensions(4000, 4), "", "xxxx"},
      {extensions(4000, 5), "chunk_extension_too_large", "xxxx"},
      {"0\r\nX: y\r\nZ:\r\n\r\n", "", ""},
      {"0\r\nContent-Length: 5\r\nHost: b\r\n\r\n", "", ""},
      {"0\r\nX : y\r\n\r\n", "bad_trailer", ""},
      {"0\r\n: y\r\n\r\n", "bad_trailer", ""},
      {"0\r\nX\r\n\r\n", "bad_trailer", ""},
      {"0\r\nX: y\r\n z\r\n\r\n", "obs_fold", ""},
      {"0\r\nX: y\0\r\n\r\n"s, "bad_trailer", ""},
      {"0\r\nX: y\n\r\n", "bare_lf", ""},
      {"0\r\nX: y\rz\r\n", "bare_cr", ""},
      {"0\r\n\n", "bare_lf", ""},
      {"0\r\n\rX", "bare_cr", ""},
      {"0\n\n", "bare_lf", ""},
      {"0\r\nX: " + std::string(8000, 'y') + "\r\n\r\n", "", ""},
      {"0\r\nX: " + std::string(9000, 'y') + "\r\n\r\n", "trailer_too_large", ""},
      {"5\r\nhel", "incomplete", "hel"},
      {"0\r\n", "incomplete", ""},
      {"0\r\n\r", "incomplete", ""},
  };
  return all;
}

struct Outcome {
  std::string reason, payload;
  std::size_t consumed = 0;
  bool operator==(const Outcome&) const = default;
};

void feed_all(ChunkedDecoder& decoder, std::string_view piece, Outcome& outcome) {
  while (!piece.empty()) {
    const auto step = decoder.feed(piece);
    outcome.payload.append(step.payload);
    outcome.consumed += step.consumed;
    piece.remove_prefix(step.consumed);
    outcome.reason = step.state == ParseState::kIncomplete ? "incomplete" : decoder.refusal().reason;
    if (step.state != ParseState::kIncomplete) return;
  }
}

Outcome run(const std::string& raw, std::size_t split) {
  ChunkedDecoder decoder;
  Outcome outcome;
  outcome.reason = "incomplete";
  feed_all(decoder, std::string_view(raw).substr(0, split), outcome);
  if (outcome.reason == "incomplete") feed_all(decoder, std::string_view(raw).substr(split), outcome);
  EXPECT_EQ(decoder.done(), outcome.reason.empty());
  return outcome;
}

TEST(HttpChunked, P7P8Grammar) {
  for (const Case& test : cases()) {
    const Outcome outcome = run(test.raw, test.raw.size());
    EXPECT_EQ(outcome.reason, test.reason) << test.raw.substr(0, 60);
    EXPECT_EQ(outcome.payload, test.payload) << test.raw.substr(0, 60);
    if (test.reason.empty()) EXPECT_EQ(outcome.consumed, test.raw.size()) << test.raw.substr(0, 60);
  }
}

TEST(HttpChunked, SplitAnywhereChangesNothing) {
  for (const Case& test : cases()) {
    const Outcome whole = run(test.raw, test.raw.size());
    const std::size_t step = test.raw.size() > 1000 ? 113 : 1;
    for (std::size_t split = 0; split <= test.raw.size(); split += step)
      EXPECT_EQ(run(test.raw, split), whole) << test.raw.substr(0, 60) << " at " << split;
  }
}

TEST(HttpChunked, ByteByByteChangesNothing) {
  for (const Case& test : cases()) {
    ChunkedDecoder decoder;
    Outcome outcome;
    outcome.reason = "incomplete";
    for (const char& c : test.raw)
      if (outcome.reason == "incomplete") feed_all(decoder, {&c, 1}, outcome);
    EXPECT_EQ(outcome, run(test.raw, test.raw.size())) << test.raw.substr(0, 60);
  }
}

TEST(HttpChunked, LeavesTheNextMessageAlone) {
  ChunkedDecoder decoder;
  const std::string_view raw = "0\r\nX: y\r\n\r\nGET / HTTP/1.1\r\n";
  const auto step = decoder.feed(raw);
  EXPECT_EQ(step.state, ParseState::kComplete);
  EXPECT_EQ(raw.substr(step.consumed), "GET / HTTP/1.1\r\n");
  EXPECT_EQ(decoder.feed("more").consumed, 0u);
  decoder.reset();
  EXPECT_EQ(decoder.feed("0\r\n\r\n").state, ParseState::kComplete);
}

TEST(HttpChunked, PayloadIsAViewIntoTheInput) {
  ChunkedDecoder decoder;
  const std::string raw = "5\r\nhello\r\n";
  const auto step = decoder.feed(raw);
  EXPECT_EQ(step.payload, "hello");
  EXPECT_EQ(step.payload.data(), raw.data() + 3);
  EXPECT_EQ(step.consumed, 8u);
}

TEST(HttpChunked, TooManyTrailerFields) {
  std::string raw = "0\r\n";
  for (int i = 0; i < 101; ++i) raw += "a:\r\n";
  EXPECT_EQ(run(raw + "\r\n", raw.size()).reason, "too_many_fields");
}

TEST(HttpChunked, P8KeepsTrailersWhereThereIsRoom) {
  const std::string raw = "1\r\nx\r\n0\r\nA: b\r\nC:\r\n\r\nNEXT";
  const auto trailers = [&raw](std::size_t room, std::size_t step) {
    std::vector<char> storage(room);
    ChunkedDecoder decoder;
    decoder.keep_trailers(storage);
    for (std::string_view rest = raw; !decoder.done();) rest.remove_prefix(decoder.feed(rest.substr(0, step)).consumed);
    return std::string(decoder.trailers().data(), decoder.trailers().size());
  };
  EXPECT_EQ(trailers(100, raw.size()), "A: b\r\nC:\r\n");
  EXPECT_EQ(trailers(100, 1), "A: b\r\nC:\r\n");
  EXPECT_EQ(trailers(12, 1), "A: b\r\nC:\r\n");
  EXPECT_EQ(trailers(11, 1), "");  // all or nothing
  EXPECT_EQ(trailers(0, 1), "");
}

TEST(HttpChunked, WritesChunkHeads) {
  char out[18];
  EXPECT_EQ(write_chunk_head(out, 0x1a2b), "1a2b\r\n");
  EXPECT_EQ(write_chunk_head(out, 1), "1\r\n");
  EXPECT_EQ(write_chunk_head(out, ~std::uint64_t{0}), "ffffffffffffffff\r\n");
}

}  // namespace
}  // namespace gatehouse::http
