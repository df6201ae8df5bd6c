#include "gatehouse/jsonrpc/protocol.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "gatehouse/base/encoding.h"

namespace gatehouse::jsonrpc {

std::string error_body(Raw id, int code, std::string_view message, std::string_view data) {
  std::string out = R"({"jsonrpc":"2.0","id":)";
  out += id.empty() ? Raw("null") : id;
  out += R"(,"error":{"code":)" + std::to_string(code) + R"(,"message":)";
  append_json_string(out, message);
  if (!data.empty()) out.append(R"(,"data":)").append(data);
  return out += "}}";
}

std::string error_body(Raw id, const Refusal& refusal) {
  if (!refusal.data.empty()) return error_body(id, refusal.code, refusal.message, refusal.data);
  std::string data = R"({"reason":)";
  append_json_string(data, refusal.reason);
  return error_body(id, refusal.code, refusal.message, data += '}');
}

bool decode_header_value(std::string_view value, std::string& out) {
  static constexpr std::string_view kPrefix = "=?base64?", kSuffix = "?=";
  if (value.size() >= kPrefix.size() + kSuffix.size() && value.starts_with(kPrefix) && value.ends_with(kSuffix)) {
    value.remove_prefix(kPrefix.size());
    value.remove_suffix(kSuffix.size());
    std::optional<std::string> decoded = decode_base64(value);
    if (decoded) out = *std::move(decoded);
    return decoded.has_value();
  }
  out = value;
  return std::all_of(value.begin(), value.end(), [](char c) { return c == '\t' || (c >= 0x20 && c <= 0x7E); });
}

}  // namespace gatehouse::jsonrpc
