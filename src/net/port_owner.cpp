#include "port_owner.h"

#include <dirent.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <fstream>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

namespace gatehouse::net {

namespace {

struct ListeningSocket {
  std::string inode;
  std::string uid;
};

std::vector<std::string_view> fields_of(std::string_view line) {
  std::vector<std::string_view> fields;
  for (std::size_t at = line.find_first_not_of(' '); at != std::string_view::npos;) {
    const std::size_t end = std::min(line.find(' ', at), line.size());
    fields.push_back(line.substr(at, end - at));
    at = line.find_first_not_of(' ', end);
  }
  return fields;
}

// Lines of proc(5): "sl local_address rem_address st tx:rx tr:when retrnsmt uid timeout inode …", numbers in hex.
std::optional<ListeningSocket> listening_on(std::string_view line, std::uint16_t port) {
  const auto fields = fields_of(line);
  if (fields.size() < 10 || fields[3] != "0A") return std::nullopt;
  const std::size_t colon = fields[1].rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  const std::string_view text = fields[1].substr(colon + 1);
  std::uint16_t found = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), found, 16);
  if (error != std::errc() || found != port) return std::nullopt;
  return ListeningSocket{std::string(fields[9]), std::string(fields[7])};
}

std::vector<ListeningSocket> listening_sockets(std::uint16_t port) {
  std::vector<ListeningSocket> sockets;
  for (const char* const table : {"/proc/net/tcp", "/proc/net/tcp6"}) {
    std::ifstream in(table);
    for (std::string line; std::getline(in, line);) {
      if (auto socket = listening_on(line, port)) sockets.push_back(*std::move(socket));
    }
  }
  return sockets;
}

std::vector<std::string> names_in(const std::string& directory) {
  std::vector<std::string> names;
  const std::unique_ptr<DIR, int (*)(DIR*)> handle(::opendir(directory.c_str()), ::closedir);
  if (!handle) return names;
  while (const dirent* entry = ::readdir(handle.get())) names.emplace_back(entry->d_name);
  return names;
}

bool holds_socket(const std::string& process, const std::string& inode) {
  const std::string directory = "/proc/" + process + "/fd";
  const std::string wanted = "socket:[" + inode + "]";
  char target[64];
  for (const std::string& name : names_in(directory)) {
    const ssize_t size = ::readlink((directory + "/" + name).c_str(), target, sizeof target);
    if (size > 0 && std::string_view(target, static_cast<std::size_t>(size)) == wanted) return true;
  }
  return false;
}

std::optional<pid_t> pid_of(std::string_view name) {
  pid_t pid = 0;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), pid);
  if (error != std::errc() || end != name.data() + name.size()) return std::nullopt;
  return pid;
}

}  // namespace

std::string describe_process(pid_t pid) {
  const std::string number = std::to_string(pid);
  std::ifstream in("/proc/" + number + "/comm");
  std::string name;
  if (!std::getline(in, name) || name.empty()) return "pid " + number;
  std::replace_if(name.begin(), name.end(), [](char c) { return c < ' ' || c > '~'; }, '?');
  return name + " (pid " + number + ")";
}

std::string describe_port_owner(std::uint16_t port) {
  const auto sockets = listening_sockets(port);
  if (sockets.empty()) return "another process";
  for (const std::string& name : names_in("/proc")) {
    const auto pid = pid_of(name);
    if (!pid) continue;
    for (const ListeningSocket& socket : sockets) {
      if (holds_socket(name, socket.inode)) return describe_process(*pid);
    }
  }
  return "a process of user " + sockets.front().uid;
}

}  // namespace gatehouse::net
