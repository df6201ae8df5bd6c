// The access log: one line per request, without a lock, a system call or an allocation on the loop.
//
//   AccessWriter writer;                         // main owns it; one thread
//   AccessRing& ring = writer.add_ring();        // one per loop
//   ...
//   std::array<char, kMaxLogLine> buffer;        // on the loop that owns the ring
//   std::size_t size = format_access_line(buffer, record, clock.wall());
//   ring.push({buffer.data(), size});            // false: the ring was full, the line is counted as dropped
//
// A slow or dead reader costs lines, never time: a ring that is full drops, the writer survives EAGAIN, EPIPE and ENOSPC.
// Loss is counted in log::dropped_lines() and told by a line with the field `dropped`. Schema: docs/reference/log.md.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <string_view>
#include <thread>
#include <vector>

#include "gatehouse/base/json.h"
#include "gatehouse/base/timestamp.h"
#include "gatehouse/base/unique_fd.h"

namespace gatehouse {

// Everything that a line of event=request tells. Views are read during format_access_line() only. Empty text, a zero in
// `attempts` and a negative duration mean "not known" and leave the field out.
struct AccessRecord {
  std::string_view request_id, trace_id;
  std::string_view client;   // address without port
  std::string_view method, host;
  std::string_view path;     // without query
  std::string_view proto;    // "HTTP/1.1"
  unsigned status = 0;       // 0: no answer was sent
  std::chrono::nanoseconds duration{0};
  std::chrono::nanoseconds ttfb{-1};
  std::uint64_t bytes_in = 0, bytes_out = 0;
  std::string_view user_agent;
  std::string_view route, principal;
  std::string_view upstream;  // group
  std::string_view server;    // address or name of the member that answered
  unsigned attempts = 0;
  std::chrono::nanoseconds upstream_time{-1};
  std::string_view tls, alpn, listener;
  std::string_view end;       // "ok", "client_closed", "refused:rate_limit" …
  std::string_view mcp_method, mcp_tool, mcp_server, mcp_error;
};

// One line with its newline, in the form that log::configure() chose; its size. Any thread.
std::size_t format_access_line(std::span<char, kMaxLogLine> buffer, const AccessRecord& record, WallTime time) noexcept;

// Bytes from one producer thread (the loop) to one consumer thread (the writer).
class AccessRing {
 public:
  static constexpr std::size_t kDefaultCapacity = std::size_t{1} << 20;

  // `capacity` is a power of two. `wake_fd` (an eventfd, -1: none) is written at every 64 KiB, at
  // the latest when the ring is half full.
  explicit AccessRing(std::size_t capacity = kDefaultCapacity, int wake_fd = -1);

  // Producer. Wait-free. The whole line (with its newline) or nothing.
  bool push(std::string_view line) noexcept;

  // Consumer. The bytes at hand in at most two pieces, valid until consume().
  struct Readable {
    std::string_view first, second;
    std::size_t size() const noexcept { return first.size() + second.size(); }
  };
  Readable readable() const noexcept;
  void consume(std::size_t bytes) noexcept;

  std::uint64_t dropped() const noexcept { return dropped_.load(std::memory_order_relaxed); }  // any thread

 private:
  bool refuse() noexcept;
  void copy_in(std::size_t position, std::string_view line) noexcept;

  const std::size_t capacity_;
  const std::size_t wake_bytes_;
  const std::unique_ptr<char[]> bytes_;
  const int wake_fd_;
  alignas(64) std::atomic<std::size_t> tail_{0};  // written by the producer; counts up for ever
  std::size_t seen_head_ = 0;                     // the producer's copy
  std::atomic<std::uint64_t> dropped_{0};
  alignas(64) std::atomic<std::size_t> head_{0};  // written by the consumer
};

// Drains every ring onto a descriptor from a thread of its own, at least every 50 ms. The destructor stops the thread.
class AccessWriter {
 public:
  // The default, -1, is where the application log goes, line by line shared with it. The descriptor is not owned.
  explicit AccessWriter(int fd = -1);
  ~AccessWriter();
  AccessWriter(const AccessWriter&) = delete;
  AccessWriter& operator=(const AccessWriter&) = delete;

  // Main thread, before the loop runs. The ring lives as long as the writer.
  AccessRing& add_ring(std::size_t capacity = AccessRing::kDefaultCapacity);

  // Writes what is left and ends the thread; a reader that hangs gets a second. Producers must have stopped.
  void stop() noexcept;

  std::uint64_t dropped_lines() const noexcept { return dropped_.load(std::memory_order_relaxed); }

 private:
  struct Output;
  void run() noexcept;
  void drain() noexcept;
  void count_drops() noexcept;
  void wait() noexcept;

  UniqueFd wake_;
  std::unique_ptr<Output> output_;
  std::mutex rings_mutex_;
  std::vector<std::unique_ptr<AccessRing>> rings_;
  std::atomic<bool> stopping_{false};
  std::uint64_t counted_ = 0;
  std::uint64_t counted_lost_ = 0;
  std::atomic<std::uint64_t> dropped_{0};
  std::thread thread_;
};

}  // namespace gatehouse
