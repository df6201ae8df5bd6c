// Revisions, error codes and error bodies of MCP.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "gatehouse/mcp/envelope.h"

namespace gatehouse::mcp {

inline constexpr std::string_view kModern = "2026-07-28";
inline constexpr std::string_view kLegacyWithBatches = "2025-03-26";
inline constexpr std::string_view kSupportedVersions = R"(["2026-07-28","2025-11-25","2025-06-18","2025-03-26"])";
inline constexpr std::string_view kLegacyVersions = R"(["2025-11-25","2025-06-18","2025-03-26"])";

inline constexpr int kParseError = -32700;
inline constexpr int kInvalidRequest = -32600;
inline constexpr int kMethodNotFound = -32601;
inline constexpr int kInvalidParams = -32602;
inline constexpr int kInternalError = -32603;
inline constexpr int kHeaderMismatch = -32020;
inline constexpr int kMissingCapability = -32021;
inline constexpr int kUnsupportedVersion = -32022;

// 2024-11-05 is not offered, but a server may have agreed on it in initialize.
bool is_legacy_version(std::string_view version) noexcept;

// Methods of legacy revisions that 2026-07-28 removed.
bool is_removed_in_modern(std::string_view method) noexcept;

// {"jsonrpc":"2.0","id":…,"error":{"code":…,"message":…,"data":…}}. `id` is raw; empty: null. `data` is raw JSON or empty.
std::string error_body(Raw id, int code, std::string_view message, std::string_view data = {});

// {"reason":"…"}
std::string reason_data(std::string_view reason);

// Mcp-Name and Mcp-Param-*: plain, or =?base64?…?= (UTF-8 inside). False: not a value that a client may send.
bool decode_header_value(std::string_view value, std::string& out);

}  // namespace gatehouse::mcp
