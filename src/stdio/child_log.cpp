#include "child_log.h"

#include <algorithm>

#include "gatehouse/base/log.h"

namespace gatehouse::stdio {

namespace {
constexpr std::size_t kLineBytes = 2048;
constexpr double kBurst = 100, kPerSecond = 20;
}  // namespace

ChildLog::ChildLog(std::string server, const runtime::Clock& clock)
    : server_(std::move(server)), clock_(clock), lines_(64 * 1024), refilled_(clock.now()), tokens_(kBurst) {}

void ChildLog::feed(std::string_view bytes) {
  lines_.feed(bytes, [this](std::string_view text) { line(text); });
}

void ChildLog::line(std::string_view text) {
  last_line_.assign(text.substr(0, 256));
  const runtime::SteadyTime now = clock_.now();
  tokens_ = std::min(kBurst, tokens_ + std::chrono::duration<double>(now - refilled_).count() * kPerSecond);
  refilled_ = now;
  if (tokens_ < 1) {
    ++suppressed_;
    return;
  }
  tokens_ -= 1;
  if (suppressed_ > 0)
    log::warn("mcp", "mcp.server.stderr_suppressed", "lines of the server were left out", {{"service", server_}, {"lines", std::exchange(suppressed_, 0)}});
  log::info("mcp", "mcp.server.stderr", "server wrote", {{"service", server_}, {"line", text.substr(0, kLineBytes)}});
}

void ChildLog::garbage(std::string_view text) {
  if (std::exchange(garbage_seen_, true)) return;
  log::warn("mcp", "mcp.server.garbage", "server writes to stdout what is no message; it is skipped",
            {{"service", server_}, {"line", text.substr(0, 200)}});
}

}  // namespace gatehouse::stdio
