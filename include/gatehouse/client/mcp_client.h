// A client for one MCP server over Streamable HTTP, for the command line. Speaks the handshake of the sessions era
// (2025-11-25, and older ones when the server says so); answers may be JSON or event streams with notifications before
// the result. Declares no client capability: a server's `ping` is answered, any other request of a server refused.
//
//   auto client = client::McpClient::connect({.url = "http://gatehouse/mcp/demo", .unix_socket = socket});
//   auto tools = client->tools();
//   auto result = client->call("say_hello", R"({"name":"Ada"})");
//
// Errors: those of client::request(); "mcp-error" (the server's own words and code), "mcp-status" (an HTTP status that
// is no answer; "unauthorized" for 401 and 403, "not-found" for 404), "bad-answer" (no JSON-RPC, wrong id, no result).
// A tool that failed is not an error here: ToolResult::is_error.
// Owner: whoever connected. Thread: one; every call BLOCKS. Stop: the destructor ends the session (DELETE) and does not
// mind when that fails.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "gatehouse/base/result.h"
#include "gatehouse/base/secret.h"
#include "gatehouse/client/http.h"

namespace gatehouse::client {

struct McpTarget {
  std::string url;
  std::string unix_socket;                    // as in HttpRequest
  Secret bearer;                              // API key or token; empty: no Authorization
  Trust trust;
  std::chrono::milliseconds deadline{60'000}; // for each request
  int interrupt = -1;                         // as in HttpRequest; a call that it ends is cancelled at the server, too
  // Told of each notification while a request runs: method, and its params as JSON text.
  std::function<void(std::string_view method, std::string_view params)> on_notification;
};

struct McpTool {
  std::string name;
  std::string title;
  std::string description;
  std::string input_schema;  // JSON text
};

struct McpToolResult {
  bool is_error = false;           // the tool says that it failed
  std::vector<std::string> texts;  // its text blocks
  std::string json;                // the whole result object
};

struct McpServerInfo {
  std::string name, version, protocol_version;
};

class McpClient {
 public:
  static Result<std::unique_ptr<McpClient>> connect(McpTarget target);
  ~McpClient();

  const McpServerInfo& server() const noexcept;
  Result<std::vector<McpTool>> tools();                                             // all pages, 10,000 tools at most
  Result<McpToolResult> call(std::string_view tool, std::string_view arguments);    // arguments: a JSON object

 private:
  struct State;
  explicit McpClient(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace gatehouse::client
