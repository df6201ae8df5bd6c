// What a certificate authority answers: documents and header fields. The first byte chooses.
#include <cstdint>
#include <string>

#include "gatehouse/acme/documents.h"
#include "gatehouse/acme/failure.h"
#include "gatehouse/base/check.h"

using namespace gatehouse;

namespace {

void check_urls(const std::vector<std::string>& urls) {
  for (const std::string& url : urls) GATEHOUSE_CHECK(acme::is_https_url(url));
}

void check_order(std::string_view body) {
  const auto order = acme::parse_order(body);
  if (!order) return;
  check_urls(order->authorizations);
  check_urls({order->finalize});
  GATEHOUSE_CHECK(!order->names.empty() && order->names.size() <= 100);
  GATEHOUSE_CHECK(order->status != acme::OrderStatus::kValid || acme::is_https_url(order->certificate));
}

void check_authorization(std::string_view body) {
  const auto authorization = acme::parse_authorization(body);
  if (!authorization) return;
  for (const acme::ChallengeDocument& challenge : authorization->challenges) {
    check_urls({challenge.url});
    GATEHOUSE_CHECK(challenge.token.find_first_of("/.\\% ") == std::string::npos && challenge.token.size() <= 256);
  }
}

void check_problem(const acme::Answer& answer) {
  const acme::Failure failure = acme::failure_of(answer, {});
  GATEHOUSE_CHECK(!failure.error.message.empty() && failure.error.message.size() <= 2100);
  for (const char c : failure.error.message) GATEHOUSE_CHECK(static_cast<unsigned char>(c) >= 0x20 && c != 0x7f);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string body(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0]) {
    case 'd':
      if (const auto directory = acme::parse_directory(body)) check_urls({directory->new_nonce, directory->new_account, directory->new_order});
      break;
    case 'a': static_cast<void>(acme::parse_account(body)); break;
    case 'o': check_order(body); break;
    case 'z': check_authorization(body); break;
    case 'c':
      if (const auto challenge = acme::parse_challenge(body)) check_urls({challenge->url});
      break;
    case 'r':
      if (const auto window = acme::parse_renewal_window(body)) GATEHOUSE_CHECK(window->start < window->end);
      break;
    case 'p': check_problem({.status = 400, .headers = {}, .body = body}); break;
    default: break;
  }
  return 0;
}
