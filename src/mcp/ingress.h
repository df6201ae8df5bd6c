// What a request must look like before a server sees it, as tables in the order of the specification. Sans-IO.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "gatehouse/http/exchange.h"
#include "gatehouse/jsonrpc/protocol.h"

namespace gatehouse::mcp {

using namespace jsonrpc;  // the words of this room

struct Hosts {
  std::vector<std::string> hosts;    // host names without port
  std::vector<std::string> origins;  // "https://app.example"
};

// DNS rebinding: Host must be one of ours, Origin (when sent) one that we trust (MCP security best practices).
Refusal check_origin(const http::RequestHead& head, const http::ClientInfo& client, const Hosts& hosts);

// Content-Type and Accept of a POST.
Refusal check_media(const http::RequestHead& head);

Era era_of(const http::RequestHead& head, const Envelope& envelope) noexcept;

// The rows of each era, first failing one wins.
Refusal check_shape(const http::RequestHead& head, const Envelope& envelope);
Refusal check_modern(const http::RequestHead& head, const Envelope& envelope);
Refusal check_legacy(const http::RequestHead& head);

// Name of the tool, prompt or resource that the message is about, decoded; empty when none.
std::string subject_of(const Envelope& envelope);

inline constexpr std::string_view kOnlyPost = "method_not_allowed_modern";  // reason of a 405 whose Allow is POST alone
Refusal draining_refusal();

http::Response refusal_response(const Refusal& refusal, Raw id);

}  // namespace gatehouse::mcp
