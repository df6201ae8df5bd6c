#include "mcp_message.h"

#include "gatehouse/jsonrpc/protocol.h"

namespace gatehouse::client {
namespace {

constexpr std::uint32_t kMaxDepth = 200;  // printing and destroying a value recurse

std::string dump(const Json& message) { return message.dump(-1, ' ', false, Json::error_handler_t::replace); }

Error server_error(const Json& error) {
  const auto message = error.is_object() ? error.find("message") : error.end();
  const auto code = error.is_object() ? error.find("code") : error.end();
  if (!error.is_object() || message == error.end() || !message->is_string() || code == error.end() || !code->is_number_integer()) {
    return make_error("bad-answer", "the server sent an error without code or message");
  }
  return make_error("mcp-error", "the server says \"" + message->get<std::string>() + "\" (" +
                                     std::to_string(code->get<std::int64_t>()) + ")");
}

Incoming response(const Json& message, std::int64_t expected_id) {
  Incoming incoming;
  const auto id = message.find("id");
  const auto error = message.find("error");
  // An error that could not be matched to a request has no id, or a null one; one request is under way, so it is ours.
  const bool without_id = error != message.end() && (id == message.end() || id->is_null());
  const bool ours = id != message.end() && id->is_number_integer() && *id == expected_id;
  if (!ours && !without_id) return incoming;
  if (error != message.end()) {
    incoming.kind = Incoming::Kind::kError;
    incoming.error = server_error(*error);
  } else {
    incoming.kind = Incoming::Kind::kResult;
    incoming.payload = message.value("result", Json());
  }
  return incoming;
}

}  // namespace

Json parse_json(std::string_view text) {
  const bool bad = jsonrpc::scan(text, {.max_depth = kMaxDepth}).kind == jsonrpc::Kind::kBadJson;
  return bad ? Json(Json::value_t::discarded) : Json::parse(text, nullptr, false);
}

std::string rpc_request(std::int64_t id, std::string_view method, const Json& params) {
  Json message{{"jsonrpc", "2.0"}, {"id", id}, {"method", method}};
  if (!params.is_null()) message["params"] = params;
  return dump(message);
}

std::string rpc_notification(std::string_view method, const Json& params) {
  Json message{{"jsonrpc", "2.0"}, {"method", method}};
  if (!params.is_null()) message["params"] = params;
  return dump(message);
}

std::string rpc_answer(const Json& id, std::string_view method) {
  if (method == "ping") return dump({{"jsonrpc", "2.0"}, {"id", id}, {"result", Json::object()}});
  return dump({{"jsonrpc", "2.0"}, {"id", id}, {"error", {{"code", jsonrpc::kMethodNotFound}, {"message", "this client offers nothing"}}}});
}

Result<Incoming> sort_message(std::string_view text, std::int64_t expected_id) {
  const Json message = parse_json(text);
  if (!message.is_object() || message.value("jsonrpc", Json()) != "2.0") {
    return make_error("bad-answer", "the server sent something that is not JSON-RPC 2.0");
  }
  const auto method = message.find("method");
  if (method == message.end()) return response(message, expected_id);
  if (!method->is_string()) return make_error("bad-answer", "the server sent a method that is not text");
  Incoming incoming;
  incoming.method = method->get<std::string>();
  incoming.payload = message.value("params", Json::object());
  incoming.id = message.value("id", Json());
  incoming.kind = incoming.id.is_null() ? Incoming::Kind::kNotification : Incoming::Kind::kRequest;
  return incoming;
}

}  // namespace gatehouse::client
