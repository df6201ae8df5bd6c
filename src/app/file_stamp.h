// What tells two states of a file apart without reading it.
#pragma once

#include <cstdint>
#include <string>

namespace gatehouse::app {

struct FileStamp {
  std::uint64_t device = 0, inode = 0;
  std::int64_t size = -1;  // -1: there is no such file
  std::int64_t modified_ns = 0, changed_ns = 0;
  bool operator==(const FileStamp&) const = default;

  static FileStamp of(const std::string& path);  // blocks
};

}  // namespace gatehouse::app
