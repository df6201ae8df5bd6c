// The demonstration MCP server: a few tools, both eras of the protocol, no I/O. A transport hands it one message at a
// time and sends what it answers.
//
//   DemoServer server({.hello_from = "ops"});
//   DemoReply reply = server.handle(line);
//   for (const std::string& message : reply.messages) write_line(message);
//   for (auto& slow : reply.slow) …step it after each delay…
//
// The sessions era (2024-11-05 to 2025-11-25) begins with `initialize` and keeps its state here: one object per session.
// A request with `_meta["io.modelcontextprotocol/protocolVersion"]` is of the stateless era (2026-07-28) and needs none.
// Owner: the transport. Thread: one. Stop: nothing runs on its own; slow calls belong to whoever took them.
#pragma once

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "gatehouse/runtime/clock.h"

namespace gatehouse::app {

using Json = nlohmann::json;

inline constexpr std::string_view kModernVersion = "2026-07-28";

struct DemoSettings {
  std::string hello_from = "gatehouse";  // MCP_HELLO_FROM
  std::string version = "0";
};

// A call that takes its time. The transport waits delay(), sends the messages of step(), until the step is the last.
class SlowCall {
 public:
  struct Step {
    std::vector<std::string> messages;
    bool last = false;
  };
  SlowCall(Json id, Json progress_token, int count, runtime::Duration delay, std::function<Json(Json)> finish)
      : id_(std::move(id)), token_(std::move(progress_token)), count_(count), delay_(delay), finish_(std::move(finish)) {}

  runtime::Duration delay() const noexcept { return delay_; }
  Step step();
  bool cancelled() const noexcept { return cancelled_; }
  void cancel();
  std::function<void()> on_cancel;  // the transport's, to wake up

 private:
  Json id_, token_;
  int count_, done_ = 0;
  runtime::Duration delay_;
  std::function<Json(Json)> finish_;  // dresses a result in the manner of its era
  bool cancelled_ = false;
};

struct DemoReply {
  std::vector<std::string> messages;   // in this order; those before the last are notifications of the same request
  std::vector<std::string> unrelated;  // notifications that belong to no request
  std::vector<std::shared_ptr<SlowCall>> slow;  // further answers come from here
  int status = 200;                    // over HTTP
  bool batch = false;                  // of several messages: more than one body of JSON
};

// The message as JSON; discarded when it is none (or nested over 100 deep).
Json parse_demo_message(std::string_view text);
DemoReply parse_error(std::string_view text);  // names the id when one can be seen all the same
Json id_of(const Json& message);               // null when it has none
bool is_modern(const Json& message);
Json rpc_error(const Json& id, int code, std::string_view text, Json data = nullptr);

class DemoServer {
 public:
  explicit DemoServer(DemoSettings settings) : settings_(std::move(settings)) {}

  DemoReply handle(std::string_view text);
  DemoReply handle_json(const Json& message);  // or a batch of them, where 2025-03-26 was agreed on

 private:
  struct Call {  // one request, taken apart
    Json id, params;
    std::string method;
    bool modern = false;
  };
  struct Method;
  struct Tool;
  static const Method kMethods[];
  static const Tool kTools[];

  DemoReply batch(const Json& messages);
  DemoReply single(const Json& message);
  DemoReply request(const Call& call);
  DemoReply notification(const std::string& method, const Json& params);
  DemoReply check_modern(const Call& call) const;  // no messages: fine
  Json server_info() const;
  Json dress(Json result, bool modern) const;
  DemoReply answer(const Call& call, Json result) const;
  DemoReply fail(const Call& call, int code, std::string_view text, Json data = nullptr) const;
  DemoReply text(const Call& call, std::string text, bool is_error = false) const;

  DemoReply initialize(const Call& call);
  DemoReply discover(const Call& call);
  DemoReply ping(const Call& call);
  DemoReply set_level(const Call& call);
  DemoReply list_tools(const Call& call);
  DemoReply call_tool(const Call& call);

  DemoReply say_hello(const Call& call, const Json& arguments);
  DemoReply get_server_info(const Call& call, const Json& arguments);
  DemoReply echo_message(const Call& call, const Json& arguments);
  DemoReply count_slowly(const Call& call, const Json& arguments);
  DemoReply trigger_list_changed(const Call& call, const Json& arguments);

  DemoSettings settings_;
  std::string version_;  // negotiated by initialize; empty before
  int log_level_ = -1;   // index into the levels; -1: no log messages
  std::map<std::string, std::weak_ptr<SlowCall>> running_;  // by the id's JSON text
};

}  // namespace gatehouse::app
