// dns-01 by updates of a zone (RFC 2136), and dns-persist-01.
#include <algorithm>

#include "gatehouse/base/log.h"
#include "gatehouse/issuer/solvers.h"

namespace gatehouse::issuer {

namespace {

class UpdateSolver final : public acme::ChallengeSolver {
 public:
  UpdateSolver(runtime::Loop& loop, runtime::Random& random, UpdateSettings settings)
      : client_(loop, random), settings_(std::move(settings)) {}
  std::string_view type() const noexcept override { return "dns-01"; }

  runtime::Task<Status> present(acme::Challenge challenge) override {
    const std::string value = acme::dns_record_value(challenge.key_authorization);
    auto place = co_await find(challenge);
    if (!place) co_return std::move(place).error();
    Status done = co_await client_.update(target(), dns::add_text(0, place->zone, place->name, value, settings_.ttl), settings_.deadline);
    if (!done) co_return done;
    dns::Propagation how = settings_.propagation.value_or(dns::Propagation{.servers = {settings_.server}});
    co_return co_await dns::await_text(client_, std::move(how), place->name, value);
  }

  runtime::Task<Status> clean_up(acme::Challenge challenge) override {
    Status done = co_await take_down(challenge);
    if (!done) log::warn("issuer", "challenge.cleanup_failed", "cannot take a challenge down", {{"name", challenge.name.text}, {"error", done.error().message}});
    co_return done;
  }

 private:
  dns::UpdateTarget target() const { return {settings_.server, settings_.key}; }

  // A CNAME may lead to another zone; a zone that is set holds the record itself.
  runtime::Task<Result<dns::Place>> find(acme::Challenge challenge) {
    std::string name = acme::dns_record_name(challenge.name);
    if (!settings_.zone.empty()) co_return dns::Place{std::move(name), settings_.zone};
    std::vector<net::Endpoint> servers{settings_.server};
    co_return co_await dns::find_place(client_, std::move(servers), std::move(name));
  }

  runtime::Task<Status> take_down(acme::Challenge challenge) {
    auto place = co_await find(challenge);
    if (!place) co_return std::move(place).error();
    const std::string value = acme::dns_record_value(challenge.key_authorization);
    co_return co_await client_.update(target(), dns::remove_text(0, place->zone, place->name, value), settings_.deadline);
  }

  dns::Client client_;
  const UpdateSettings settings_;
};

class PersistSolver final : public acme::ChallengeSolver {
 public:
  PersistSolver(runtime::Loop& loop, runtime::Random& random, PersistSettings settings)
      : client_(loop, random), settings_(std::move(settings)) {
    settings_.propagation.deadline = std::chrono::milliseconds(0);  // a person publishes it: it is there, or it is not
  }
  std::string_view type() const noexcept override { return "dns-persist-01"; }

  runtime::Task<Status> present(acme::Challenge challenge) override {
    const acme::PersistentRecord record =
        acme::persistent_record(challenge.name, settings_.issuer_domain, settings_.account_url ? settings_.account_url() : "", std::nullopt);
    // It may say more than the least that is needed.
    dns::TextRule rule = [issuer = settings_.issuer_domain, account = record.text.substr(record.text.find("accounturi="))](std::string_view text) {
      return text.starts_with(issuer) && text.find(account.substr(0, account.find(';'))) != text.npos;
    };
    Status seen = co_await dns::await_text_like(client_, settings_.propagation, record.name, std::move(rule));
    if (seen) co_return seen;
    co_return make_error("dns-persist", "there is no record " + record.name + " that lets the authority issue: " + seen.error().message,
                         "publish a TXT record: " + record.text);
  }
  runtime::Task<Status> clean_up(acme::Challenge) override { co_return Status{}; }

 private:
  dns::Client client_;
  PersistSettings settings_;
};

}  // namespace

Solver update_solver(runtime::Loop& loop, runtime::Random& random, UpdateSettings settings) {
  return std::make_unique<UpdateSolver>(loop, random, std::move(settings));
}

Solver persist_solver(runtime::Loop& loop, runtime::Random& random, PersistSettings settings) {
  return std::make_unique<PersistSolver>(loop, random, std::move(settings));
}

}  // namespace gatehouse::issuer
