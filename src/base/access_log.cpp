#include "gatehouse/base/access_log.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <bit>

#include "gatehouse/base/check.h"
#include "gatehouse/base/log.h"
#include "log_shared.h"

namespace gatehouse {
namespace {

constexpr int kRoundMs = 50;
// Much written at once keeps a loop on the same core waiting, which its slowest requests show.
constexpr std::size_t kWakeBytes = std::size_t{64} << 10;

void signal_eventfd(int fd) noexcept {
  const std::uint64_t one = 1;
  // Fails only when the counter is full, and then the reader is awake anyway.
  [[maybe_unused]] const auto written = ::write(fd, &one, sizeof one);
}

}  // namespace

AccessRing::AccessRing(std::size_t capacity, int wake_fd)
    : capacity_(capacity), wake_bytes_(std::min(capacity / 2, kWakeBytes)), bytes_(new char[capacity]), wake_fd_(wake_fd) {
  GATEHOUSE_CHECK(std::has_single_bit(capacity));
}

bool AccessRing::push(std::string_view line) noexcept {
  if (line.empty()) return true;
  const std::size_t tail = tail_.load(std::memory_order_relaxed);
  if (capacity_ - (tail - seen_head_) < line.size()) {
    seen_head_ = head_.load(std::memory_order_acquire);
    if (capacity_ - (tail - seen_head_) < line.size()) return refuse();
  }
  copy_in(tail, line);
  tail_.store(tail + line.size(), std::memory_order_release);
  // Once per many lines; a missed one only waits for the writer's next round.
  if (wake_fd_ >= 0 && (tail ^ (tail + line.size())) >= wake_bytes_) signal_eventfd(wake_fd_);
  return true;
}

bool AccessRing::refuse() noexcept {
  log::add_dropped(1);  // here, because the writer may hang on its reader for long
  dropped_.store(dropped_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  return false;
}

void AccessRing::copy_in(std::size_t position, std::string_view line) noexcept {
  const std::size_t at = position & (capacity_ - 1);
  const std::size_t before_end = std::min(line.size(), capacity_ - at);
  std::memcpy(bytes_.get() + at, line.data(), before_end);
  std::memcpy(bytes_.get(), line.data() + before_end, line.size() - before_end);
}

AccessRing::Readable AccessRing::readable() const noexcept {
  const std::size_t head = head_.load(std::memory_order_relaxed);
  const std::size_t size = tail_.load(std::memory_order_acquire) - head;
  const std::size_t at = head & (capacity_ - 1);
  const std::size_t before_end = std::min(size, capacity_ - at);
  return {{bytes_.get() + at, before_end}, {bytes_.get(), size - before_end}};
}

void AccessRing::consume(std::size_t bytes) noexcept {
  head_.store(head_.load(std::memory_order_relaxed) + bytes, std::memory_order_release);
}

struct AccessWriter::Output {
  explicit Output(int fd) : own(fd), lines(fd < 0 ? log::shared_output() : own) {}
  log::LineOutput own;
  log::LineOutput& lines;
};

AccessWriter::AccessWriter(int fd)
    : wake_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)), output_(new Output(fd)), thread_([this] { run(); }) {}

AccessWriter::~AccessWriter() { stop(); }

AccessRing& AccessWriter::add_ring(std::size_t capacity) {
  const std::lock_guard lock(rings_mutex_);
  return *rings_.emplace_back(std::make_unique<AccessRing>(capacity, wake_.get()));
}

void AccessWriter::stop() noexcept {
  if (!thread_.joinable()) return;
  stopping_.store(true, std::memory_order_release);
  signal_eventfd(wake_.get());
  thread_.join();
}

void AccessWriter::run() noexcept {
  log::block_signals_in_this_thread();
  while (true) {
    const bool last_round = stopping_.load(std::memory_order_acquire);
    drain();
    count_drops();
    if (last_round) return;
    wait();
  }
}

void AccessWriter::drain() noexcept {
  const std::lock_guard lock(rings_mutex_);
  for (const auto& ring : rings_) {
    const auto [first, second] = ring->readable();
    if (first.empty()) continue;
    const iovec parts[] = {{const_cast<char*>(first.data()), first.size()},
                           {const_cast<char*>(second.data()), second.size()}};
    output_->lines.write(parts, stopping_);
    ring->consume(first.size() + second.size());
  }
}

void AccessWriter::count_drops() noexcept {
  std::uint64_t refused = 0;
  {
    const std::lock_guard lock(rings_mutex_);
    for (const auto& ring : rings_) refused += ring->dropped();
  }
  // The shared output counts its own losses.
  const std::uint64_t lost = &output_->lines == &output_->own ? output_->own.lost_lines() : 0;
  if (refused + lost == counted_) return;
  const std::uint64_t more = refused + lost - counted_;
  counted_ += more;
  if (lost > counted_lost_) log::add_dropped(lost - std::exchange(counted_lost_, lost));
  dropped_.store(counted_, std::memory_order_relaxed);
}

void AccessWriter::wait() noexcept {
  pollfd entry{wake_.get(), POLLIN, 0};
  if (::poll(&entry, 1, kRoundMs) <= 0) return;
  std::uint64_t count = 0;
  [[maybe_unused]] const auto taken = ::read(wake_.get(), &count, sizeof count);
}

}  // namespace gatehouse
