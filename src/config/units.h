// Numbers with and without units, in both directions. No locale.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "gatehouse/base/result.h"
#include "table.h"

namespace gatehouse::config {

Result<std::int64_t> parse_integer(std::string_view text);
Result<std::int64_t> parse_duration(std::string_view text);  // milliseconds, from 250ms 30s 5m 1h 30d
Result<std::int64_t> parse_size(std::string_view text);      // bytes, from 512B 64KiB 10MiB 1GiB
std::string duration_text(std::int64_t milliseconds);        // the largest unit that divides it
std::string size_text(std::int64_t bytes);
std::string number_text(const Key& key, std::int64_t number);  // in the unit of the key
std::string range_text(const Key& key);                        // "1ms to 1h"

}  // namespace gatehouse::config
