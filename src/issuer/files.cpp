#include "files.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <memory>

namespace gatehouse::issuer {

namespace {

constexpr off_t kFileLimit = 1024 * 1024;
constexpr mode_t kForOthers = S_IRWXG | S_IRWXO;

Error failed(const std::string& attempted, int error_number) {
  return system_error(error_number == ENOSPC || error_number == EDQUOT ? "vault-full" : "vault-unwritable", attempted, error_number);
}

Status sync_directory(const std::string& directory) {
  const UniqueFd fd(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd || ::fsync(fd.get()) != 0) return failed("cannot sync " + directory, errno);
  return {};
}

bool write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(fd, text.data(), text.size());
    if (written < 0 && errno == EINTR) continue;
    if (written <= 0) return false;
    text.remove_prefix(static_cast<std::size_t>(written));
  }
  return true;
}

std::string temporary_name(const std::string& name) {
  static std::atomic<unsigned> count{0};
  return std::string(kTemporary) + name + "-" + std::to_string(::getpid()) + "-" + std::to_string(++count);
}

}  // namespace

Result<std::optional<Secret>> read_secret_file(const std::string& path) {
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (!fd && errno == ENOENT) return std::optional<Secret>();
  struct stat info {};
  if (!fd || ::fstat(fd.get(), &info) != 0) return failed("cannot read " + path, errno);
  if (!S_ISREG(info.st_mode) || info.st_size > kFileLimit) return make_error("vault-damaged", path + " is no file of ours");
  if ((info.st_mode & kForOthers) != 0) {
    return make_error("vault-insecure", "other users of this machine can read " + path, "chmod 600 " + path);
  }
  std::string text(static_cast<std::size_t>(info.st_size), '\0');
  std::size_t used = 0;
  while (used < text.size()) {
    const ssize_t got = ::read(fd.get(), text.data() + used, text.size() - used);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return failed("cannot read " + path, errno);
    if (got == 0) return make_error("vault-damaged", path + " was cut off while it was read");
    used += static_cast<std::size_t>(got);
  }
  return std::optional<Secret>(Secret(std::move(text)));
}

// The old text or the new one, at whatever moment the power goes: written and synced under another name, renamed, and the
// directory synced.
Status replace_file(const std::string& directory, const std::string& name, std::string_view text) {
  const std::string path = directory + "/" + name;
  const std::string temporary = directory + "/" + temporary_name(name);
  const UniqueFd fd(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!fd) return failed("cannot write " + path, errno);
  if (::fchmod(fd.get(), 0600) != 0 || !write_all(fd.get(), text) || ::fsync(fd.get()) != 0 ||
      ::rename(temporary.c_str(), path.c_str()) != 0) {
    const int error_number = errno;
    ::unlink(temporary.c_str());
    return failed("cannot write " + path, error_number);
  }
  return sync_directory(directory);
}

Status remove_file(const std::string& directory, const std::string& name) {
  const std::string path = directory + "/" + name;
  if (::unlink(path.c_str()) != 0) {
    if (errno == ENOENT) return {};
    return failed("cannot remove " + path, errno);
  }
  return sync_directory(directory);
}

Status make_private_directory(const std::string& path) {
  if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) return failed("cannot make " + path, errno);
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) return failed("cannot look at " + path, errno);
  if (!S_ISDIR(info.st_mode)) return failed("cannot use " + path, ENOTDIR);
  if ((info.st_mode & kForOthers) == 0) return {};
  return make_error("vault-insecure", "the directory " + path + " is open to other users of this machine", "chmod 700 " + path);
}

void remove_temporaries(const std::string& directory, runtime::WallTime before) {
  const std::unique_ptr<DIR, int (*)(DIR*)> list(::opendir(directory.c_str()), ::closedir);
  if (!list) return;
  while (const dirent* const entry = ::readdir(list.get())) {
    if (!std::string_view(entry->d_name).starts_with(kTemporary)) continue;
    const std::string path = directory + "/" + entry->d_name;
    struct stat info {};
    const bool old = ::lstat(path.c_str(), &info) == 0 && runtime::WallTime(std::chrono::seconds(info.st_mtim.tv_sec)) < before;
    if (old) ::unlink(path.c_str());
  }
}

}  // namespace gatehouse::issuer
