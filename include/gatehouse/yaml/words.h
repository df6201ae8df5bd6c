// Single words: numbers with and without units in both directions, and "did you mean". No locale. Pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "gatehouse/base/result.h"

namespace gatehouse::yaml {

// Slugs "wrong-type", "missing-unit", "unknown-unit", "out-of-range".
Result<std::int64_t> parse_integer(std::string_view text);
Result<std::int64_t> parse_duration(std::string_view text);  // milliseconds, from 250ms 30s 5m 1h 30d
Result<std::int64_t> parse_size(std::string_view text);      // bytes, from 512B 64KiB 10MiB 1GiB
std::string duration_text(std::int64_t milliseconds);        // the largest unit that divides it
std::string size_text(std::int64_t bytes);

std::string quoted(std::string_view text);  // 'text'

// "did you mean 'x'?", the nearest by edits (insert, delete, replace, swap); empty when nothing is near.
std::string suggest(std::string_view word, const std::vector<std::string>& names);

}  // namespace gatehouse::yaml
