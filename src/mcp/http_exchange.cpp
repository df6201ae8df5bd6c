// POST, GET and DELETE to an HTTP server: bytes pass as they are; sessions, credentials and errors are ours.
#include <algorithm>
#include <array>
#include <utility>

#include "exchange_context.h"
#include "gatehouse/base/log.h"
#include "gatehouse/http/sse.h"
#include "protocol.h"
#include "relay.h"

namespace gatehouse::mcp {

namespace {

constexpr std::chrono::milliseconds kDeleteTimeout{5000};

bool forwarded(const http::Field& field) noexcept {
  switch (field.id) {
    case http::FieldId::kMcpProtocolVersion:
    case http::FieldId::kMcpMethod:
    case http::FieldId::kMcpName:
    case http::FieldId::kLastEventId:
    case http::FieldId::kTraceparent:
    case http::FieldId::kTracestate:
    case http::FieldId::kUserAgent: return true;
    default: return is_param_header(field.name);
  }
}

// What the server gets of the client's head: never its credentials, cookies, addresses or session id.
http::Headers server_headers(const Context& context, std::string_view accept, std::string_view server_session, bool modern) {
  http::Headers headers{{"Accept", std::string(accept)}, {"Accept-Encoding", "identity"}};
  for (const http::Field& field : context.exchange.request().fields)
    if (forwarded(field) && !(modern && field.id == http::FieldId::kLastEventId))
      headers.emplace_back(field.name, field.value);
  if (!context.exchange.client().request_id.empty()) headers.emplace_back("X-Request-Id", context.exchange.client().request_id);
  if (!server_session.empty()) headers.emplace_back("Mcp-Session-Id", server_session);
  return headers;
}

Refusal upstream_refusal(const Error& error) {
  if (error.slug == "upstream-timeout") return {504, kInternalError, "timeout", "The server did not answer in time", {}};
  if (error.slug == "upstream-connect") return {502, kInternalError, "connect_failed", "The server cannot be reached", {}};
  if (error.slug == "upstream-busy") return {503, kInternalError, "server_busy", "All connections to the server are in use", {}};
  if (error.slug == "upstream-malformed") return {502, kInternalError, "malformed", "The server's answer is not HTTP", {}};
  return {502, kInternalError, "server_closed", "The server closed the connection before it answered", {}};
}

Refusal no_server() { return {502, kInternalError, "no_upstream", "The server is not reachable from here", {}}; }

// The answer to initialize. A server that names no session works without one.
Relay::Opening open_session(Context& context, Directory::Place& place, const std::string& server_session, const Envelope& answer) {
  Agreed agreed = agreed_version(answer);
  const bool refused = static_cast<bool>(agreed.refusal) || context.exchange.cut() != nullptr;
  if (refused && !server_session.empty())
    context.lanes[context.exchange.loop().index()]->delete_server_session(*context.http, context.server, server_session);
  if (refused || server_session.empty()) return {{}, std::move(agreed.refusal)};
  SessionFacts facts = facts_of(context, std::move(agreed.version));
  facts.server_session = server_session;
  return {context.shared.directory.open(place, std::move(facts), context.clock())->id, {}};
}

// Headers of the server's answer that the client gets.
http::Headers client_headers(const http::ResponseHead& head) {
  http::Headers headers;
  for (const std::string_view name : {"Cache-Control", "Retry-After"})
    if (const http::Field* field = head.fields.find(name)) headers.emplace_back(name, field->value);
  return headers;
}

runtime::Task<Outcome> forward_post(Context& context, const Post& post, const Session* session, std::unique_ptr<Directory::Place> place) {
  OpenExchange& exchange = context.exchange;
  const auto call = context.http == nullptr ? nullptr : context.http->open(context.server->settings.name, exchange.waiter());
  Relay relay(context, post.id(), post.era);
  if (!call) co_return co_await relay.refuse(no_server());
  const std::string_view server_session = session == nullptr ? std::string_view() : session->facts.server_session;
  upstream::OutboundRequest request{"POST", context.server->path, server_headers(context, "application/json, text/event-stream", server_session, post.era == Era::kModern), post.body()};
  request.headers.emplace_back("Content-Type", "application/json");
  const Result<int> status = co_await call->start(std::move(request), context.server->settings.call_timeout, &exchange);
  if (!status && context.exchange.cut() != nullptr) co_return co_await relay.refuse(*context.exchange.cut());
  if (!status && status.error().slug == "client-gone") co_return Outcome{"cancelled", "client_gone"};
  if (!status) {
    context.server->state->failed(status.error().message);
    co_return co_await relay.refuse(upstream_refusal(status.error()));
  }
  context.server->state->succeeded();
  http::Headers headers = client_headers(call->response());
  if (place && *status >= 200 && *status < 300)
    relay.opening([&, server_session = std::string(call->response().fields.value(http::FieldId::kMcpSessionId))](const Envelope& answer) {
      return open_session(context, *place, server_session, answer);
    });
  co_return co_await relay.run(*call, *status, std::move(headers), session);
}

}  // namespace

runtime::Task<Outcome> post_to_http(Context& context, Post post) {
  if (post.era == Era::kModern) co_return co_await forward_post(context, post, nullptr, nullptr);
  Refusal refusal;
  if (post.starts_session()) {
    std::unique_ptr<Directory::Place> place;
    refusal = reserve_session(context, &place);
    if (!refusal) co_return co_await forward_post(context, post, nullptr, std::move(place));
  } else if (context.exchange.request().fields.find(http::FieldId::kMcpSessionId) == nullptr) {
    co_return co_await forward_post(context, post, nullptr, nullptr);  // the server may work without sessions
  } else {
    const std::shared_ptr<Session> session = find_session(context);
    if (session) {
      const SessionUse use(session, context.clock());
      co_return co_await forward_post(context, post, session.get(), nullptr);
    }
    refusal = session_not_found();
  }
  co_await refuse(context.exchange, refusal, post.id(), context.shared);
  co_return Outcome{"transport_error", std::string(refusal.reason)};
}

runtime::Task<void> get_from_http(Context& context, std::shared_ptr<Session> session) {
  const SessionUse use(session, context.clock());
  OpenExchange& exchange = context.exchange;
  const auto call = context.http == nullptr ? nullptr : context.http->open(context.server->settings.name, exchange.waiter());
  Relay relay(context, {}, Era::kLegacy);
  if (!call) {
    co_await relay.refuse(no_server());
    co_return;
  }
  upstream::OutboundRequest request{"GET", context.server->path, server_headers(context, "text/event-stream", use->facts.server_session, false), {}};
  const Result<int> status = co_await call->start(std::move(request), context.server->settings.call_timeout, &exchange);
  if (!status && exchange.cut() != nullptr) {
    co_await relay.refuse(*exchange.cut());
    co_return;
  }
  if (!status && status.error().slug == "client-gone") co_return;
  if (!status) {
    context.server->state->failed(status.error().message);
    co_await relay.refuse(upstream_refusal(status.error()));
    co_return;
  }
  relay.listening();
  co_await relay.run(*call, *status, client_headers(call->response()), session.get());
}

runtime::Task<void> delete_server_session(HttpPort& port, runtime::Waiter& waiter, std::shared_ptr<const Server> server,
                                          std::string server_session) {
  const auto call = port.open(server->settings.name, waiter);
  if (!call) co_return;
  upstream::OutboundRequest request{"DELETE", server->path, {{"Mcp-Session-Id", server_session}}, {}};
  const Result<int> status = co_await call->start(std::move(request), kDeleteTimeout, nullptr);
  if (!status)
    log::info("mcp", "mcp.session.delete_failed", "server was not told about the end of its session",
              {{"service", server->settings.name}, {"reason", status.error().slug}});
}

runtime::Task<void> delete_at_http(Context& context, const Session& session) {
  if (context.http != nullptr)
    co_await delete_server_session(*context.http, context.exchange.waiter(), session.facts.server, session.facts.server_session);
}

}  // namespace gatehouse::mcp
