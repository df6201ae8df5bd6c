#include "line_output.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

namespace gatehouse::log {
namespace {

// A pipe that poll() calls writable takes this much without blocking (PIPE_BUF).
constexpr std::size_t kChunk = 4096;
constexpr int kSliceMs = 50;
constexpr int kHurriedSlices = 20;

std::uint64_t count_lines(std::string_view bytes) {
  return static_cast<std::uint64_t>(std::count(bytes.begin(), bytes.end(), '\n'));
}

std::string_view view(const iovec& part) { return {static_cast<const char*>(part.iov_base), part.iov_len}; }

}  // namespace

void LineOutput::write(std::string_view lines, const std::atomic<bool>& hurry) noexcept {
  const iovec part{const_cast<char*>(lines.data()), lines.size()};
  write({&part, 1}, hurry);
}

void LineOutput::write(std::span<const iovec> parts, const std::atomic<bool>& hurry) noexcept {
  int patience = kHurriedSlices;
  bool alive = true;
  // The holder may be waiting for the same hanging reader.
  std::unique_lock lock(mutex_, std::defer_lock);
  while (!lock.try_lock_for(std::chrono::milliseconds(kSliceMs))) {
    if (!hurry.load(std::memory_order_relaxed) || --patience >= 0) continue;
    for (const iovec& part : parts) lost_.fetch_add(count_lines(view(part)), std::memory_order_relaxed);
    return;
  }
  if (torn_) {
    std::string_view newline = "\n";
    alive = write_some(newline, hurry, patience);
  }
  for (const iovec& part : parts) {
    std::string_view rest = view(part);
    while (alive && !rest.empty()) alive = write_some(rest, hurry, patience);
    lost_.fetch_add(count_lines(rest), std::memory_order_relaxed);
  }
}

bool LineOutput::write_some(std::string_view& rest, const std::atomic<bool>& hurry, int& patience) noexcept {
  if (!is_file_ && !wait_writable(hurry, patience)) return false;
  const ssize_t written = ::write(fd_, rest.data(), is_file_ ? rest.size() : std::min(rest.size(), kChunk));
  if (written < 0) return errno == EAGAIN || errno == EINTR;
  if (written == 0) return false;
  torn_ = rest[static_cast<std::size_t>(written) - 1] != '\n';
  rest.remove_prefix(static_cast<std::size_t>(written));
  return true;
}

bool LineOutput::is_file(int fd) noexcept {
  struct stat status {};
  return ::fstat(fd, &status) == 0 && S_ISREG(status.st_mode);
}

bool LineOutput::wait_writable(const std::atomic<bool>& hurry, int& patience) noexcept {
  while (true) {
    pollfd entry{fd_, POLLOUT, 0};
    const int ready = ::poll(&entry, 1, kSliceMs);
    if (ready > 0) return (entry.revents & POLLNVAL) == 0;  // POLLERR: let write() say what is wrong
    if (ready < 0 && errno != EINTR) return false;
    if (hurry.load(std::memory_order_relaxed) && --patience < 0) return false;
  }
}

void LineOutput::set_fd(int fd) noexcept {
  const std::lock_guard lock(mutex_);
  fd_ = fd;
  is_file_ = is_file(fd);
  torn_ = false;
}

void block_signals_in_this_thread() noexcept {
  sigset_t all;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_BLOCK, &all, nullptr);
}

}  // namespace gatehouse::log
