#include <charconv>

#include "gatehouse/base/encoding.h"
#include "gatehouse/http/exchange.h"

namespace gatehouse::http {
namespace {

void append_member(std::string& out, std::string_view key, std::string_view value) {
  out.push_back(',');
  append_json_string(out, key);
  out.push_back(':');
  append_json_string(out, value);
}

}  // namespace

Response problem(int status, std::string_view slug, std::string_view detail, std::string_view request_id, std::string_view help) {
  std::string body = "{\"type\":";
  append_json_string(body, slug);
  append_member(body, "title", reason_phrase(status));
  char digits[12];
  body.append(",\"status\":").append(digits, std::to_chars(digits, digits + sizeof digits, status).ptr);
  if (!detail.empty()) append_member(body, "detail", detail);
  if (!request_id.empty()) append_member(body, "instance", request_id);
  if (!help.empty()) append_member(body, "help", help);
  body.append("}\n");
  return {.status = status, .content_type = "application/problem+json", .body = std::move(body), .headers = {}};
}

}  // namespace gatehouse::http
