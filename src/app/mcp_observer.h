// What the MCP gateway reports, as metrics. Tool names come from clients: the registry's cap on series bounds them.
#pragma once

#include <string>

#include "gatehouse/mcp/gateway.h"
#include "gatehouse/metrics/metrics.h"

namespace gatehouse::app {

class McpObserver final : public mcp::Observer {
 public:
  explicit McpObserver(metrics::Registry& registry);
  void sent(const mcp::Sent& sent) override;
  void refused(std::string_view reason) override;
  void dropped_message(std::string_view server, std::string_view reason) override;

 private:
  metrics::Registry& registry_;
};

}  // namespace gatehouse::app
