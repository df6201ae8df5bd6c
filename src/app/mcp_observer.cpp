#include "mcp_observer.h"

#include <algorithm>

namespace gatehouse::app {

namespace {

constexpr const char* kRequestsHelp = "MCP requests and notifications that went to a server.";
constexpr const char* kCallsHelp = "Tool calls by outcome.";
constexpr const char* kDurationHelp = "Time of a tool call.";
constexpr const char* kRefusedHelp = "MCP requests refused.";
constexpr const char* kDroppedHelp = "MCP messages that could not be delivered.";

// Of all revisions; clients invent others.
std::string known_method(std::string_view method) {
  static constexpr std::string_view kKnown[] = {
      "initialize", "ping", "tools/list", "tools/call", "resources/list", "resources/templates/list", "resources/read",
      "resources/subscribe", "resources/unsubscribe", "prompts/list", "prompts/get", "completion/complete", "logging/setLevel",
      "server/discover", "subscriptions/listen", "tasks/get", "tasks/list", "tasks/result", "tasks/update", "tasks/cancel",
      "notifications/initialized", "notifications/cancelled", "notifications/progress", "notifications/roots/list_changed"};
  return std::find(std::begin(kKnown), std::end(kKnown), method) == std::end(kKnown) ? "_other" : std::string(method);
}

}  // namespace

McpObserver::McpObserver(metrics::Registry& registry) : registry_(registry) {
  registry.declare_counter("gatehouse_mcp_requests_total", kRequestsHelp);
  registry.declare_counter("gatehouse_mcp_tool_calls_total", kCallsHelp);
  registry.declare_histogram("gatehouse_mcp_tool_duration_seconds", kDurationHelp);
  registry.declare_counter("gatehouse_mcp_requests_refused_total", kRefusedHelp);
  registry.declare_counter("gatehouse_mcp_messages_dropped_total", kDroppedHelp);
}

// Called on any loop, where the loop's own block is not at hand; adding through the registry takes its lock, which a call
// of an MCP tool can afford.
void McpObserver::sent(const mcp::Sent& sent) {
  const std::string server(sent.server), result(sent.result);
  registry_.add(registry_.counter("gatehouse_mcp_requests_total", kRequestsHelp,
                                  {{"server", server}, {"method", known_method(sent.method)}, {"result", result}}));
  if (sent.method != "tools/call") return;
  registry_.add(registry_.counter("gatehouse_mcp_tool_calls_total", kCallsHelp,
                                  {{"server", server}, {"tool", std::string(sent.tool)}, {"result", result}}));
  registry_.observe(registry_.histogram("gatehouse_mcp_tool_duration_seconds", kDurationHelp, {{"server", server}}), sent.took);
}

void McpObserver::refused(std::string_view reason) {
  registry_.add(registry_.counter("gatehouse_mcp_requests_refused_total", kRefusedHelp, {{"reason", std::string(reason)}}));
}

void McpObserver::dropped_message(std::string_view server, std::string_view reason) {
  registry_.add(registry_.counter("gatehouse_mcp_messages_dropped_total", kDroppedHelp,
                                  {{"server", std::string(server)}, {"reason", std::string(reason)}}));
}

}  // namespace gatehouse::app
