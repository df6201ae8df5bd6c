// The configuration as requests use it: immutable, shared; and what outlives a reload about each server.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "gatehouse/mcp/settings.h"
#include "ingress.h"

namespace gatehouse::mcp {

// Any thread.
class ServerState {
 public:
  explicit ServerState(std::string name) : name_(std::move(name)) {}
  const std::string& name() const noexcept { return name_; }

  bool take_process(std::uint32_t limit) noexcept;  // false: at the limit
  void give_process() noexcept { processes_.fetch_sub(1, std::memory_order_relaxed); }
  std::uint32_t processes() const noexcept { return processes_.load(std::memory_order_relaxed); }

  void failed(std::string_view error);
  void succeeded();
  std::string last_error() const;

  // A child that does not speak 2026-07-28 is not asked again before this time (nanoseconds of the steady clock).
  std::atomic<std::int64_t> legacy_until{0};

 private:
  const std::string name_;
  std::atomic<std::uint32_t> processes_{0};
  std::atomic<bool> failing_{false};
  mutable std::mutex mutex_;
  std::string last_error_;
};

struct Server {
  ServerSettings settings;
  std::shared_ptr<ServerState> state;
  bool http() const noexcept { return !settings.url.empty(); }
  std::string path() const;  // of the URL, with query; "/" when it has none
};

struct Target {
  const EndpointSettings* endpoint = nullptr;  // null: no such endpoint
  std::shared_ptr<const Server> server;        // null: the endpoint has several servers, and the path names none
};

struct Config {
  Settings settings;
  Hosts hosts;
  std::map<std::string, std::shared_ptr<const Server>, std::less<>> servers;

  Target find(std::string_view path) const;  // an endpoint's path, or path/NAME with one of its servers
};

bool same(const ServerSettings& a, const ServerSettings& b) noexcept;

// Keeps the Server objects of `previous` (may be null) whose settings are the same.
std::shared_ptr<const Config> make_config(Settings settings, std::vector<std::string> route_hosts, const Config* previous);

}  // namespace gatehouse::mcp
