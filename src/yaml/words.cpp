#include "gatehouse/yaml/words.h"

#include <algorithm>
#include <charconv>
#include <limits>
#include <span>

namespace gatehouse::yaml {

std::string quoted(std::string_view text) { return "'" + std::string(text) + "'"; }

namespace {

struct Unit {
  std::string_view name;
  std::int64_t factor;
};

constexpr Unit kDurations[] = {{"ms", 1}, {"s", 1000}, {"m", 60'000}, {"h", 3'600'000}, {"d", 86'400'000}};
constexpr Unit kSizes[] = {{"B", 1}, {"KiB", 1024}, {"MiB", 1024 * 1024}, {"GiB", 1024 * 1024 * 1024}};

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

// ---- did you mean

namespace {

constexpr std::size_t kLongest = 80;  // longer words are not compared: the file may be hostile

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

// Optimal string alignment: Levenshtein with swaps of neighbours.
std::size_t distance(std::string_view a, std::string_view b) {
  std::vector<std::vector<std::size_t>> cost(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
  for (std::size_t i = 0; i <= a.size(); ++i) cost[i][0] = i;
  for (std::size_t j = 0; j <= b.size(); ++j) cost[0][j] = j;
  for (std::size_t i = 1; i <= a.size(); ++i) {
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const bool same = lower(a[i - 1]) == lower(b[j - 1]);
      cost[i][j] = std::min({cost[i - 1][j] + 1, cost[i][j - 1] + 1, cost[i - 1][j - 1] + (same ? 0 : 1)});
      if (i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2]) && lower(a[i - 2]) == lower(b[j - 1]))
        cost[i][j] = std::min(cost[i][j], cost[i - 2][j - 2] + 1);
    }
  }
  return cost[a.size()][b.size()];
}

}  // namespace

std::string suggest(std::string_view word, const std::vector<std::string>& names) {
  if (word.empty() || word.size() > kLongest) return {};
  std::size_t best = std::max<std::size_t>(1, word.size() / 3) + 1;
  const std::string* nearest = nullptr;
  for (const std::string& name : names) {
    if (name.size() > kLongest || name == word) continue;
    const std::size_t edits = distance(word, name);
    if (edits < best && edits < name.size()) best = edits, nearest = &name;
  }
  return nearest == nullptr ? "" : "did you mean '" + *nearest + "'?";
}

}  // namespace gatehouse::yaml
