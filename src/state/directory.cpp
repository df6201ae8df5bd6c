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

#include "file_errors.h"
#include "gatehouse/base/log.h"
#include "gatehouse/state/open.h"
#include "lock_file.h"

namespace gatehouse::state {

namespace {

namespace fs = std::filesystem;

constexpr const char* kLockName = "/gatehouse.lock";
constexpr mode_t kOthers = S_IRWXG | S_IRWXO;

Status make_directory(const std::string& path) {
  std::error_code code;
  const fs::path parent = fs::path(path).parent_path();
  if (!parent.empty()) fs::create_directories(parent, code);
  if (code) return file_error("cannot make the directory " + parent.string(), parent.string(), code.value());
  if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) {
    return file_error("cannot make the state directory " + path, path, errno);
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
  if (::stat(path.c_str(), &info) != 0) return file_error("cannot look at the state directory " + path, path, errno);
  if (!S_ISDIR(info.st_mode)) return file_error("cannot use the state directory " + path, path, ENOTDIR);
  if ((info.st_mode & kOthers) == 0) return {};
  if (evidently_ours(path, info) && ::chmod(path.c_str(), 0700) == 0) {
    log::warn("state", "state.permissions.repaired", "state directory was open to other users; mode is now 0700",
              {{"path", path}});
    return {};
  }
  return make_error("state-insecure", "the state directory " + path + " is open to other users of this machine",
                    "chmod 700 " + path + ", or name a directory that is used for nothing else");
}

}  // namespace

Result<StateDirectory> StateDirectory::open(const std::string& path) {
  if (path.empty()) return make_error("state-unwritable", "state.directory is empty");
  std::string clean = path;
  while (clean.size() > 1 && clean.back() == '/') clean.pop_back();
  if (auto made = make_directory(clean); !made) return std::move(made).error();
  if (auto closed = keep_others_out(clean); !closed) return std::move(closed).error();
  auto fd = lock_file(clean + kLockName, "the state directory " + clean);
  if (!fd) return std::move(fd).error();
  return StateDirectory(std::move(clean), *std::move(fd));
}

}  // namespace gatehouse::state
