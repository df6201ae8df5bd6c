// A whole order with an authority that answers anything, from a stored order that may be anything. It must end, within a number of
// requests, with nothing left presented. Input: the stored order, then answers, separated by lines "--STATUS".
#include <cstdint>
#include <string>
#include <vector>

#include "fakes/acme_environment.h"
#include "gatehouse/acme/order.h"
#include "gatehouse/base/check.h"

using namespace gatehouse;

namespace {

struct Script {
  std::string stored;
  std::vector<acme::Answer> answers;
};

Script parse(std::string_view text) {
  Script script;
  std::string* part = &script.stored;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    if (line.starts_with("--") && line.size() >= 5) {
      const int status = (line[2] - '0') * 100 + (line[3] - '0') * 10 + (line[4] - '0');
      script.answers.push_back({.status = status, .headers = {{"Replay-Nonce", "n"}, {"Location", "https://ca.test/orders/1"}}, .body = {}});
      part = &script.answers.back().body;
    } else {
      part->append(line);
    }
  }
  return script;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const Script script = parse({reinterpret_cast<const char*>(data), size});
  fakes::AcmeWorld world;
  std::size_t asked = 0;
  world.ca.intercept = [&](const acme::Request& request, const std::string&) -> std::optional<acme::Answer> {
    GATEHOUSE_CHECK(acme::is_https_url(request.url));
    GATEHOUSE_CHECK(++asked < 400);
    if (script.answers.empty()) return acme::Answer{.status = 500, .headers = {}, .body = {}};
    return script.answers[asked % script.answers.size()];
  };
  if (!script.stored.empty()) world.order.text = Secret(script.stored);
  acme::Session session(world, world.account, {.directory = world.ca.directory_url()});
  const auto outcome = fakes::run(acme::obtain(session, world, world.order,
                                               {.names = *pki::parse_names({"a.test"}), .solvers = {&world.http, &world.dns}}));
  GATEHOUSE_CHECK(outcome.has_value());
  GATEHOUSE_CHECK(world.http.presented.empty() && world.dns.presented.empty());
  return 0;
}
