#include "gatehouse/client/mcp_client.h"

#include <optional>
#include <utility>

#include "gatehouse/http/media.h"
#include "gatehouse/http/sse.h"
#include "mcp_message.h"

namespace gatehouse::client {
namespace {

constexpr std::size_t kMaxAnswer = 64 * 1024 * 1024;
constexpr std::size_t kMaxTools = 10'000;
constexpr int kMaxPages = 1'000;
constexpr std::chrono::milliseconds kFarewell{2'000};
constexpr std::string_view kVersions[] = {"2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05"};

bool is_event_stream(const HttpAnswer& answer) { return http::is_media_type(answer.header("Content-Type"), "text/event-stream"); }

std::string text_of(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string();
}

Error status_error(const HttpAnswer& answer, const std::string& url) {
  const bool denied = answer.status == 401 || answer.status == 403;
  const std::string_view slug = denied ? "unauthorized" : answer.status == 404 ? "not-found" : "mcp-status";
  const Json problem = parse_json(answer.body);
  std::string detail = problem.is_object() ? text_of(problem, "detail") : std::string();
  if (detail.empty() && problem.is_object() && problem.contains("error") && problem["error"].is_object()) {
    detail = text_of(problem["error"], "message");
  }
  return make_error(slug, url + " answered " + std::to_string(answer.status) + (detail.empty() ? "" : ": " + detail));
}

}  // namespace

struct McpClient::State {
  explicit State(McpTarget to) : target(std::move(to)) {}

  McpTarget target;
  McpServerInfo info;
  std::string session;
  std::int64_t last_id = 0;

  HttpRequest http(std::string_view method, std::string body) const;
  Result<Json> ask(std::string_view method, const Json& params);
  Status post(std::string body);  // a notification, or an answer to the server
  void cancel(std::int64_t id);  // best effort: nobody waits for the answer any more
  Status handshake();
};

HttpRequest McpClient::State::http(std::string_view method, std::string body) const {
  HttpRequest request;
  request.url = target.url;
  request.unix_socket = target.unix_socket;
  request.method = method;
  request.body = std::move(body);
  request.trust = target.trust;
  request.deadline = target.deadline;
  request.interrupt = target.interrupt;
  request.max_body = kMaxAnswer;
  request.headers.emplace_back("Accept", "application/json, text/event-stream");
  if (!request.body.empty()) request.headers.emplace_back("Content-Type", "application/json");
  if (!session.empty()) request.headers.emplace_back("Mcp-Session-Id", session);
  if (!info.protocol_version.empty()) request.headers.emplace_back("MCP-Protocol-Version", info.protocol_version);
  if (!target.bearer.empty()) request.headers.emplace_back("Authorization", "Bearer " + std::string(target.bearer.reveal()));
  return request;
}

Status McpClient::State::post(std::string body) {
  auto answer = client::request(http("POST", std::move(body)));
  if (!answer) return std::move(answer).error();
  if (answer->status / 100 != 2) return status_error(*answer, target.url);
  return {};
}

namespace {

// What one request is waiting for, fed with messages until its answer is there.
struct Pending {
  std::int64_t id;
  const McpTarget& target;
  const std::function<void(std::string)>& answer_server;
  std::optional<Result<Json>> outcome;

  // False once there is an outcome.
  bool take(std::string_view text) {
    auto incoming = sort_message(text, id);
    if (!incoming) {
      outcome.emplace(std::move(incoming).error());
      return false;
    }
    switch (incoming->kind) {
      case Incoming::Kind::kResult:
        outcome.emplace(std::move(incoming->payload));
        return false;
      case Incoming::Kind::kError:
        outcome.emplace(std::move(*incoming->error));
        return false;
      case Incoming::Kind::kNotification:
        if (target.on_notification) target.on_notification(incoming->method, incoming->payload.dump());
        return true;
      case Incoming::Kind::kRequest:
        answer_server(rpc_answer(incoming->id, incoming->method));
        return true;
      case Incoming::Kind::kOther:
        return true;
    }
    return true;
  }
};

// False once there is an outcome, or an event is too large.
bool take_events(http::SseParser& events, std::string_view piece, Pending& pending) {
  for (;;) {
    switch (events.next(piece)) {
      case http::SseStep::kNeedMore: return true;
      case http::SseStep::kRefused: return false;
      case http::SseStep::kEvent:
        if (!events.event().data.empty() && !pending.take(events.event().data)) return false;
    }
  }
}

}  // namespace

Result<Json> McpClient::State::ask(std::string_view method, const Json& params) {
  const std::int64_t id = ++last_id;
  const std::function<void(std::string)> answer_server = [this](std::string body) { static_cast<void>(post(std::move(body))); };
  Pending pending{id, target, answer_server, {}};
  http::SseParser events({.line_bytes = kMaxAnswer, .event_bytes = kMaxAnswer});
  std::string body;
  HttpRequest request = http("POST", rpc_request(id, method, params));
  request.on_body = [&](const HttpAnswer& answer, std::string_view piece) {
    if (answer.status == 200 && is_event_stream(answer)) return take_events(events, piece, pending);
    body += piece;
    return true;
  };
  auto answer = client::request(request);
  if (!answer && answer.error().slug == "interrupted") cancel(id);
  if (!answer) return std::move(answer).error();
  answer->body = std::move(body);
  if (method == "initialize") session = answer->header("Mcp-Session-Id");
  if (pending.outcome) return std::move(*pending.outcome);
  if (answer->status / 100 != 2 && !sort_message(answer->body, id)) return status_error(*answer, target.url);
  if (!is_event_stream(*answer)) static_cast<void>(pending.take(answer->body));
  if (pending.outcome) return std::move(*pending.outcome);
  return make_error("bad-answer", target.url + " ended its answer to " + std::string(method) + " without a result");
}

void McpClient::State::cancel(std::int64_t id) {
  target.interrupt = -1;
  HttpRequest request = http("POST", rpc_notification("notifications/cancelled", {{"requestId", id}, {"reason", "interrupted"}}));
  request.deadline = std::min(request.deadline, kFarewell);
  static_cast<void>(client::request(request));
}

Status McpClient::State::handshake() {
  const Json params{{"protocolVersion", kVersions[0]},
                    {"capabilities", Json::object()},
                    {"clientInfo", {{"name", "gatehouse"}, {"version", "1"}}}};
  auto result = ask("initialize", params);
  if (!result) return std::move(result).error();
  if (!result->is_object()) return make_error("bad-answer", "the result of initialize is not an object");
  info.protocol_version = text_of(*result, "protocolVersion");
  bool known = false;
  for (const std::string_view version : kVersions) known |= info.protocol_version == version;
  if (!known) {
    return make_error("bad-answer", "the server speaks version '" + info.protocol_version + "' of MCP, this client does not");
  }
  const Json server = result->value("serverInfo", Json::object());
  if (server.is_object()) {
    info.name = text_of(server, "name");
    info.version = text_of(server, "version");
  }
  return post(rpc_notification("notifications/initialized"));
}

McpClient::McpClient(std::unique_ptr<State> state) : state_(std::move(state)) {}

McpClient::~McpClient() {
  if (state_->session.empty()) return;
  HttpRequest request = state_->http("DELETE", {});
  request.interrupt = -1;
  request.deadline = std::min(request.deadline, kFarewell);
  static_cast<void>(client::request(request));
}

Result<std::unique_ptr<McpClient>> McpClient::connect(McpTarget target) {
  std::unique_ptr<McpClient> client(new McpClient(std::make_unique<State>(std::move(target))));
  // Not interrupted before the session's name is known: it could not be ended.
  const int interrupt = std::exchange(client->state_->target.interrupt, -1);
  if (Status done = client->state_->handshake(); !done) return std::move(done).error();
  client->state_->target.interrupt = interrupt;
  return client;
}

const McpServerInfo& McpClient::server() const noexcept { return state_->info; }

Result<std::vector<McpTool>> McpClient::tools() {
  std::vector<McpTool> tools;
  Json params;
  for (int page = 0; page < kMaxPages; ++page) {
    auto result = state_->ask("tools/list", params);
    if (!result) return std::move(result).error();
    const Json list = result->is_object() ? result->value("tools", Json()) : Json();
    if (!list.is_array()) return make_error("bad-answer", "the result of tools/list holds no list of tools");
    for (const Json& tool : list) {
      if (!tool.is_object() || text_of(tool, "name").empty()) return make_error("bad-answer", "a tool without a name");
      tools.push_back({text_of(tool, "name"), text_of(tool, "title"), text_of(tool, "description"),
                       tool.value("inputSchema", Json::object()).dump()});
    }
    const auto cursor = result->find("nextCursor");
    if (cursor == result->end() || !cursor->is_string()) return tools;
    if (tools.size() > kMaxTools) break;
    params = {{"cursor", *cursor}};
  }
  return make_error("bad-answer", "the server's list of tools does not end");
}

Result<McpToolResult> McpClient::call(std::string_view tool, std::string_view arguments) {
  Json values = parse_json(arguments);
  if (!values.is_object()) return make_error("bad-arguments", "the arguments of a tool are a JSON object");
  const Json params{{"name", tool}, {"arguments", std::move(values)}, {"_meta", {{"progressToken", state_->last_id + 1}}}};
  auto result = state_->ask("tools/call", params);
  if (!result) return std::move(result).error();
  if (!result->is_object()) return make_error("bad-answer", "the result of tools/call is not an object");
  McpToolResult answer;
  const auto failed = result->find("isError");
  answer.is_error = failed != result->end() && failed->is_boolean() && failed->get<bool>();
  const Json content = result->value("content", Json::array());
  for (const Json& block : content.is_array() ? content : Json::array()) {
    if (block.is_object() && text_of(block, "type") == "text") answer.texts.push_back(text_of(block, "text"));
  }
  answer.json = result->dump();
  return answer;
}

}  // namespace gatehouse::client
