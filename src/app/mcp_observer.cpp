#include "mcp_observer.h"

namespace gatehouse::app {

namespace {

constexpr const char* kCallsHelp = "Tool calls by outcome.";
constexpr const char* kDurationHelp = "Time of a tool call.";
constexpr const char* kRefusedHelp = "MCP requests refused.";
constexpr const char* kDroppedHelp = "MCP messages that could not be delivered.";

}  // namespace

McpObserver::McpObserver(metrics::Registry& registry) : registry_(registry) {
  registry.declare_counter("gatehouse_mcp_tool_calls_total", kCallsHelp);
  registry.declare_histogram("gatehouse_mcp_tool_duration_seconds", kDurationHelp);
  registry.declare_counter("gatehouse_mcp_requests_refused_total", kRefusedHelp);
  registry.declare_counter("gatehouse_mcp_messages_dropped_total", kDroppedHelp);
}

// Called on any loop, where the loop's own block is not at hand; adding through the registry takes its lock, which a call
// of an MCP tool can afford.
void McpObserver::tool_call(std::string_view server, std::string_view tool, std::string_view result, runtime::Duration took) {
  registry_.add(registry_.counter("gatehouse_mcp_tool_calls_total", kCallsHelp,
                                  {{"server", std::string(server)}, {"tool", std::string(tool)}, {"result", std::string(result)}}));
  registry_.observe(registry_.histogram("gatehouse_mcp_tool_duration_seconds", kDurationHelp,
                                        {{"server", std::string(server)}}), took);
}

void McpObserver::refused(std::string_view reason) {
  registry_.add(registry_.counter("gatehouse_mcp_requests_refused_total", kRefusedHelp, {{"reason", std::string(reason)}}));
}

void McpObserver::dropped_message(std::string_view server, std::string_view reason) {
  registry_.add(registry_.counter("gatehouse_mcp_messages_dropped_total", kDroppedHelp,
                                  {{"server", std::string(server)}, {"reason", std::string(reason)}}));
}

}  // namespace gatehouse::app
