// An MCP server that runs as a child process: what it is, and what outlives a reload about it.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace gatehouse::stdio {

struct ServerSettings {
  std::string name;
  std::vector<std::string> command;                // argv
  std::map<std::string, std::string> environment;  // added to a clean environment
  std::uint32_t max_processes = 0;                 // running at a time
  std::chrono::milliseconds start_timeout{0};      // until the first answer
  std::chrono::milliseconds stop_grace{0};         // stdin closed → SIGTERM → SIGKILL, each after this long
};

// How a server does. Any thread.
class ServerState {
 public:
  bool take_process(std::uint32_t limit) noexcept;  // false: at the limit
  void give_process() noexcept { processes_.fetch_sub(1, std::memory_order_relaxed); }
  std::uint32_t processes() const noexcept { return processes_.load(std::memory_order_relaxed); }

  void failed(std::string_view error);
  void succeeded();
  std::string last_error() const;

  std::atomic<std::uint64_t> calls{0};  // of tools, ever

  // A child that does not speak 2026-07-28 is not asked again before this time (nanoseconds of the steady clock).
  std::atomic<std::int64_t> legacy_until{0};

 private:
  std::atomic<std::uint32_t> processes_{0};
  std::atomic<bool> failing_{false};
  mutable std::mutex mutex_;
  std::string last_error_;
};

struct Server {
  ServerSettings settings;
  std::shared_ptr<ServerState> state;
};

// What happened, for metrics. Called on any loop; must not block.
class Observer {
 public:
  virtual ~Observer() = default;
  virtual void dropped_message(std::string_view /*server*/, std::string_view /*reason*/) {}
};

}  // namespace gatehouse::stdio
