#include <algorithm>

#include "demo.h"
#include "gatehouse/http/media.h"
#include "gatehouse/http/message.h"
#include "gatehouse/http/url.h"
#include "gatehouse/jsonrpc/protocol.h"
#include "gatehouse/runtime/loop.h"

namespace gatehouse::app {
namespace {

constexpr std::size_t kMaxBody = 1024 * 1024;
constexpr std::size_t kMaxSessions = 1000;
constexpr std::size_t kMaxEvents = 100;
constexpr auto kKeepAlive = std::chrono::seconds(15);

using http::FieldId;

http::Response json(int status, std::string body) { return {status, "application/json", std::move(body), {}}; }

http::Response refuse(int status, std::string_view text, const Json& id = nullptr) {
  return json(status, rpc_error(id, jsonrpc::kInvalidRequest, text).dump());
}

http::Response event_stream() {
  return {200, "text/event-stream", {}, {{"Cache-Control", "no-cache"}, {"X-Accel-Buffering", "no"}}};
}

std::string event(std::string_view message) { return "data: " + std::string(message) + "\n\n"; }

std::string_view field(http::Exchange& exchange, FieldId id) { return exchange.request().fields.value(id); }

bool is_local_origin(std::string_view origin) {
  if (origin.empty()) return true;
  const auto parsed = http::parse_origin(origin);
  return parsed && (parsed->host == "localhost" || parsed->host == "127.0.0.1" || parsed->host == "[::1]");
}

// Unlike the gateway, this server wants to be told.
bool accepts(http::Exchange& exchange, std::string_view type) {
  const std::string_view accept = field(exchange, FieldId::kAccept);
  return !accept.empty() && http::accepts(accept, type);
}

// The headers of the stateless era repeat what the body says. Null when they do.
Json check_headers(http::Exchange& exchange, const Json& message) {
  const auto differs = [&exchange](FieldId header, const Json& value) {
    return !value.is_string() || field(exchange, header) != value.get_ref<const std::string&>();
  };
  const Json id = message.value("id", Json());
  const Json& params = message["params"];
  if (differs(FieldId::kMcpProtocolVersion, params["_meta"]["io.modelcontextprotocol/protocolVersion"])) {
    return rpc_error(id, jsonrpc::kHeaderMismatch, "MCP-Protocol-Version does not repeat the version in _meta");
  }
  if (differs(FieldId::kMcpMethod, message.value("method", Json()))) {
    return rpc_error(id, jsonrpc::kHeaderMismatch, "Mcp-Method does not repeat the method");
  }
  const bool named = message.value("method", Json()) == "tools/call" && params.value("name", Json()).is_string();
  std::string name;
  if (named && (!jsonrpc::decode_header_value(field(exchange, FieldId::kMcpName), name) || params["name"] != name)) {
    return rpc_error(id, jsonrpc::kHeaderMismatch, "Mcp-Name does not repeat the tool's name");
  }
  return nullptr;
}

}  // namespace

runtime::Task<void> DemoHandler::handle(http::Exchange& exchange) {
  if (!is_local_origin(field(exchange, FieldId::kOrigin))) {
    http::Response refusal = refuse(403, "this Origin is not allowed");
    co_await exchange.respond(std::move(refusal));
    co_return;
  }
  const http::Method method = exchange.request().method_id;
  if (method == http::Method::kPost) {
    co_await post(exchange);
  } else if (method == http::Method::kGet) {
    co_await listen(exchange);
  } else if (method == http::Method::kDelete) {
    co_await end(exchange);
  } else {
    http::Response refusal = refuse(405, "expected POST, GET or DELETE");
    refusal.headers.emplace_back("Allow", "POST, GET, DELETE");
    co_await exchange.respond(std::move(refusal));
  }
}

runtime::Task<void> DemoHandler::post(http::Exchange& exchange) {
  http::Response refusal;
  if (!http::is_media_type(field(exchange, FieldId::kContentType), "application/json")) {
    refusal = refuse(415, "expected Content-Type: application/json");
  } else if (!accepts(exchange, "application/json") || !accepts(exchange, "text/event-stream")) {
    refusal = refuse(406, "expected Accept: application/json, text/event-stream");
  } else {
    auto body = co_await exchange.read_body(kMaxBody);
    if (!body) co_return;
    Json message = parse_demo_message(*body);
    if (!message.is_discarded()) {
      co_await post_message(exchange, std::move(message));
      co_return;
    }
    DemoReply reply = parse_error(*body);
    refusal = json(reply.status, std::move(reply.messages.front()));
  }
  co_await exchange.respond(std::move(refusal));
}

runtime::Task<void> DemoHandler::post_message(http::Exchange& exchange, Json message) {
  SessionPointer session;
  std::string new_id;
  http::Response refusal{0, {}, {}, {}};
  if (is_modern(message)) {
    session = std::make_shared<Session>(settings_);
    if (const Json mismatch = check_headers(exchange, message); !mismatch.is_null()) refusal = json(400, mismatch.dump());
  } else if (message.is_object() && message.value("method", Json()) == "initialize") {
    session = std::make_shared<Session>(settings_);
    new_id = open_session(session);
  } else if (field(exchange, FieldId::kMcpSessionId).empty()) {
    session = std::make_shared<Session>(settings_);
    if (message.is_object()) refusal = refuse(400, "Mcp-Session-Id is missing", id_of(message));
  } else if (session = find(exchange); session == nullptr) {
    refusal = refuse(404, "there is no such session", id_of(message));
  }
  if (refusal.status != 0) {
    co_await exchange.respond(std::move(refusal));
    co_return;
  }
  DemoReply reply = session->server.handle_json(message);
  co_await answer(exchange, std::move(reply), std::move(session), std::move(new_id));
}

runtime::Task<void> DemoHandler::answer(http::Exchange& exchange, DemoReply reply, SessionPointer session, std::string session_id) {
  const bool can_wait = session->listener != nullptr;
  for (std::string& message : reply.unrelated) {
    if (can_wait && session->events.size() < kMaxEvents) session->events.push_back(std::move(message));
    else reply.messages.insert(reply.messages.begin(), std::move(message));
  }
  if (can_wait) session->listener->notify();
  if (!reply.slow.empty() || reply.messages.size() > 1 || (reply.batch && !reply.messages.empty())) {
    http::Response head = event_stream();
    co_await stream(exchange, std::move(reply), std::move(session), std::move(head));
    co_return;
  }
  http::Response response{reply.status, {}, {}, {}};
  if (!reply.messages.empty()) response = json(reply.status, std::move(reply.messages.front()));
  if (!session_id.empty()) response.headers.emplace_back("Mcp-Session-Id", session_id);
  co_await exchange.respond(std::move(response));
}

runtime::Task<void> DemoHandler::stream(http::Exchange& exchange, DemoReply reply, SessionPointer, http::Response head) {
  bool open = co_await exchange.begin_stream(std::move(head));
  for (const std::string& message : reply.messages) {
    const std::string piece = event(message);
    open = open && co_await exchange.send(piece);
  }
  for (const auto& slow : reply.slow) open = open && co_await drive(exchange, slow);
  co_await exchange.end_stream();
}

// False when the client is gone.
runtime::Task<bool> DemoHandler::drive(http::Exchange& exchange, std::shared_ptr<SlowCall> slow) {
  runtime::Waiter& waiter = exchange.waiter();
  runtime::Timer timer(waiter);
  slow->on_cancel = [&waiter] { waiter.notify(); };
  while (!slow->cancelled()) {
    timer.arm(slow->delay());
    while (!timer.expired() && !slow->cancelled() && !exchange.client_gone()) co_await waiter.wait();
    if (exchange.client_gone()) co_return false;
    if (slow->cancelled()) break;
    timer.disarm();
    const SlowCall::Step step = slow->step();
    for (const std::string& message : step.messages) {
      const std::string piece = event(message);
      if (!co_await exchange.send(piece)) co_return false;
    }
    if (step.last) break;
  }
  co_return true;
}

runtime::Task<void> DemoHandler::listen(http::Exchange& exchange) {
  const SessionPointer session = find(exchange);
  http::Response refusal{0, {}, {}, {}};
  if (session == nullptr) {
    refusal = field(exchange, FieldId::kMcpSessionId).empty() ? refuse(400, "Mcp-Session-Id is missing")
                                                              : refuse(404, "there is no such session");
  } else if (!accepts(exchange, "text/event-stream")) {
    refusal = refuse(406, "expected Accept: text/event-stream");
  } else if (session->listener != nullptr) {
    refusal = refuse(409, "the session has an open stream already");
  }
  if (refusal.status != 0) {
    co_await exchange.respond(std::move(refusal));
    co_return;
  }
  struct Listening {
    Session& session;
    ~Listening() { session.listener = nullptr; }
  } const listening{*session};
  session->listener = &exchange.waiter();
  runtime::Timer timer(exchange.waiter());
  http::Response head = event_stream();
  bool open = co_await exchange.begin_stream(std::move(head));
  while (open && !session->ended && !exchange.client_gone() && !exchange.draining()) {
    std::string piece = timer.expired() ? ": keep-alive\n\n" : "";
    for (; !session->events.empty(); session->events.pop_front()) piece += event(session->events.front());
    if (!piece.empty()) open = co_await exchange.send(piece);
    timer.arm(kKeepAlive);
    const auto idle = [&] { return session->events.empty() && !session->ended && !exchange.client_gone() && !exchange.draining(); };
    while (open && idle() && !timer.expired()) co_await exchange.waiter().wait();
  }
  co_await exchange.end_stream();
}

runtime::Task<void> DemoHandler::end(http::Exchange& exchange) {
  const SessionPointer session = find(exchange);
  http::Response response{204, {}, {}, {}};
  if (session == nullptr) {
    response = refuse(404, "there is no such session");
  } else {
    session->ended = true;
    if (session->listener != nullptr) session->listener->notify();
    sessions_.erase(std::string(field(exchange, FieldId::kMcpSessionId)));
  }
  co_await exchange.respond(std::move(response));
}

DemoHandler::SessionPointer DemoHandler::find(http::Exchange& exchange) const {
  const auto found = sessions_.find(std::string(field(exchange, FieldId::kMcpSessionId)));
  return found == sessions_.end() ? nullptr : found->second;
}

// Over the limit the oldest session goes; its client gets 404 and starts anew.
std::string DemoHandler::open_session(SessionPointer session) {
  std::string id = runtime::random_hex(random_, 16);
  sessions_.emplace(id, std::move(session));
  oldest_.push_back(id);
  while (sessions_.size() > kMaxSessions || oldest_.size() > 2 * kMaxSessions) {
    if (const auto found = sessions_.find(oldest_.front()); found != sessions_.end()) {
      found->second->ended = true;
      if (found->second->listener != nullptr) found->second->listener->notify();
      sessions_.erase(found);
    }
    oldest_.pop_front();
  }
  return id;
}

}  // namespace gatehouse::app
