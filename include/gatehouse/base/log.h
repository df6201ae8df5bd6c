// The door to the application log. One JSON object per line on stdout (schema: docs/reference/log.md), or a human line
// when stdout is a terminal. Any thread; never blocks on a slow reader: when the queue is full the oldest line is lost
// and counted. The access log of the edge has its own, lock-free way (gatehouse/base/access_log.h).
//
//   log::info("edge", "listener.started", "listening", {{"address", address}, {"protocols", "http/1.1"}});
//
// `event` is a stable dotted slug, `message` the start of a sentence without values; values are fields.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <type_traits>
#include <variant>

namespace gatehouse::log {

enum class Level : std::uint8_t { kTrace, kDebug, kInfo, kWarn, kError, kCritical };
enum class Format : std::uint8_t { kAuto, kJson, kHuman };  // kAuto: human on a terminal, JSON otherwise

struct Settings {
  Level level = Level::kInfo;
  Format format = Format::kAuto;
  bool access = true;  // whether requests are logged at all
};

struct Field {
  std::string_view key;
  std::variant<std::string_view, std::int64_t, double, bool> value;

  Field(std::string_view k, std::string_view v) : key(k), value(v) {}
  Field(std::string_view k, const char* v) : key(k), value(std::string_view(v)) {}
  Field(std::string_view k, const std::string& v) : key(k), value(std::string_view(v)) {}
  Field(std::string_view k, bool v) : key(k), value(v) {}
  Field(std::string_view k, double v) : key(k), value(v) {}
  template <class Integer>
    requires std::is_integral_v<Integer>
  Field(std::string_view k, Integer v) : key(k), value(static_cast<std::int64_t>(v)) {}
};

using Fields = std::initializer_list<Field>;

void configure(const Settings& settings);  // at start and on reload; before the first call: info, auto
void flush();                               // at exit: waits for the queue, a second at most
bool enabled(Level level) noexcept;
void write(Level level, std::string_view module, std::string_view event, std::string_view message, Fields fields);
std::uint64_t dropped_lines() noexcept;  // of this log and of the access log, since the start
void redirect_for_test(int fd);           // then configure(); -1: stdout again. The clock: gatehouse/base/timestamp.h

inline void debug(std::string_view module, std::string_view event, std::string_view message, Fields fields = {}) {
  if (enabled(Level::kDebug)) write(Level::kDebug, module, event, message, fields);
}
inline void info(std::string_view module, std::string_view event, std::string_view message, Fields fields = {}) {
  if (enabled(Level::kInfo)) write(Level::kInfo, module, event, message, fields);
}
inline void warn(std::string_view module, std::string_view event, std::string_view message, Fields fields = {}) {
  if (enabled(Level::kWarn)) write(Level::kWarn, module, event, message, fields);
}
inline void error(std::string_view module, std::string_view event, std::string_view message, Fields fields = {}) {
  if (enabled(Level::kError)) write(Level::kError, module, event, message, fields);
}

}  // namespace gatehouse::log
