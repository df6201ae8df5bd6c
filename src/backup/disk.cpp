#include "disk.h"

#include <fcntl.h>
#include <openssl/evp.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <memory>

#include "gatehouse/base/encoding.h"
#include "gatehouse/backup/shelf.h"

namespace gatehouse::backup {

namespace {

constexpr std::size_t kPiece = 256 * 1024;

Result<UniqueFd> open_file(const std::string& path) {
  UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (!fd) return read_error(path, errno);
  return fd;
}

}  // namespace

Error write_error(const std::string& path, int error_number) {
  const bool full = error_number == ENOSPC || error_number == EDQUOT || error_number == EFBIG;
  Error error = system_error(full ? "disk-full" : "backup-unwritable", "cannot write " + path, error_number);
  error.help = full ? "make room, or name another place in backup.directory; the backups that are there were not touched"
                    : "the directory of backups must belong to the daemon's user and be writable";
  return error;
}

Error read_error(const std::string& path, int error_number) { return system_error("backup-unreadable", "cannot read " + path, error_number); }

Result<UniqueFd> create_file(const std::string& path) {
  UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!fd) return write_error(path, errno);
  return fd;
}

Status write_all(int fd, std::string_view bytes, const std::string& path) {
  while (!bytes.empty()) {
    const ssize_t written = ::write(fd, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return write_error(path, errno);
    bytes.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

Result<std::string> read_some(int fd, std::size_t limit, const std::string& path) {
  std::string out(limit, '\0');
  ssize_t got = -1;
  do got = ::read(fd, out.data(), out.size());
  while (got < 0 && errno == EINTR);
  if (got < 0) return read_error(path, errno);
  out.resize(static_cast<std::size_t>(got));
  return out;
}

Status flush_file(int fd, const std::string& path) { return ::fsync(fd) == 0 ? Status() : Status(write_error(path, errno)); }

Status flush_directory(const std::string& path) {
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  return fd ? flush_file(fd.get(), path) : Status(write_error(path, errno));
}

Status replace_file(const std::string& path, std::string_view bytes) {
  const std::string part = path + ".part";
  ::unlink(part.c_str());
  auto fd = create_file(part);
  if (!fd) return std::move(fd).error();
  Status done = write_all(fd->get(), bytes, part);
  if (done) done = flush_file(fd->get(), part);
  if (done && ::rename(part.c_str(), path.c_str()) != 0) done = write_error(path, errno);
  if (!done) ::unlink(part.c_str());
  return done ? flush_directory(path.substr(0, path.rfind('/'))) : done;
}

Result<std::string> read_small_file(const std::string& path, std::size_t limit) {
  auto fd = open_file(path);
  if (!fd) return std::move(fd).error();
  std::string all;
  for (;;) {
    auto piece = read_some(fd->get(), kPiece, path);
    if (!piece || piece->empty()) return piece ? Result<std::string>(std::move(all)) : std::move(piece);
    all += *piece;
    if (all.size() > limit) return make_error("backup-unreadable", "cannot read " + path + ": it is too large to be what it should be");
  }
}

Result<Digest> digest_of(const std::string& path) {
  auto fd = open_file(path);
  if (!fd) return std::move(fd).error();
  const std::unique_ptr<EVP_MD_CTX, decltype(&EVP_MD_CTX_free)> context(EVP_MD_CTX_new(), &EVP_MD_CTX_free);
  bool fine = context != nullptr && EVP_DigestInit_ex(context.get(), EVP_sha256(), nullptr) == 1;
  Digest out;
  for (;;) {
    auto piece = read_some(fd->get(), kPiece, path);
    if (!piece) return std::move(piece).error();
    if (piece->empty()) break;
    fine = fine && EVP_DigestUpdate(context.get(), piece->data(), piece->size()) == 1;
    out.bytes += piece->size();
  }
  std::array<std::uint8_t, 32> sum{};
  if (!fine || EVP_DigestFinal_ex(context.get(), sum.data(), nullptr) != 1) return make_error("backup-unreadable", "OpenSSL makes no checksum of " + path);
  out.sha256 = encode_hex(sum);
  return out;
}

Status copy_file(const std::string& from, const std::string& to) {
  auto source = open_file(from);
  if (!source) return std::move(source).error();
  auto target = create_file(to);
  if (!target) return std::move(target).error();
  for (;;) {
    auto piece = read_some(source->get(), kPiece, from);
    if (!piece) return std::move(piece).error();
    if (piece->empty()) return flush_file(target->get(), to);
    if (Status written = write_all(target->get(), *piece, to); !written) return written;
  }
}

}  // namespace gatehouse::backup
