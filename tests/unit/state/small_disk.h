// A file system of some pages for one test, in a mount namespace of this process: it really becomes full, or read-only.
#pragma once

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <unistd.h>

#include <string>

#include "temporary_directory.h"

namespace gatehouse::fakes {

class SmallDisk {
 public:
  explicit SmallDisk(const char* size = "1m") {
    const std::string options = std::string("mode=0700,size=") + size;
    mounted_ = ::unshare(CLONE_NEWNS) == 0 && ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
               ::mount("tmpfs", place_.path().c_str(), "tmpfs", MS_NOSUID | MS_NODEV, options.c_str()) == 0;
  }
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;
  ~SmallDisk() {
    if (mounted_) ::umount2(place_.path().c_str(), MNT_DETACH);
  }

  bool mounted() const { return mounted_; }  // false: this user may not
  const std::string& path() const { return place_.path(); }
  std::string file(const std::string& name) const { return place_.file(name); }

  void fill() const {
    const int fd = ::open(file("ballast").c_str(), O_WRONLY | O_CREAT | O_APPEND, 0600);
    const std::string page(4096, 'x');
    while (::write(fd, page.data(), page.size()) > 0) {
    }
    EXPECT_EQ(errno, ENOSPC);
    ::close(fd);
  }
  void make_room() const { EXPECT_EQ(::unlink(file("ballast").c_str()), 0); }
  void make_read_only() const {
    EXPECT_EQ(::mount(nullptr, path().c_str(), nullptr, MS_REMOUNT | MS_RDONLY, nullptr), 0) << errno;
  }

 private:
  TemporaryDirectory place_;
  bool mounted_ = false;
};

}  // namespace gatehouse::fakes
