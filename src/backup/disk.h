// Files, with errors in the words of the shelf. Blocking.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "gatehouse/base/result.h"
#include "gatehouse/base/unique_fd.h"

namespace gatehouse::backup {

Error write_error(const std::string& path, int error_number);
Error read_error(const std::string& path, int error_number);

Result<UniqueFd> create_file(const std::string& path);            // 0600; must not exist
Status write_all(int fd, std::string_view bytes, const std::string& path);
Result<std::string> read_some(int fd, std::size_t limit, const std::string& path);  // empty: the end
Status flush_file(int fd, const std::string& path);
Status flush_directory(const std::string& path);
Status replace_file(const std::string& path, std::string_view bytes);  // all or nothing
Result<std::string> read_small_file(const std::string& path, std::size_t limit);

struct Digest {
  std::uint64_t bytes = 0;
  std::string sha256;
};
Result<Digest> digest_of(const std::string& path);

}  // namespace gatehouse::backup
