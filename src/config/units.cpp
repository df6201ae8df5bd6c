#include "units.h"

#include <charconv>
#include <limits>
#include <span>

namespace gatehouse::config {
namespace {

struct Unit {
  std::string_view name;
  std::int64_t factor;
};

constexpr Unit kDurations[] = {{"ms", 1}, {"s", 1000}, {"m", 60'000}, {"h", 3'600'000}, {"d", 86'400'000}};
constexpr Unit kSizes[] = {{"B", 1}, {"KiB", 1024}, {"MiB", 1024 * 1024}, {"GiB", 1024 * 1024 * 1024}};

std::string quoted(std::string_view text) { return "'" + std::string(text) + "'"; }

struct Kind {
  std::span<const Unit> units;
  std::string_view what;     // "a duration"
  std::string_view example;  // "250ms, 30s, 5m, 1h or 30d"
  std::string_view common[3];
};

constexpr Kind kDuration{kDurations, "a duration", "250ms, 30s, 5m, 1h or 30d", {"s", "ms", "m"}};
constexpr Kind kSize{kSizes, "a size", "512B, 64KiB, 10MiB or 1GiB", {"B", "KiB", "MiB"}};

Result<std::int64_t> parse_with_unit(std::string_view text, const Kind& kind) {
  std::int64_t number = 0;
  const char* end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, number);
  const std::string expected = "write " + std::string(kind.example);
  if (parsed.ec == std::errc::result_out_of_range) return make_error("out-of-range", quoted(text) + " is too large");
  if (parsed.ec != std::errc() || number < 0 || text[0] == '-')
    return make_error("wrong-type", quoted(text) + " is not " + std::string(kind.what) + ": a number and a unit", expected);
  const std::string_view unit(parsed.ptr, static_cast<std::size_t>(end - parsed.ptr));
  if (unit.empty()) {
    const std::string n(text);
    return make_error("missing-unit", quoted(text) + " has no unit",
                      "write " + n + std::string(kind.common[0]) + ", " + n + std::string(kind.common[1]) + " or " + n +
                          std::string(kind.common[2]));
  }
  for (const Unit& known : kind.units) {
    if (known.name != unit) continue;
    if (number > std::numeric_limits<std::int64_t>::max() / known.factor)
      return make_error("out-of-range", quoted(text) + " is too large");
    return number * known.factor;
  }
  std::string names;
  for (const Unit& known : kind.units) names += (names.empty() ? "" : ", ") + std::string(known.name);
  return make_error("unknown-unit", quoted(unit) + " in " + quoted(text) + " is not one of the units " + names, expected);
}

std::string with_unit(std::int64_t number, std::span<const Unit> units) {
  for (auto unit = units.rbegin(); unit != units.rend(); ++unit)
    if (number % unit->factor == 0 && number != 0) return std::to_string(number / unit->factor) + std::string(unit->name);
  return std::to_string(number) + std::string(units.front().name);
}

}  // namespace

Result<std::int64_t> parse_integer(std::string_view text) {
  std::int64_t number = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), number);
  if (parsed.ec == std::errc::result_out_of_range) return make_error("out-of-range", quoted(text) + " is too large");
  if (parsed.ec != std::errc() || parsed.ptr != text.data() + text.size())
    return make_error("wrong-type", quoted(text) + " is not a whole number");
  return number;
}

Result<std::int64_t> parse_duration(std::string_view text) { return parse_with_unit(text, kDuration); }
Result<std::int64_t> parse_size(std::string_view text) { return parse_with_unit(text, kSize); }
std::string duration_text(std::int64_t milliseconds) { return with_unit(milliseconds, kDurations); }
std::string size_text(std::int64_t bytes) { return with_unit(bytes, kSizes); }

std::string number_text(const Key& key, std::int64_t number) {
  if (key.type == Type::kDuration) return duration_text(number);
  if (key.type == Type::kSize) return size_text(number);
  return std::to_string(number);
}

std::string range_text(const Key& key) { return number_text(key, key.min) + " to " + number_text(key, key.max); }

}  // namespace gatehouse::config
