// Revisions of MCP, error codes, and errors as JSON-RPC messages. Values; no state, any thread.
// Sources: JSON-RPC 2.0 section 5.1; MCP 2025-11-25 and 2026-07-28, basic/transports.
#pragma once

#include <string>
#include <string_view>

#include "gatehouse/jsonrpc/envelope.h"

namespace gatehouse::jsonrpc {

// Legacy: sessions that begin with `initialize` (up to 2025-11-25). Modern: every request stands alone (2026-07-28).
enum class Era { kLegacy, kModern };

inline constexpr std::string_view kModern = "2026-07-28";
inline constexpr std::string_view kLatestLegacy = "2025-11-25";
inline constexpr std::string_view kLegacyWithBatches = "2025-03-26";
inline constexpr std::string_view kSupportedVersions = R"(["2026-07-28","2025-11-25","2025-06-18","2025-03-26"])";
inline constexpr std::string_view kLegacyVersions = R"(["2025-11-25","2025-06-18","2025-03-26"])";

inline constexpr int kParseError = -32700;
inline constexpr int kInvalidRequest = -32600;
inline constexpr int kMethodNotFound = -32601;
inline constexpr int kInvalidParams = -32602;
inline constexpr int kInternalError = -32603;
inline constexpr int kHeaderMismatch = -32020;
inline constexpr int kUnsupportedVersion = -32022;

// Why a request gets an error instead of what it asked for. status 0: it does not.
struct Refusal {
  int status = 0;            // of the HTTP response
  int code = 0;              // of the JSON-RPC error
  std::string_view reason;   // slug (a literal), for metrics, access log and data.reason
  std::string message{};
  std::string data{};        // raw JSON; empty: {"reason": …}
  explicit operator bool() const noexcept { return status != 0; }
};

// Mcp-Name and Mcp-Param-*: plain, or =?base64?…?= (UTF-8 inside). False: not a value that a client may send.
bool decode_header_value(std::string_view value, std::string& out);

// {"jsonrpc":"2.0","id":…,"error":{"code":…,"message":…,"data":…}}. `id` is raw; empty: null. `data` is raw JSON or empty.
std::string error_body(Raw id, int code, std::string_view message, std::string_view data = {});
std::string error_body(Raw id, const Refusal& refusal);

}  // namespace gatehouse::jsonrpc
