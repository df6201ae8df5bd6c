#include "file_errors.h"

#include <fcntl.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

namespace gatehouse::state {

namespace {

constexpr const char* kElsewhere = "name another place in state.directory";

std::string directory_of(const std::string& path) {
  const std::string parent = std::filesystem::path(path).parent_path().string();
  return parent.empty() ? "." : parent;
}

std::string user() { return "uid " + std::to_string(::geteuid()); }

bool may_write(const std::string& path) { return ::faccessat(AT_FDCWD, path.c_str(), W_OK, AT_EACCESS) == 0; }

// The file itself, or its directory when that is what refuses.
std::string refuser(const std::string& path) {
  return ::access(path.c_str(), F_OK) == 0 && !may_write(path) ? path : directory_of(path);
}

std::string advice(const std::string& path, int error_number) {
  const std::string directory = directory_of(path);
  switch (error_number) {
    case ENOSPC: return "make room on the file system of " + directory + " (df and df -i show it)";
    case EDQUOT: return "the quota of " + user() + " on the file system of " + directory + " is used up: raise it, or make room";
    case EFBIG: return "raise the limit on the size of files (ulimit -f, LimitFSIZE=)";
    case EROFS: return "the file system of " + directory + " is read-only: mount it writable, or " + kElsewhere;
    case EACCES:
    case EPERM:
      return refuser(path) + " must belong to the daemon's user, " + user() + ", and be writable: chown it, or " + kElsewhere;
    case ENOENT: return "make the directory " + directory + " first";
    case ENOTDIR: return "name a directory";
    default: return "the file and its directory must belong to the daemon's user, " + user() + ", and be writable";
  }
}

}  // namespace

bool means_no_room(int error_number) { return error_number == ENOSPC || error_number == EDQUOT || error_number == EFBIG; }

Error file_error(std::string attempted, const std::string& path, int error_number) {
  Error error = system_error(means_no_room(error_number) ? "disk-full" : "state-unwritable", attempted, error_number);
  error.help = advice(path, error_number);
  return error;
}

int obstacle_to_writing(const std::string& path) {
  struct statvfs room {};
  if (::statvfs(directory_of(path).c_str(), &room) != 0) return errno;
  if ((room.f_flag & ST_RDONLY) != 0) return EROFS;
  // Without inodes to count (f_files is 0), as on btrfs, there are always some.
  const fsblkcnt_t blocks = ::geteuid() == 0 ? room.f_bfree : room.f_bavail;
  if (blocks == 0 || (room.f_files != 0 && room.f_favail == 0)) return ENOSPC;
  if (::access(path.c_str(), F_OK) == 0 && !may_write(path)) return EACCES;
  return may_write(directory_of(path)) ? 0 : EACCES;
}

}  // namespace gatehouse::state
