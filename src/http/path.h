// The two ways through a path: a scan that finds nothing to do, and the rewriting one. Private to the room.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "gatehouse/http/h1.h"

namespace gatehouse::http {

enum class PathScan : std::uint8_t { kNormal, kNeedsWork, kRefused };

// Looks at the path that starts `text` with '/'. kNormal: it ends at `end` ('?' or the end of text) and is normal
// already. kRefused: the byte at `end` may not stand in a path.
PathScan scan_path(std::string_view text, std::size_t& end) noexcept;

// Writes the normal form of `path` to `storage`.
Refusal normalise_path(std::string_view path, std::string& storage);

}  // namespace gatehouse::http
