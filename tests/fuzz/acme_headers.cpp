// Header fields of a certificate authority: Link, Retry-After, Replay-Nonce.
#include <cstdint>
#include <string>

#include "gatehouse/acme/exchange.h"
#include "gatehouse/base/check.h"

using namespace gatehouse;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string value(reinterpret_cast<const char*>(data), size);
  const acme::Answer answer{.status = 200, .headers = {{"Link", value}, {"Retry-After", value}, {"Replay-Nonce", value}}, .body = {}};
  const auto urls = acme::links(answer, "alternate");
  GATEHOUSE_CHECK(urls.size() <= 16);
  for (const std::string& url : urls) GATEHOUSE_CHECK(acme::is_https_url(url) && value.find("<" + url + ">") != std::string::npos);
  const auto wait = acme::retry_after(answer, runtime::WallTime(std::chrono::hours(500'000)));
  GATEHOUSE_CHECK(!wait || (wait->count() >= 0 && *wait <= std::chrono::hours(365 * 24)));
  const std::string_view nonce = acme::replay_nonce(answer);
  GATEHOUSE_CHECK(nonce.find_first_of("\"\\ .=\n") == nonce.npos);
  return 0;
}
