// What MCP over HTTP says in names and headers.
#pragma once

#include <string_view>

namespace gatehouse::mcp {

// 2024-11-05 is not offered, but a server may have agreed on it in initialize.
bool is_legacy_version(std::string_view version) noexcept;

// Methods of legacy revisions that 2026-07-28 removed.
bool is_removed_in_modern(std::string_view method) noexcept;

bool is_param_header(std::string_view name) noexcept;  // Mcp-Param-…

}  // namespace gatehouse::mcp
