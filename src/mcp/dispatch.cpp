#include "dispatch.h"

#include <array>
#include <utility>

#include "gatehouse/http/media.h"
#include "protocol.h"

namespace gatehouse::mcp {

namespace {

Refusal check_principal(const http::Exchange& exchange, const EndpointSettings& endpoint) {
  if (!exchange.principal().anonymous() || endpoint.allow_anonymous) return {};
  if (endpoint.auth_none && exchange.client().loopback_listener) return {};
  return {401, kInvalidRequest, "unauthenticated", "Authentication is required", {}};
}

// Elements of a batch: legacy messages, and not initialize (2025-03-26, lifecycle).
Refusal check_batch(const std::vector<Envelope>& messages) {
  for (const Envelope& message : messages) {
    if (!message.message()) return {400, kInvalidRequest, "bad_message", "Invalid request: " + std::string(message.problem), {}};
    if (!message.meta_version.empty() && message.kind != Kind::kResponse)
      return {400, kInvalidRequest, "batch", "Batches are not supported in 2026-07-28", {}};
    if (message.method == "initialize") return {400, kInvalidRequest, "batch", "initialize must not be part of a batch", {}};
  }
  return {};
}

// 2025-03-26 is the only revision with batches; later clients name their version, but may leave the header out.
bool batch_refused(const Context& context) {
  const std::shared_ptr<Session> session = find_session(context);
  return session && session->facts.version > kLegacyWithBatches;
}

// A version that is not known here is replaced by the latest, as a server would answer (2025-11-25, lifecycle).
Refusal offer_version(Post& post, const ScanLimits& limits) {
  stdio::Submission& submission = *post.submission;
  const Raw asked = post.first().protocol_version;
  const std::optional<std::string> version = decode_string(asked);
  if (!version) return {400, kInvalidParams, "version_missing", "initialize names no protocolVersion", {}};
  if (is_legacy_version(*version)) return {};
  static const std::string kOffered = '"' + std::string(kLatestLegacy) + '"';
  const std::array<Edit, 1> edits{{{asked, kOffered}}};
  submission.body = splice(submission.body, edits);
  submission.messages.front() = scan(submission.body, limits);
  return {};
}

Refusal check_post(const Context& context, Post& post, const ScanLimits& limits) {
  const http::RequestHead& head = context.exchange.request();
  if (Refusal refusal = check_shape(head, post.first())) return refusal;
  post.batch = post.first().kind == Kind::kBatch;
  if (post.batch) {
    if (batch_refused(context)) return {400, kInvalidRequest, "batch", "Batches are not supported in this protocol version", {}};
    post.submission->messages = scan_batch(post.body(), limits);
    if (Refusal refusal = check_batch(post.messages())) return refusal;
    return check_legacy(head);
  }
  post.era = era_of(head, post.first());
  if (post.era == Era::kModern) return check_modern(head, post.first());
  if (Refusal refusal = check_legacy(head)) return refusal;
  return post.starts_session() ? offer_version(post, limits) : Refusal();
}

void annotate(http::Exchange& exchange, const Post& post, const std::string& subject) {
  exchange.annotate("mcp_method", post.batch ? "batch" : post.first().method);
  if (!subject.empty()) exchange.annotate("mcp_tool", subject);
}

constexpr Refusal method_not_allowed() { return {405, kInvalidRequest, "method_not_allowed", "Method not allowed", {}}; }
constexpr Refusal only_post() { return {405, kInvalidRequest, kOnlyPost, "Method not allowed", {}}; }

bool says_modern(const http::RequestHead& head) { return head.fields.value(http::FieldId::kMcpProtocolVersion) == kModern; }

}  // namespace

void note_answer(Outcome& outcome, std::optional<std::int64_t> error_code, bool is_error) {
  if (error_code)
    outcome = {"rpc_error", std::to_string(*error_code)};
  else if (is_error)
    outcome = {"tool_error", {}};
}

std::vector<std::string> Post::request_ids() const {
  std::vector<std::string> ids;
  for (const Envelope& message : messages())
    if (message.kind == Kind::kRequest) ids.emplace_back(message.id);
  return ids;
}

namespace {

// Answered here: it asks whether the session is there (2025-11-25, ping).
runtime::Task<void> pong(Context& context, const Post& post, std::shared_ptr<Session> session) {
  const SessionUse use(std::move(session), context.clock());
  http::Response response;
  response.content_type = "application/json";
  response.body = R"({"jsonrpc":"2.0","id":)" + std::string(post.id()) + R"(,"result":{}})";
  co_await context.exchange.respond(std::move(response));
}

http::Response tell_refusal(http::Exchange& exchange, const Refusal& refusal, Raw id, Shared& shared) {
  shared.observer.refused(refusal.reason);
  exchange.annotate("mcp_error", refusal.reason);
  return refusal_response(refusal, id);
}

}  // namespace

runtime::Task<void> refuse(http::Exchange& exchange, const Refusal& refusal, Raw id, Shared& shared) {
  http::Response response = tell_refusal(exchange, refusal, id, shared);
  co_await exchange.respond(std::move(response));
}

SessionFacts facts_of(const Context& context, std::string version) {
  const http::Principal& who = context.exchange.principal();
  SessionFacts facts;
  facts.principal = context.principal();
  facts.user_id = who.user_id;
  facts.credential = who.credential;
  facts.endpoint = context.endpoint;
  facts.server = context.server;
  facts.version = std::move(version);
  facts.lane = context.exchange.loop().index();
  return facts;
}

Agreed agreed_version(const Envelope& answer) {
  Agreed agreed{decode_string(answer.protocol_version).value_or("")};
  if (!is_legacy_version(agreed.version))
    agreed.refusal = {502, kInternalError, "server_version", "The server answered with a protocol version that is not known here", {}};
  return agreed;
}

Refusal session_not_found() { return {404, kInvalidRequest, "session_not_found", "Session not found", {}}; }

std::shared_ptr<Session> find_session(const Context& context) {
  const http::Field* header = context.exchange.request().fields.find(http::FieldId::kMcpSessionId);
  if (header == nullptr) return nullptr;
  std::shared_ptr<Session> session = context.shared.directory.find(header->value, context.principal(), context.endpoint);
  return session && session->facts.server == context.server ? session : nullptr;
}

Refusal reserve_session(const Context& context, std::unique_ptr<Directory::Place>* place) {
  if (context.shared.draining.load(std::memory_order_relaxed)) return draining_refusal();
  const Settings& settings = context.config->settings;
  switch (context.shared.directory.reserve(context.principal(), {settings.max_sessions, settings.max_sessions_per_principal}, place)) {
    case Directory::Full::kNo: return {};
    case Directory::Full::kTotal: return {503, kInternalError, "session_limit", "Too many sessions", {}};
    case Directory::Full::kPrincipal: return {429, kInternalError, "session_limit_principal", "Too many sessions of this user", {}};
  }
  return {};
}

std::optional<http::Response> Dispatch::refuse_early(http::Exchange& exchange) {
  const std::shared_ptr<const Config> config = lanes_[exchange.loop().index()]->config();
  const Refusal refusal = check_origin(exchange.request(), exchange.client(), config->hosts);
  if (!refusal) return std::nullopt;
  return tell_refusal(exchange, refusal, {}, *shared_);
}

runtime::Task<void> Dispatch::handle(http::Exchange& exchange) {
  const std::shared_ptr<const Config> config = lanes_[exchange.loop().index()]->config();
  const http::RequestHead& head = exchange.request();
  Target target = config->find(head.path);
  if (target.endpoint == nullptr || !target.server) {
    http::Response missing = http::problem(404, "mcp-endpoint-unknown", "There is no MCP endpoint at this path", exchange.client().request_id);
    co_await exchange.respond(std::move(missing));
    co_return;
  }
  exchange.annotate("mcp_server", target.server->settings.name);
  OpenExchange open(exchange, lanes_[exchange.loop().index()]->exchanges());
  Context context{open, config, target.server, std::string(head.path), lanes_, http_, *shared_};
  Refusal refusal = check_principal(exchange, *target.endpoint);
  if (refusal) {
    co_await refuse(exchange, refusal, {}, *shared_);
    co_return;
  }
  switch (head.method_id) {
    case http::Method::kPost: co_await post(context); break;
    case http::Method::kGet: co_await get(context); break;
    case http::Method::kDelete: co_await remove(context); break;
    default: refusal = method_not_allowed(); co_await refuse(exchange, refusal, {}, *shared_); break;
  }
}

runtime::Task<void> Dispatch::post(Context& context) {
  http::Exchange& exchange = context.exchange;
  const runtime::SteadyTime started = context.clock().now();
  Refusal refusal = check_media(exchange.request());
  if (refusal) {
    co_await refuse(exchange, refusal, {}, *shared_);
    co_return;
  }
  Result<std::string> body = co_await exchange.read_body(context.config->settings.max_message_bytes);
  if (!body) co_return;
  Post post;
  post.submission->body = std::move(*body);
  const ScanLimits limits{.max_depth = context.config->settings.max_json_depth};
  post.submission->messages.push_back(scan(post.body(), limits));
  refusal = check_post(context, post, limits);
  const std::string subject = subject_of(post.first());
  const std::string method(post.first().method);
  annotate(exchange, post, subject);
  if (refusal) {
    co_await refuse(exchange, refusal, post.id(), *shared_);
    co_return;
  }
  if (post.is_ping()) {
    if (std::shared_ptr<Session> session = find_session(context)) {
      co_await pong(context, post, std::move(session));
      co_return;
    }
  }
  if (method == "tools/call") context.server->state->calls.fetch_add(1, std::memory_order_relaxed);
  const bool http = context.server->http();
  const Outcome outcome = http ? co_await post_to_http(context, std::move(post)) : co_await post_to_child(context, std::move(post));
  if (!outcome.error.empty()) exchange.annotate("mcp_error", outcome.error);
  if (!method.empty())
    shared_->observer.sent({context.server->settings.name, method, method == "tools/call" ? std::string_view(subject) : std::string_view(),
                            outcome.result, context.clock().now() - started});
}

runtime::Task<void> Dispatch::get(Context& context) {
  http::Exchange& exchange = context.exchange;
  const http::RequestHead& head = exchange.request();
  Refusal refusal;
  std::shared_ptr<Session> session;
  if (says_modern(head))
    refusal = only_post();
  else if (head.fields.find(http::FieldId::kMcpSessionId) == nullptr)
    refusal = method_not_allowed();
  else if (!http::accepts(head.fields.value(http::FieldId::kAccept), "text/event-stream"))
    refusal = {406, kInvalidRequest, "accept", "Accept must allow text/event-stream", {}};
  else
    refusal = check_legacy(head);
  if (!refusal && !(session = find_session(context))) refusal = session_not_found();
  if (refusal) {
    co_await refuse(exchange, refusal, {}, *shared_);
    co_return;
  }
  exchange.annotate("mcp_method", "GET");
  if (context.server->http())
    co_await get_from_http(context, std::move(session));
  else
    co_await get_from_child(context, std::move(session));
}

runtime::Task<void> Dispatch::remove(Context& context) {
  http::Exchange& exchange = context.exchange;
  const http::RequestHead& head = exchange.request();
  Refusal refusal;
  std::shared_ptr<Session> session;
  if (says_modern(head))
    refusal = only_post();
  else if (head.fields.find(http::FieldId::kMcpSessionId) == nullptr)
    refusal = {400, kInvalidRequest, "session_required", "Bad Request: Mcp-Session-Id is required", {}};
  else
    refusal = check_legacy(head);
  if (!refusal && !(session = find_session(context))) refusal = session_not_found();
  if (!refusal && !shared_->directory.close(session->id)) refusal = session_not_found();
  if (refusal) {
    co_await refuse(exchange, refusal, {}, *shared_);
    co_return;
  }
  exchange.annotate("mcp_method", "DELETE");
  if (context.server->http())
    co_await delete_at_http(context, *session);
  else
    finish_session(lanes_, http_, &exchange.loop(), *session, "deleted");
  http::Response done;
  done.status = 204;
  co_await exchange.respond(std::move(done));
}

}  // namespace gatehouse::mcp
