#include "refusals.h"

namespace gatehouse::edge {
namespace {

struct Sentence {
  std::string_view reason;
  const char* detail;
};

constexpr Sentence kSentences[] = {
    {"uri_too_long", "the request target is too long: send less in the path and the query, or raise limits.target"},
    {"head_too_large", "request line and header fields together are too large: send fewer or shorter ones, or raise limits.head"},
    {"field_too_large", "one header field is too large: shorten it, often a cookie, or raise limits.field"},
    {"too_many_fields", "there are more than 100 header fields: send fewer"},
    {"unsupported_version", "this version of HTTP is not spoken here: use HTTP/1.1"},
    {"http_09", "the request line has no version: use HTTP/1.1"},
    {"unknown_expectation", "the only expectation that is met is 100-continue: leave Expect out"},
    {"unknown_transfer_coding", "the only transfer coding that is read is chunked: send the body without others"},
    {"method_too_long", "the method has more than 32 characters: no such method is known"},
    {"method_not_allowed", "CONNECT and TRACE are never answered, and no request for an authority is: this is no forward proxy"},
    {"missing_host", "HTTP/1.1 needs the field Host: name the host"},
    {"duplicate_host", "there are several fields Host: send one"},
    {"bad_host", "the field Host is not host or host:port"},
    {"length_and_transfer_encoding", "Content-Length and Transfer-Encoding together are ambiguous: send one of them"},
    {"duplicate_content_length", "there are several fields Content-Length: send one"},
    {"bad_content_length", "Content-Length is not a number"},
};

}  // namespace

const char* refusal_detail(int status, std::string_view reason) noexcept {
  for (const Sentence& one : kSentences)
    if (one.reason == reason) return one.detail;
  if (status == 400) return "the request is not valid HTTP/1.1; type names the rule that it breaks";
  return "the request was not understood";
}

}  // namespace gatehouse::edge
