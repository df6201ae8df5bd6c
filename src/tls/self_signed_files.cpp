#include <arpa/inet.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "gatehouse/base/unique_fd.h"
#include "gatehouse/tls/self_signed.h"

namespace gatehouse::tls {

namespace {

constexpr std::chrono::hours kRenewBefore{30 * 24};

Error write_error(const std::string& path, int error_number) {
  return system_error("self-signed", "cannot write " + path, error_number);
}

bool write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t sent = ::write(fd, bytes.data(), bytes.size());
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  return true;
}

// A reader sees the old file or the new one, also after a crash.
Status replace_file(const std::string& path, std::string_view bytes, mode_t mode) {
  const std::string temporary = path + ".new";
  ::unlink(temporary.c_str());  // of a run that was killed here
  const UniqueFd fd(::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, mode));
  if (!fd) return write_error(temporary, errno);
  if (::fchmod(fd.get(), mode) != 0 || !write_all(fd.get(), bytes) || ::fsync(fd.get()) != 0 ||
      ::rename(temporary.c_str(), path.c_str()) != 0) {
    const int error_number = errno;
    ::unlink(temporary.c_str());
    return write_error(path, error_number);
  }
  return {};
}

Status sync_directory(const std::string& directory) {
  const UniqueFd fd(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd || ::fsync(fd.get()) != 0) return write_error(directory, errno);
  return {};
}

// As a certificate gives them back: "A.b" is "a.b", and "0:0::1" is "::1".
std::vector<std::string> normal_names(const std::vector<std::string>& names) {
  std::vector<std::string> normal;
  for (std::string name : names) {
    for (char& c : name) {
      if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    in6_addr address{};
    char text[INET6_ADDRSTRLEN] = {};
    if (::inet_pton(AF_INET6, name.c_str(), &address) == 1) name = ::inet_ntop(AF_INET6, &address, text, sizeof text);
    normal.push_back(std::move(name));
  }
  std::sort(normal.begin(), normal.end());
  normal.erase(std::unique(normal.begin(), normal.end()), normal.end());
  return normal;
}

bool still_good(const Certificate& certificate, const std::vector<std::string>& names, runtime::WallTime now) {
  return certificate.self_signed() && normal_names(certificate.names()) == normal_names(names) &&
         certificate.not_after() - now > kRenewBefore && certificate.not_before() <= now;
}

Status store(const std::string& directory, const CertificateFile& file, const CertificatePem& pem) {
  if (::mkdir(directory.c_str(), 0700) != 0 && errno != EEXIST) return write_error(directory, errno);
  if (Status written = replace_file(file.key, pem.key, 0600); !written) return written;
  if (Status written = replace_file(file.chain, pem.chain, 0644); !written) return written;
  return sync_directory(directory);
}

}  // namespace

Result<SelfSigned> ensure_self_signed(const std::string& directory, const std::vector<std::string>& names,
                                      const runtime::Clock& clock, runtime::Random& random) {
  const runtime::WallTime now = clock.wall();
  SelfSigned result;
  result.file = {directory + "/self-signed.pem", directory + "/self-signed.key"};
  auto present = Certificate::load(result.file, now);
  if (present && still_good(**present, names, now)) {
    result.certificate = *std::move(present);
    return result;
  }
  const auto pem = make_self_signed(names, now, random);
  if (!pem) return pem.error();
  if (Status stored = store(directory, result.file, *pem); !stored) return std::move(stored).error();
  auto certificate = Certificate::parse(pem->chain, pem->key, now);
  if (!certificate) return std::move(certificate).error();
  result.certificate = *std::move(certificate);
  result.created = true;
  return result;
}

}  // namespace gatehouse::tls
