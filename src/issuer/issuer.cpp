#include "gatehouse/issuer/issuer.h"

#include <algorithm>

#include "gatehouse/base/log.h"
#include "gatehouse/pki/chain.h"
#include "issuer_state.h"

namespace gatehouse::issuer {

namespace {

using namespace std::chrono_literals;
constexpr auto kTurn = 100ms;

using acme::Done;
using acme::Failure;
using acme::Outcome;

Failure not_found(const std::string& name) {
  return {.kind = acme::FailureKind::kRefused, .error = make_error("not-found", "there is no certificate '" + name + "'")};
}

// By a person, beside the schedule: one at a time, too.
runtime::Task<void> take_turn(runtime::Loop& loop, const Managed& managed) {
  runtime::Waiter waiter(loop);
  runtime::Timer timer(waiter);
  while (managed.at_work) {
    timer.arm(kTurn);
    while (!timer.expired()) co_await waiter.wait();
  }
}

// Gives the turn back when its coroutine is over, or destroyed.
class Turn {
 public:
  explicit Turn(Managed& managed) noexcept : managed_(managed) { managed_.at_work = true; }
  Turn(const Turn&) = delete;
  Turn& operator=(const Turn&) = delete;
  ~Turn() { managed_.at_work = false; }

 private:
  Managed& managed_;
};

}  // namespace

std::string account_name(std::string_view directory_url) {
  constexpr std::string_view kScheme = "https://";
  if (directory_url.starts_with(kScheme)) directory_url.remove_prefix(kScheme.size());
  std::string name;
  for (const char c : directory_url.substr(0, 150)) {
    const char lower = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
    const bool kept = (lower >= 'a' && lower <= 'z') || (lower >= '0' && lower <= '9') || lower == '.' || lower == '-';
    name.push_back(kept ? lower : '_');
  }
  return name;
}

Result<std::unique_ptr<Issuer>> Issuer::create(Services services, IssuerSettings settings) {
  auto state = std::make_unique<State>(std::move(services), std::move(settings));
  for (const AuthoritySettings& authority : state->settings.authorities) {
    auto tls = tls::ClientContext::build({.ca_file = authority.ca_file});
    if (!tls) return std::move(tls).error().context(authority.production.directory);
    const auto make = [&](const acme::Authority& counterpart) {
      return std::make_unique<Counterpart>(state->vault, state->services.network, state->services.pool, *tls, state->settings.user_agent, counterpart);
    };
    state->authorities.push_back({authority, make(authority.production), authority.staging ? make(*authority.staging) : nullptr});
  }
  for (const CertificateSettings& certificate : state->settings.certificates) {
    Managed managed{.settings = certificate, .name = certificate.names.front().text, .renewal = {}, .bundle = {}, .certificate = {}};
    state->certificates.push_back(std::move(managed));
  }
  return std::unique_ptr<Issuer>(new Issuer(std::move(state)));
}

Issuer::Issuer(std::unique_ptr<State> state) : state_(std::move(state)) {}
Issuer::~Issuer() = default;

Managed* Issuer::State::find(std::string_view name) {
  const auto found = std::find_if(certificates.begin(), certificates.end(), [&](const Managed& managed) { return managed.name == name; });
  return found == certificates.end() ? nullptr : &*found;
}

Counterpart* Issuer::State::counterpart_of(std::string_view directory) {
  for (const AuthorityState& authority : authorities) {
    if (authority.settings.production.directory == directory) return authority.production.get();
  }
  return nullptr;
}

runtime::Task<void> Issuer::run() { return state_->run(); }

runtime::Task<Outcome<Done>> Issuer::issue(std::string name) {
  Managed* const managed = state_->find(name);
  if (managed == nullptr) co_return not_found(name);
  co_await take_turn(state_->services.network.loop, *managed);
  const Turn turn(*managed);
  auto held = co_await state_->lease(managed->name, true);
  if (!held) co_return std::move(held).failure();
  co_await state_->load(*managed);
  auto ordered = co_await state_->order(*managed, **held, false);
  if (!ordered) {
    acme::note_failure(managed->renewal, ordered.failure(), state_->now());
    co_await state_->save_renewal(*managed, **held);
  }
  co_await (*held)->release();
  co_return ordered;
}

runtime::Task<Outcome<Done>> Issuer::revoke(std::string name, acme::RevocationReason reason) {
  Managed* const managed = state_->find(name);
  if (managed == nullptr) co_return not_found(name);
  co_await take_turn(state_->services.network.loop, *managed);
  const Turn turn(*managed);
  auto held = co_await state_->lease(managed->name, true);
  if (!held) co_return std::move(held).failure();
  co_await state_->load(*managed);
  Counterpart* const counterpart = state_->counterpart_of(managed->renewal.directory);
  if (counterpart == nullptr || !managed->bundle) {
    co_await (*held)->release();
    co_return not_found(name);
  }
  const auto chain = pki::Chain::parse(managed->bundle->chain);
  // The certificate's own key proves the right to revoke it even when the account is another one by now.
  std::string der = chain ? chain->der() : std::string();
  auto revoked = co_await counterpart->session.revoke(std::move(der), reason, managed->bundle->key);
  if (revoked) log::warn("issuer", "certificate.revoked", "a certificate was revoked", {{"name", managed->name}, {"reason", static_cast<int>(reason)}});
  if (revoked && reason == acme::RevocationReason::kKeyCompromise) revoked = co_await state_->order(*managed, **held, true);
  co_await (*held)->release();
  co_return revoked;
}

runtime::Task<Outcome<Done>> Issuer::change_account_keys(pki::KeyType type) {
  for (AuthorityState& authority : state_->authorities) {
    for (Counterpart* const counterpart : {authority.production.get(), authority.staging.get()}) {
      if (counterpart == nullptr) continue;
      auto stored = co_await state_->vault.get(acme::Kind::kAccount, counterpart->name);
      if (!stored) co_return acme::transient(std::move(stored).error());
      if (!*stored) continue;
      auto held = co_await state_->lease("account_" + counterpart->name, true);
      if (!held) co_return std::move(held).failure();
      auto changed = co_await counterpart->session.change_key(type);
      co_await (*held)->release();
      if (!changed) co_return std::move(changed).failure();
      log::info("issuer", "account.key_changed", "an account has a new key", {{"directory", counterpart->session.authority().directory}});
    }
  }
  co_return Done{};
}

std::vector<CertificateStatus> Issuer::status() const {
  std::vector<CertificateStatus> list;
  for (const Managed& managed : state_->certificates) {
    CertificateStatus status{.name = managed.name, .names = pki::texts_of(managed.settings.names), .certificate = managed.certificate,
                             .directory = managed.renewal.directory, .not_before = managed.renewal.not_before,
                             .failures = managed.renewal.failures(), .last_error = managed.renewal.last_error, .at_work = managed.at_work};
    if (managed.certificate) {
      const acme::Lifetime lifetime{managed.certificate->not_before(), managed.certificate->not_after()};
      status.renewal = acme::renewal_time(lifetime, managed.renewal, state_->now(), state_->settings.tick);
    }
    list.push_back(std::move(status));
  }
  return list;
}

std::string Issuer::account_url() const {
  return state_->authorities.empty() ? std::string() : state_->authorities.front().production->session.account_url();
}

}  // namespace gatehouse::issuer
