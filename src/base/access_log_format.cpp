#include "gatehouse/base/access_log.h"
#include "log_shared.h"

namespace gatehouse {
namespace {

// Bounds that leave room for the fields behind a hostile path.
constexpr std::size_t kPathLimit = 2048;
constexpr std::size_t kLongLimit = 512;
constexpr std::size_t kShortLimit = 192;

class Writer {
 public:
  explicit Writer(JsonLine& line) noexcept : line_(line) {}
  void text(LiteralKey key, std::string_view value, std::size_t limit = kShortLimit) const noexcept {
    if (!value.empty()) line_.text(key, value, limit);
  }
  void milliseconds(LiteralKey key, std::chrono::nanoseconds value) const noexcept {
    if (value.count() >= 0) line_.milliseconds(key, value);
  }

 private:
  JsonLine& line_;
};

void write_answer(JsonLine& line, const AccessRecord& record) noexcept {
  const Writer known(line);
  line.unsigned_integer("status", record.status);
  known.milliseconds("duration_ms", record.duration);
  known.milliseconds("ttfb_ms", record.ttfb);
  line.unsigned_integer("bytes_in", record.bytes_in);
  line.unsigned_integer("bytes_out", record.bytes_out);
  known.text("user_agent", record.user_agent, kLongLimit);
}

void write_way(JsonLine& line, const AccessRecord& record) noexcept {
  const Writer known(line);
  known.text("route", record.route);
  known.text("principal", record.principal);
  known.text("upstream", record.upstream);
  known.text("server", record.server);
  if (record.attempts > 0) line.unsigned_integer("attempts", record.attempts);
  known.milliseconds("upstream_ms", record.upstream_time);
  known.text("tls", record.tls);
  known.text("alpn", record.alpn);
  known.text("listener", record.listener);
  known.text("end", record.end);
  known.text("mcp_method", record.mcp_method);
  known.text("mcp_tool", record.mcp_tool);
  known.text("mcp_server", record.mcp_server);
  known.text("mcp_error", record.mcp_error, kLongLimit);
}

std::size_t format_json(std::span<char> buffer, const AccessRecord& record, WallTime time) noexcept {
  JsonLine line(buffer, log::journal_lines() ? "<6>" : "");
  line.timestamp("ts", time);
  line.fields("\"level\":\"info\",\"module\":\"edge\",\"event\":\"request\",\"msg\":\"request\"");
  const Writer known(line);
  known.text("request_id", record.request_id);
  known.text("trace_id", record.trace_id);
  known.text("client", record.client);
  known.text("method", record.method);
  known.text("host", record.host, kLongLimit);
  known.text("path", record.path, kPathLimit);
  known.text("proto", record.proto);
  write_answer(line, record);
  write_way(line, record);
  return line.finish();
}

std::size_t format_human(std::span<char> buffer, const AccessRecord& record, WallTime time) noexcept {
  log::HumanLine line(buffer, time, "INFO", "edge");
  line.escaped(record.method.substr(0, kShortLimit));
  line.raw(" ");
  line.escaped(record.path.substr(0, kPathLimit));
  line.raw(" ");
  line.integer(record.status);
  line.raw(" ");
  line.milliseconds(record.duration);
  if (!record.end.empty() && record.end != "ok") {
    line.raw(" ");
    line.escaped(record.end);
  }
  return line.finish();
}

}  // namespace

std::size_t format_access_line(std::span<char, kMaxLogLine> buffer, const AccessRecord& record, WallTime time) noexcept {
  return log::human_lines() ? format_human(buffer, record, time) : format_json(buffer, record, time);
}

}  // namespace gatehouse
