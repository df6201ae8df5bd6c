// URLs of databases: nothing breaks the reader, and what is shown of a URL is the same URL without its password.
#include <cstdint>
#include <string>

#include "gatehouse/base/check.h"
#include "gatehouse/state/open.h"
#include "postgres_address.h"

using namespace gatehouse;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string url(reinterpret_cast<const char*>(data), size);
  const std::string shown = state::shown_database_url(url);
  (void)state::database_path({.directory = {}, .database_url = url}, "/var/lib/gatehouse");
  const auto address = state::postgres_address(url, {});
  if (url.empty() || !state::is_postgres_url(url)) return 0;
  GATEHOUSE_CHECK(address.ok() == state::check_database_url(url).ok());
  if (!address) {
    GATEHOUSE_CHECK(shown == Secret::redacted());
    return 0;
  }
  const auto again = state::postgres_address(shown, {});
  GATEHOUSE_CHECK(again.ok());
  GATEHOUSE_CHECK(again->name() == address->name() && again->sslmode == address->sslmode);
  GATEHOUSE_CHECK(address->password.empty() || again->password.reveal() == Secret::redacted());
  GATEHOUSE_CHECK(address->password.reveal() == state::database_password(url).reveal());
  return 0;
}
