#include "gatehouse/base/result.h"

#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <system_error>

#include "gatehouse/base/unique_fd.h"

namespace gatehouse {

Error system_error(std::string_view slug, std::string_view attempted, int error_number) {
  return make_error(slug, std::string(attempted) + ": " + std::generic_category().message(error_number));
}

void check_failed(const char* condition, const char* file, int line) noexcept {
  std::fprintf(stderr, "gatehouse: broken invariant: %s (%s:%d)\n", condition, file, line);
  std::abort();
}

void UniqueFd::reset() noexcept {
  if (fd_ >= 0) ::close(std::exchange(fd_, -1));
}

}  // namespace gatehouse
