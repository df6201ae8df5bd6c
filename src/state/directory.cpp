#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <filesystem>
#include <optional>
#include <string_view>

#include "gatehouse/base/log.h"
#include "gatehouse/state/open.h"

namespace gatehouse::state {

namespace {

namespace fs = std::filesystem;

constexpr const char* kLockName = "/gatehouse.lock";
constexpr mode_t kOthers = S_IRWXG | S_IRWXO;

Error unwritable(const std::string& attempted, int error_number) {
  Error error = system_error(error_number == ENOSPC ? "disk-full" : "state-unwritable", attempted, error_number);
  error.help = "state.directory must be a directory that the daemon's user owns (now running as uid " +
               std::to_string(::geteuid()) + ")";
  return error;
}

Status make_directory(const std::string& path) {
  std::error_code code;
  const fs::path parent = fs::path(path).parent_path();
  if (!parent.empty()) fs::create_directories(parent, code);
  if (code) return unwritable("cannot make the directory " + parent.string(), code.value());
  if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) {
    return unwritable("cannot make the state directory " + path, errno);
  }
  return {};
}

// A directory that somebody else filled is not closed behind his back: state.directory could be /tmp by mistake.
bool evidently_ours(const std::string& path, const struct stat& info) {
  if (info.st_uid != ::geteuid()) return false;
  if (::access((path + kLockName).c_str(), F_OK) == 0) return true;
  std::error_code code;
  return fs::is_empty(path, code) && !code;
}

Status keep_others_out(const std::string& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) return unwritable("cannot look at the state directory " + path, errno);
  if (!S_ISDIR(info.st_mode)) return unwritable("cannot use the state directory " + path, ENOTDIR);
  if ((info.st_mode & kOthers) == 0) return {};
  if (evidently_ours(path, info) && ::chmod(path.c_str(), 0700) == 0) {
    log::warn("state", "state.permissions.repaired", "state directory was open to other users; mode is now 0700",
              {{"path", path}});
    return {};
  }
  return make_error("state-insecure", "the state directory " + path + " is open to other users of this machine",
                    "chmod 700 " + path + ", or name a directory that is used for nothing else");
}

std::optional<int> pid_in(int fd) {
  std::array<char, 32> text{};
  const ssize_t got = ::pread(fd, text.data(), text.size(), 0);
  int pid = 0;
  if (got <= 0 || std::from_chars(text.data(), text.data() + got, pid).ec != std::errc()) return std::nullopt;
  return pid;
}

Error in_use(const std::string& path, int fd) {
  const auto pid = pid_in(fd);
  return make_error("state-in-use",
                    "the state directory " + path + " is in use by another gatehouse" +
                        (pid ? " (pid " + std::to_string(*pid) + ")" : std::string()),
                    "stop it first, or give this one its own state.directory");
}

Result<UniqueFd> lock(const std::string& path) {
  const std::string name = path + kLockName;
  UniqueFd fd(::open(name.c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!fd) return unwritable("cannot write " + name, errno);
  if (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno == EWOULDBLOCK) return in_use(path, fd.get());
    return unwritable("cannot lock " + name, errno);
  }
  const std::string pid = std::to_string(::getpid()) + "\n";
  if (::ftruncate(fd.get(), 0) != 0 || ::pwrite(fd.get(), pid.data(), pid.size(), 0) < 0) {
    return unwritable("cannot write " + name, errno);
  }
  return fd;
}

}  // namespace

Result<StateDirectory> StateDirectory::open(const std::string& path) {
  if (path.empty()) return make_error("state-unwritable", "state.directory is empty");
  std::string clean = path;
  while (clean.size() > 1 && clean.back() == '/') clean.pop_back();
  if (auto made = make_directory(clean); !made) return std::move(made).error();
  if (auto closed = keep_others_out(clean); !closed) return std::move(closed).error();
  auto fd = lock(clean);
  if (!fd) return std::move(fd).error();
  return StateDirectory(std::move(clean), *std::move(fd));
}

}  // namespace gatehouse::state
