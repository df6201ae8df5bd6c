#include "gatehouse/backup/files.h"

#include <fcntl.h>

#include <cerrno>

#include "away.h"
#include "disk.h"

namespace gatehouse::backup {

namespace {

constexpr std::size_t kPiece = 256 * 1024;

// Shared with work on the pool, which may outlive whoever asked for it.
struct File {
  std::string path;
  UniqueFd fd{};
};

Result<std::string> read_next(File& file) {
  if (!file.fd) file.fd = UniqueFd(::open(file.path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (!file.fd) return read_error(file.path, errno);
  return read_some(file.fd.get(), kPiece, file.path);
}

Status write_next(File& file, std::string_view bytes) {
  if (!file.fd) {
    auto made = create_file(file.path);
    if (!made) return std::move(made).error();
    file.fd = *std::move(made);
  }
  return write_all(file.fd.get(), bytes, file.path);
}

}  // namespace

Pieces read_pieces(Host host, std::string path) {
  return [host, file = std::make_shared<File>(File{std::move(path)})] { return away(host, [file] { return read_next(*file); }); };
}

Sink write_pieces(Host host, std::string path) {
  return [host, file = std::make_shared<File>(File{std::move(path)})](std::string bytes) {
    return away(host, [file, bytes = std::move(bytes)] { return write_next(*file, bytes); });
  };
}

}  // namespace gatehouse::backup
