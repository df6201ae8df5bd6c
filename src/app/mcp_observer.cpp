#include "mcp_observer.h"

namespace gatehouse::app {

// Called on any loop, where the loop's own block is not at hand; adding through the registry takes its lock, which a call
// of an MCP tool can afford.
void McpObserver::tool_call(std::string_view server, std::string_view tool, std::string_view result, runtime::Duration took) {
  registry_.add(registry_.counter("gatehouse_mcp_tool_calls_total", "Tool calls by outcome.",
                                  {{"server", std::string(server)}, {"tool", std::string(tool)}, {"result", std::string(result)}}));
  registry_.observe(registry_.histogram("gatehouse_mcp_tool_duration_seconds", "Time of a tool call.",
                                        {{"server", std::string(server)}}), took);
}

void McpObserver::refused(std::string_view reason) {
  registry_.add(registry_.counter("gatehouse_mcp_requests_refused_total", "MCP requests refused.", {{"reason", std::string(reason)}}));
}

void McpObserver::dropped_message(std::string_view server, std::string_view reason) {
  registry_.add(registry_.counter("gatehouse_mcp_messages_dropped_total", "MCP messages that could not be delivered.",
                                  {{"server", std::string(server)}, {"reason", std::string(reason)}}));
}

}  // namespace gatehouse::app
