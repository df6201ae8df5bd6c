// The configuration as requests use it: immutable, shared; and what outlives a reload about each server.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "gatehouse/mcp/settings.h"
#include "gatehouse/stdio/server.h"
#include "ingress.h"

namespace gatehouse::mcp {

struct Server {
  ServerSettings settings;
  std::shared_ptr<stdio::ServerState> state;
  std::shared_ptr<const stdio::Server> child;   // null: reached over HTTP
  std::string path;                             // of the URL, with query
  bool http() const noexcept { return child == nullptr; }
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
