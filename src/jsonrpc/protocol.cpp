#include "gatehouse/jsonrpc/protocol.h"

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

}  // namespace gatehouse::jsonrpc
