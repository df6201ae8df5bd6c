#include "lock_file.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <filesystem>
#include <optional>

#include "file_errors.h"

namespace gatehouse::state {

namespace {

constexpr std::size_t kMaxCommand = 80;

// "gatehouse run": the program and what it was asked to do. What follows may be nobody's business.
std::string own_command() {
  std::array<char, 4096> text{};
  const UniqueFd fd(::open("/proc/self/cmdline", O_RDONLY | O_CLOEXEC));
  const ssize_t got = fd ? ::read(fd.get(), text.data(), text.size()) : 0;
  std::string_view rest(text.data(), got > 0 ? static_cast<std::size_t>(got) : 0);
  const auto next = [&rest] {
    const std::string_view word = rest.substr(0, rest.find('\0'));
    rest.remove_prefix(std::min(word.size() + 1, rest.size()));
    return word;
  };
  std::string command = std::filesystem::path(next()).filename().string();
  while (!rest.empty() && !rest.starts_with('-') && command.size() < kMaxCommand) command += " " + std::string(next());
  return command;
}

struct Owner {
  int pid = 0;
  std::string command;
};

// Another version, or somebody with an editor, may have written it.
std::optional<Owner> owner_in(int fd) {
  std::array<char, 256> bytes{};
  const ssize_t got = ::pread(fd, bytes.data(), bytes.size(), 0);
  const std::string_view text(bytes.data(), got > 0 ? static_cast<std::size_t>(got) : 0);
  Owner owner;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), owner.pid);
  if (code != std::errc()) return std::nullopt;
  std::string_view rest = text.substr(static_cast<std::size_t>(end - text.data()));
  if (rest.starts_with(' ')) owner.command = rest.substr(1, rest.find('\n') - 1);
  const bool printable = std::all_of(owner.command.begin(), owner.command.end(), [](char c) { return c >= ' ' && c != '\x7f'; });
  if (!printable) owner.command.clear();
  return owner;
}

Error in_use(std::string_view what, int fd) {
  std::string message(what);
  message += " is in use by another gatehouse";
  if (const auto owner = owner_in(fd)) {
    message += " (pid " + std::to_string(owner->pid);
    if (!owner->command.empty()) message += ", " + owner->command;
    message += ")";
  }
  return make_error("state-in-use", std::move(message),
                    "stop it first, or give this one its own state.directory and state.database_url");
}

}  // namespace

Result<UniqueFd> lock_file(const std::string& name, std::string_view what) {
  UniqueFd fd(::open(name.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!fd) return file_error("cannot write " + name, name, errno);
  if (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno == EWOULDBLOCK) return in_use(what, fd.get());
    return file_error("cannot lock " + name, name, errno);
  }
  const std::string owner = std::to_string(::getpid()) + " " + own_command() + "\n";
  if (::ftruncate(fd.get(), 0) != 0 || ::pwrite(fd.get(), owner.data(), owner.size(), 0) < 0) {
    return file_error("cannot write " + name, name, errno);
  }
  return fd;
}

}  // namespace gatehouse::state
