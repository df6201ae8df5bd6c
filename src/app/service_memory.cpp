#include "service_memory.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <nlohmann/json.hpp>

#include "gatehouse/base/unique_fd.h"

namespace gatehouse::app {

namespace {

using Json = nlohmann::json;

constexpr std::size_t kMaxFile = 1024 * 1024;

std::string path_in(const std::string& state_directory) { return state_directory + "/services.json"; }

Error damaged(const std::string& path) {
  return make_error("services-damaged", path + " is not what the daemon writes",
                    "take it from a backup; without it the containers of this daemon are not known as its own");
}

Result<std::string> read_all(const std::string& path, int fd) {
  std::string text;
  std::array<char, 4096> buffer;
  for (;;) {
    const ssize_t got = ::read(fd, buffer.data(), buffer.size());
    if (got < 0) return system_error("state-unwritable", "cannot read " + path, errno);
    if (got == 0) return text;
    text.append(buffer.data(), static_cast<std::size_t>(got));
    if (text.size() > kMaxFile) return damaged(path);
  }
}

Result<ServiceMemory> parse(const std::string& path, const std::string& text) {
  const Json json = Json::parse(text, nullptr, false);
  if (!json.is_object() || !json.contains("instance") || !json.contains("key")) return damaged(path);
  ServiceMemory out;
  const Json& instance = json["instance"];
  const Json& key = json["key"];
  if (!instance.is_string() || !key.is_string() || instance.get<std::string>().empty()) return damaged(path);
  out.instance = instance.get<std::string>();
  out.key = Secret(key.get<std::string>());
  const Json holds = json.value("holds", Json::object());
  if (!holds.is_object()) return damaged(path);
  for (const auto& [name, by] : holds.items())
    if (by.is_string()) out.holds.emplace(name, by.get<std::string>());
  return out;
}

}  // namespace

Result<ServiceMemory> open_service_memory(const std::string& state_directory, runtime::Random& random) {
  const std::string path = path_in(state_directory);
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (file) {
    auto text = read_all(path, file.get());
    if (!text) return std::move(text).error();
    return parse(path, *text);
  }
  if (errno != ENOENT) return system_error("state-unwritable", "cannot read " + path, errno);
  ServiceMemory made{runtime::random_hex(random, 8), Secret(runtime::random_hex(random, 32)), {}};
  if (Status kept = keep_service_memory(state_directory, made); !kept) return std::move(kept).error();
  return made;
}

Status keep_service_memory(const std::string& state_directory, const ServiceMemory& memory) {
  const std::string path = path_in(state_directory), part = path + ".part";
  const std::string text = Json{{"instance", memory.instance}, {"key", memory.key.reveal()}, {"holds", memory.holds}}.dump();
  const UniqueFd file(::open(part.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600));
  const bool written = file && ::write(file.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size()) &&
                       ::fsync(file.get()) == 0 && ::rename(part.c_str(), path.c_str()) == 0;
  return written ? Status() : Status(system_error("state-unwritable", "cannot write " + path, errno));
}

}  // namespace gatehouse::app
