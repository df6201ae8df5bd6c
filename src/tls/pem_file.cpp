#include "pem_file.h"

#include <fcntl.h>
#include <openssl/crypto.h>
#include <unistd.h>

#include <cerrno>

#include "gatehouse/base/unique_fd.h"

namespace gatehouse::tls {

FileText::~FileText() { OPENSSL_cleanse(text.data(), text.size()); }

Status read_file(const std::string& path, std::string_view slug, FileText& out, std::size_t limit) {
  const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));  // a pipe must not hold us
  struct stat info {};
  if (!fd || ::fstat(fd.get(), &info) != 0) return system_error(slug, "cannot read " + path, errno);
  if (!S_ISREG(info.st_mode)) return make_error(slug, "cannot read " + path + ": not a regular file");
  if (static_cast<std::size_t>(info.st_size) > limit)
    return make_error(slug, "cannot read " + path + ": larger than " + std::to_string(limit / 1024 / 1024) + " MiB");
  out.mode = info.st_mode;
  out.text.resize(static_cast<std::size_t>(info.st_size));
  std::size_t used = 0;
  while (used < out.text.size()) {
    const ssize_t got = ::read(fd.get(), out.text.data() + used, out.text.size() - used);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return system_error(slug, "cannot read " + path, errno);
    if (got == 0) break;
    used += static_cast<std::size_t>(got);
  }
  out.text.resize(used);
  return {};
}

BioPtr bio_of(std::string_view text) { return BioPtr(BIO_new_mem_buf(text.data(), static_cast<int>(text.size()))); }

}  // namespace gatehouse::tls
