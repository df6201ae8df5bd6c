// LineOutput: whole lines onto a descriptor that may be slow, full or gone. Used by the writer threads of both logs,
// never by a loop. Thread-safe: two writers do not mix their lines.
//
// A slow reader (EAGAIN, a full pipe) is waited for; a dead one (EPIPE, ENOSPC, EIO) costs the lines at hand, which are
// counted. A line cut by a fault is closed with a newline before the next one.
#pragma once

#include <sys/uio.h>

#include <atomic>
#include <cstdint>
#include <mutex>
#include <span>
#include <string_view>

namespace gatehouse::log {

class LineOutput {
 public:
  explicit LineOutput(int fd) noexcept : fd_(fd), is_file_(is_file(fd)) {}

  // `hurry` turns true when the process wants to end: from then on a slow reader has about a second.
  void write(std::span<const iovec> parts, const std::atomic<bool>& hurry) noexcept;
  void write(std::string_view lines, const std::atomic<bool>& hurry) noexcept;

  std::uint64_t lost_lines() const noexcept { return lost_.load(std::memory_order_relaxed); }
  void set_fd(int fd) noexcept;

 private:
  bool write_some(std::string_view& rest, const std::atomic<bool>& hurry, int& patience) noexcept;
  static bool is_file(int fd) noexcept;
  bool wait_writable(const std::atomic<bool>& hurry, int& patience) noexcept;

  std::timed_mutex mutex_;
  int fd_;
  bool is_file_;       // always takes what it is given, or fails: no need to ask first, or to go in small steps
  bool torn_ = false;  // the last byte that got through was not a newline
  std::atomic<std::uint64_t> lost_{0};
};

// Threads of the logs take no signals: those are for main, and SIGPIPE must be an EPIPE.
void block_signals_in_this_thread() noexcept;

}  // namespace gatehouse::log
