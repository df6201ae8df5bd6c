#include "demo_server.h"

#include <algorithm>
#include <array>
#include <iterator>

#include "gatehouse/jsonrpc/protocol.h"

namespace gatehouse::app {
namespace {

using jsonrpc::kInvalidParams, jsonrpc::kInvalidRequest, jsonrpc::kMethodNotFound, jsonrpc::kParseError, jsonrpc::kUnsupportedVersion;

constexpr std::uint32_t kMaxDepth = 100;
constexpr std::uint32_t kMaxIdDepth = 1024;
constexpr std::size_t kMaxBatch = 100;
constexpr const char* kLegacyVersions[] = {"2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05"};
constexpr const char* kLevels[] = {"debug", "info", "notice", "warning", "error", "critical", "alert", "emergency"};
constexpr const char* kVersionKey = "io.modelcontextprotocol/protocolVersion";
constexpr const char* kCapabilitiesKey = "io.modelcontextprotocol/clientCapabilities";
constexpr const char* kServerInfoKey = "io.modelcontextprotocol/serverInfo";

std::string dump(const Json& message) { return message.dump(-1, ' ', false, Json::error_handler_t::replace); }

Json notice(std::string_view method, Json params) { return {{"jsonrpc", "2.0"}, {"method", method}, {"params", std::move(params)}}; }

DemoReply invalid(const Json& id, std::string_view text) {
  return {{dump(rpc_error(id, kInvalidRequest, text))}, {}, {}, 400};
}

bool is_id(const Json& id) { return id.is_string() || id.is_number_integer(); }

const Json& member(const Json& object, const char* key) {
  static const Json none;
  if (!object.is_object()) return none;
  const auto found = object.find(key);
  return found == object.end() ? none : *found;
}

template <std::size_t Size>
int index_of(const char* const (&list)[Size], const Json& value) {
  if (!value.is_string()) return -1;
  const auto found = std::find(std::begin(list), std::end(list), value.get_ref<const std::string&>());
  return found == std::end(list) ? -1 : static_cast<int>(found - std::begin(list));
}

}  // namespace

Json parse_demo_message(std::string_view text) {
  const bool bad = jsonrpc::scan(text, {.max_depth = kMaxDepth}).kind == jsonrpc::Kind::kBadJson;
  return bad ? Json(Json::value_t::discarded) : Json::parse(text, nullptr, false);
}

DemoReply parse_error(std::string_view text) {
  const std::string id(jsonrpc::scan(text, {.max_depth = kMaxIdDepth}).id);
  const Json seen = id.empty() ? Json() : Json::parse(id, nullptr, false);
  return {{dump(rpc_error(seen.is_discarded() ? Json() : seen, kParseError, "Parse error"))}, {}, {}, 400};
}

Json id_of(const Json& message) {
  const Json& id = member(message, "id");
  return is_id(id) ? id : Json();
}

bool is_modern(const Json& message) { return member(member(member(message, "params"), "_meta"), kVersionKey).is_string(); }

Json rpc_error(const Json& id, int code, std::string_view text, Json data) {
  Json error{{"code", code}, {"message", text}};
  if (!data.is_null()) error["data"] = std::move(data);
  return {{"jsonrpc", "2.0"}, {"id", id}, {"error", std::move(error)}};
}

enum Era : unsigned { kLegacy = 1, kModern = 2, kBoth = 3 };

struct DemoServer::Method {
  const char* name;
  unsigned eras;
  bool before_initialize;
  DemoReply (DemoServer::*run)(const Call&);
};

const DemoServer::Method DemoServer::kMethods[] = {
    {"initialize", kLegacy, true, &DemoServer::initialize},   {"server/discover", kModern, true, &DemoServer::discover},
    {"ping", kLegacy, true, &DemoServer::ping},               {"logging/setLevel", kLegacy, false, &DemoServer::set_level},
    {"tools/list", kBoth, false, &DemoServer::list_tools},    {"tools/call", kBoth, false, &DemoServer::call_tool},
};

DemoReply DemoServer::handle(std::string_view text) {
  const Json message = parse_demo_message(text);
  return message.is_discarded() ? parse_error(text) : handle_json(message);
}

DemoReply DemoServer::handle_json(const Json& message) {
  return message.is_array() ? batch(message) : single(message);
}

// What belongs to no batch gets an error of its own; the others are answered all the same.
DemoReply DemoServer::batch(const Json& messages) {
  if (version_ != jsonrpc::kLegacyWithBatches) return invalid(nullptr, "Batches need a session of version 2025-03-26");
  if (messages.empty() || messages.size() > kMaxBatch) return invalid(nullptr, "A batch has from 1 to 100 messages");
  DemoReply all;
  all.batch = true;
  for (const Json& message : messages) {
    const bool alone = message.is_array() || is_modern(message) || member(message, "method") == "initialize";
    DemoReply one = alone ? invalid(id_of(message), "Not in a batch") : single(message);
    std::move(one.messages.begin(), one.messages.end(), std::back_inserter(all.messages));
    std::move(one.unrelated.begin(), one.unrelated.end(), std::back_inserter(all.unrelated));
    std::move(one.slow.begin(), one.slow.end(), std::back_inserter(all.slow));
  }
  if (all.messages.empty() && all.slow.empty()) all.status = 202;
  return all;
}

DemoReply DemoServer::single(const Json& message) {
  const Json& method = member(message, "method");
  const Json& id = member(message, "id");
  const bool is_answer = method.is_null() && (message.contains("result") || message.contains("error"));
  if (message.is_object() && is_answer) return {{}, {}, {}, 202};
  const bool well_formed = member(message, "jsonrpc") == "2.0" && method.is_string() && (!message.contains("id") || is_id(id));
  if (!well_formed) return invalid(id_of(message), "Invalid request");
  const Json& params = member(message, "params");
  if (!message.contains("id")) return notification(method.get<std::string>(), params);
  return request({id, params, method.get<std::string>(), is_modern(message)});
}

DemoReply DemoServer::notification(const std::string& method, const Json& params) {
  if (method == "notifications/cancelled") {
    const auto found = running_.find(member(params, "requestId").dump());
    if (found != running_.end()) {
      if (const auto call = found->second.lock()) call->cancel();
      running_.erase(found);
    }
  }
  return {{}, {}, {}, 202};
}

DemoReply DemoServer::request(const Call& call) {
  const unsigned era = call.modern ? kModern : kLegacy;
  if (!call.params.is_null() && !call.params.is_object()) return fail(call, kInvalidParams, "params must be an object");
  if (call.modern) {
    if (DemoReply refused = check_modern(call); !refused.messages.empty()) return refused;
  }
  for (const Method& method : kMethods) {
    if (call.method != method.name || (method.eras & era) == 0) continue;
    if (!call.modern && version_.empty() && !method.before_initialize) {
      return fail(call, kInvalidRequest, "The session has not been initialized");
    }
    return (this->*method.run)(call);
  }
  DemoReply reply = fail(call, kMethodNotFound, "Method not found: " + call.method.substr(0, 100));
  reply.status = call.modern ? 404 : 200;
  return reply;
}

DemoReply DemoServer::check_modern(const Call& call) const {
  const Json& meta = member(call.params, "_meta");
  if (member(meta, kVersionKey) != kModernVersion) {
    Json supported = Json::array({kModernVersion});
    for (const char* const version : kLegacyVersions) supported.push_back(version);
    return fail(call, kUnsupportedVersion, "Unsupported protocol version", {{"supported", supported}, {"requested", member(meta, kVersionKey)}});
  }
  if (!member(meta, kCapabilitiesKey).is_object()) {
    return fail(call, kInvalidParams, std::string("_meta lacks ") + kCapabilitiesKey);
  }
  return {};
}

Json DemoServer::server_info() const {
  return {{"name", "gatehouse-demo"}, {"title", "gatehouse demonstration server"}, {"version", settings_.version}};
}

Json DemoServer::dress(Json result, bool modern) const {
  if (!modern) return result;
  result["resultType"] = "complete";
  result["_meta"][kServerInfoKey] = server_info();
  return result;
}

DemoReply DemoServer::answer(const Call& call, Json result) const {
  DemoReply reply;
  reply.messages.push_back(dump({{"jsonrpc", "2.0"}, {"id", call.id}, {"result", dress(std::move(result), call.modern)}}));
  return reply;
}

DemoReply DemoServer::fail(const Call& call, int code, std::string_view text, Json data) const {
  return {{dump(rpc_error(call.id, code, text, std::move(data)))}, {}, {}, call.modern ? 400 : 200};
}

DemoReply DemoServer::text(const Call& call, std::string text, bool is_error) const {
  Json result{{"content", Json::array({{{"type", "text"}, {"text", std::move(text)}}})}};
  if (is_error) result["isError"] = true;
  return answer(call, std::move(result));
}

DemoReply DemoServer::initialize(const Call& call) {
  const Json& wanted = member(call.params, "protocolVersion");
  if (!wanted.is_string()) return fail(call, kInvalidParams, "protocolVersion is missing");
  const int known = index_of(kLegacyVersions, wanted);
  version_ = kLegacyVersions[std::max(known, 0)];
  return answer(call, {{"protocolVersion", version_},
                       {"capabilities", {{"tools", {{"listChanged", true}}}, {"logging", Json::object()}}},
                       {"serverInfo", server_info()},
                       {"instructions", "Tools to try a gateway with."}});
}

DemoReply DemoServer::discover(const Call& call) {
  Json versions = Json::array({kModernVersion});
  for (const char* const version : kLegacyVersions) versions.push_back(version);
  return answer(call, {{"supportedVersions", std::move(versions)},
                       {"capabilities", {{"tools", Json::object()}}},
                       {"instructions", "Tools to try a gateway with."},
                       {"ttlMs", 60'000},
                       {"cacheScope", "public"}});
}

DemoReply DemoServer::ping(const Call& call) { return answer(call, Json::object()); }

DemoReply DemoServer::set_level(const Call& call) {
  const int level = index_of(kLevels, member(call.params, "level"));
  if (level < 0) return fail(call, kInvalidParams, "Unknown log level");
  log_level_ = level;
  return answer(call, Json::object());
}

SlowCall::Step SlowCall::step() {
  ++done_;
  Step step;
  if (!token_.is_null()) {
    step.messages.push_back(dump(notice("notifications/progress", {{"progressToken", token_}, {"progress", done_}, {"total", count_},
                                                                   {"message", "counted to " + std::to_string(done_)}})));
  }
  step.last = done_ >= count_;
  if (!step.last) return step;
  Json result{{"content", Json::array({{{"type", "text"}, {"text", "counted to " + std::to_string(count_)}}})}};
  step.messages.push_back(dump({{"jsonrpc", "2.0"}, {"id", id_}, {"result", finish_(std::move(result))}}));
  return step;
}

void SlowCall::cancel() {
  cancelled_ = true;
  if (on_cancel) on_cancel();
}

// --- tools ---

struct DemoServer::Tool {
  const char* name;
  const char* title;
  const char* description;
  const char* schema;
  bool read_only;
  DemoReply (DemoServer::*run)(const Call&, const Json&);
};

const DemoServer::Tool DemoServer::kTools[] = {
    {"say_hello", "Say hello", "Greets somebody by name.",
     R"({"type":"object","properties":{"name":{"type":"string","description":"Whom to greet","default":"World"}}})", true,
     &DemoServer::say_hello},
    {"get_server_info", "Server information", "Tells the server's name, version and settings.",
     R"({"type":"object","properties":{}})", true, &DemoServer::get_server_info},
    {"echo_message", "Echo", "Returns the message that it was given.",
     R"({"type":"object","properties":{"message":{"type":"string","description":"What to return"}},"required":["message"]})",
     true, &DemoServer::echo_message},
    {"count_slowly", "Count slowly", "Counts with a pause before each number, and reports progress.",
     R"({"type":"object","properties":{"count":{"type":"integer","minimum":1,"maximum":1000,"description":"How far"},)"
     R"("delay_ms":{"type":"integer","minimum":0,"maximum":60000,"description":"Pause in milliseconds"}},"required":["count","delay_ms"]})",
     true, &DemoServer::count_slowly},
    {"trigger_list_changed", "Announce new tools", "Sends notifications/tools/list_changed.",
     R"({"type":"object","properties":{}})", false, &DemoServer::trigger_list_changed},
};

DemoReply DemoServer::list_tools(const Call& call) {
  if (!member(call.params, "cursor").is_null()) return fail(call, kInvalidParams, "Unknown cursor");
  Json tools = Json::array();
  for (const Tool& tool : kTools) {
    tools.push_back({{"name", tool.name}, {"title", tool.title}, {"description", tool.description},
                     {"inputSchema", Json::parse(tool.schema)}, {"annotations", {{"readOnlyHint", tool.read_only}}}});
  }
  Json result{{"tools", std::move(tools)}};
  if (call.modern) {
    result["ttlMs"] = 60'000;
    result["cacheScope"] = "public";
  }
  return answer(call, std::move(result));
}

DemoReply DemoServer::call_tool(const Call& call) {
  const Json& name = member(call.params, "name");
  const Json& given = member(call.params, "arguments");
  if (!given.is_null() && !given.is_object()) return fail(call, kInvalidParams, "arguments must be an object");
  for (const Tool& tool : kTools) {
    if (name != tool.name) continue;
    DemoReply reply = (this->*tool.run)(call, given.is_null() ? Json::object() : given);
    if (!call.modern && log_level_ >= 0 && log_level_ <= 1) {
      const Json line = notice("notifications/message", {{"level", "info"}, {"logger", "demo"}, {"data", std::string("called ") + tool.name}});
      reply.messages.insert(reply.messages.begin(), dump(line));
    }
    return reply;
  }
  return fail(call, kInvalidParams, "Unknown tool: " + (name.is_string() ? name.get<std::string>().substr(0, 100) : "(no name)"));
}

DemoReply DemoServer::say_hello(const Call& call, const Json& arguments) {
  const Json& name = member(arguments, "name");
  if (!name.is_null() && !name.is_string()) return text(call, "name must be text", true);
  return text(call, "Hello " + (name.is_null() ? "World" : name.get<std::string>()) + "! Greetings from " + settings_.hello_from + "!");
}

DemoReply DemoServer::get_server_info(const Call& call, const Json&) {
  Json info = server_info();
  info["hello_from"] = settings_.hello_from;
  info["protocol_version"] = call.modern ? std::string(kModernVersion) : version_;
  return text(call, info.dump());
}

DemoReply DemoServer::echo_message(const Call& call, const Json& arguments) {
  const Json& message = member(arguments, "message");
  if (!message.is_string()) return text(call, "message is missing or not text", true);
  return text(call, message.get<std::string>());
}

DemoReply DemoServer::count_slowly(const Call& call, const Json& arguments) {
  const Json& count = member(arguments, "count");
  const Json& delay = member(arguments, "delay_ms");
  const bool good = count.is_number_integer() && count >= 1 && count <= 1000 && delay.is_number_integer() && delay >= 0 && delay <= 60'000;
  if (!good) return text(call, "count must be an integer from 1 to 1000, delay_ms one from 0 to 60000", true);
  std::erase_if(running_, [](const auto& entry) { return entry.second.expired(); });
  if (running_.size() >= 100) return text(call, "too many calls at once", true);
  if (running_.contains(call.id.dump())) return fail(call, kInvalidRequest, "A request with this id is under way");
  const Json token = member(member(call.params, "_meta"), "progressToken");
  auto slow = std::make_shared<SlowCall>(
      call.id, is_id(token) ? token : Json(), count.get<int>(), std::chrono::milliseconds(delay.get<int>()),
      [info = server_info(), modern = call.modern](Json result) {
        if (modern) result.update({{"resultType", "complete"}, {"_meta", {{kServerInfoKey, info}}}});
        return result;
      });
  running_[call.id.dump()] = slow;
  DemoReply reply;
  reply.slow.push_back(std::move(slow));
  return reply;
}

DemoReply DemoServer::trigger_list_changed(const Call& call, const Json&) {
  if (call.modern) return text(call, "announcements need a session of an earlier version");
  DemoReply reply = text(call, "announced");
  reply.unrelated.push_back(dump({{"jsonrpc", "2.0"}, {"method", "notifications/tools/list_changed"}}));
  return reply;
}

}  // namespace gatehouse::app
