#include <algorithm>

#include "gatehouse/base/log.h"
#include "gatehouse/base/timestamp.h"
#include "gatehouse/pki/chain.h"
#include "issuer_state.h"

namespace gatehouse::issuer {

namespace {

using namespace std::chrono_literals;

constexpr auto kNobodyToAsk = 6h;

void log_failure(const Managed& managed, const acme::Failure& failure) {
  log::warn("issuer", "certificate.failed", "cannot get a certificate",
            {{"name", managed.name}, {"kind", acme::to_text(failure.kind)}, {"problem", acme::known_type(failure.problem)},
             {"error", failure.error.message}, {"help", failure.error.help}, {"failures", managed.renewal.failures()},
             {"next_attempt", rfc3339(managed.renewal.not_before)}});
}

}  // namespace

runtime::Task<void> Issuer::State::run() {
  for (std::size_t i = 0; i < certificates.size(); ++i) {  // some may be added meanwhile
    const std::shared_ptr<Managed> managed = certificates[i];
    co_await load(*managed);
  }
  runtime::Timer timer(waiter);
  for (;;) {
    auto busy = static_cast<unsigned>(std::count_if(certificates.begin(), certificates.end(), [](const auto& m) { return m->at_work; }));
    forget_refused();
    for (const auto& managed : certificates) {
      if (busy >= settings.parallel || managed->at_work || !wants_work(*managed)) continue;
      ++busy;
      managed->at_work = true;
      group.spawn(work(managed));
    }
    timer.arm(settings.tick);
    co_await waiter.wait();  // the tick, or a certificate that is done and makes room
  }
}

void Issuer::State::forget_refused() {
  std::erase_if(certificates, [&](const auto& one) {
    return one->settings.on_demand && !one->at_work && !one->certificate && one->renewal.failures() > 0 && !acme::attempt_allowed(one->renewal, now());
  });
}

bool Issuer::State::wants_certificate(const Managed& managed) const {
  if (!acme::attempt_allowed(managed.renewal, now())) return false;
  return !managed.certificate || acme::renewal_due(lifetime_of(*managed.certificate), managed.renewal, now(), settings.tick);
}

bool Issuer::State::wants_work(const Managed& managed) const {
  if (services.network.loop.clock().now() < managed.not_before) return false;
  return wants_certificate(managed) ||
         (managed.certificate && acme::question_due(lifetime_of(*managed.certificate), managed.renewal, now()));
}

runtime::Task<void> Issuer::State::work(std::shared_ptr<Managed> kept) {
  Managed& managed = *kept;
  auto held = co_await lease(managed.name, false);
  if (held) {
    co_await work_under(managed, **held);
    co_await (*held)->release();
  } else {
    // Another node is at it, or the storage does not work: what it holds by then is seen at the next look.
    if (held.failure().error.slug != "lease-busy") log::warn("issuer", "vault.failed", "cannot use the vault", {{"error", held.failure().error.message}});
    managed.not_before = services.network.loop.clock().now() + settings.tick;
    co_await load(managed);
  }
  managed.at_work = false;
  waiter.notify();
}

runtime::Task<void> Issuer::State::work_under(Managed& managed, const HeldLease& held) {
  co_await load(managed);  // another node may have been faster
  const bool ask = managed.certificate && acme::question_due(lifetime_of(*managed.certificate), managed.renewal, now());
  if (ask) co_await ask_window(managed, held);
  if (!wants_certificate(managed)) co_return;
  auto ordered = co_await order(managed, held, false);
  if (!ordered) co_await note(managed, held, std::move(ordered).failure());
}

runtime::Task<void> Issuer::State::note(Managed& managed, const HeldLease& held, acme::Failure failure) {
  acme::note_failure(managed.renewal, failure, now());
  co_await save_renewal(managed, held);
  log_failure(managed, failure);
  services.observer.failed(managed.name, failure);
}

runtime::Task<void> Issuer::State::ask_window(Managed& managed, const HeldLease& held) {
  Counterpart* const counterpart = counterpart_of(managed.renewal.directory);
  if (counterpart == nullptr) {  // from elsewhere, or from an authority that is no longer configured: its own schedule counts
    managed.renewal.next_question = now() + kNobodyToAsk;
    co_return co_await save_renewal(managed, held);
  }
  auto answer = co_await counterpart->session.renewal_window(managed.renewal.renewal_id);
  if (!answer) {
    acme::note_unanswered(managed.renewal, answer.failure(), now());
  } else {
    const bool moved = managed.renewal.window.has_value();
    const bool changed = acme::note_window(managed.renewal, *answer, now(), services.random);
    if (changed) {
      const acme::RenewalWindow& window = *managed.renewal.window;
      const log::Level level = moved ? log::Level::kWarn : log::Level::kInfo;
      log::write(level, "issuer", "certificate.window", "the authority wants a certificate renewed",
                 {{"name", managed.name}, {"start", rfc3339(window.start)}, {"end", rfc3339(window.end)},
                  {"selected", rfc3339(managed.renewal.selected)}, {"explanation", window.explanation}});
    }
  }
  co_await save_renewal(managed, held);
}

// What the vault holds. A renewal state that cannot be read is begun anew; a certificate that cannot be used is none.
runtime::Task<void> Issuer::State::load(Managed& managed) {
  auto renewal = co_await vault.get(acme::Kind::kRenewal, managed.name);
  if (renewal && *renewal) {
    auto state = acme::parse_renewal_state((*renewal)->reveal());
    if (state) managed.renewal = *std::move(state);
  }
  auto text = co_await vault.get(acme::Kind::kCertificate, managed.name);
  if (!text) log::warn("issuer", "vault.failed", "cannot use the vault", {{"error", text.error().message}});
  if (!text || !*text) co_return;
  auto bundle = Bundle::parse(**text);
  if (bundle) take(managed, *std::move(bundle));
}

void Issuer::State::take(Managed& managed, Bundle bundle) {
  auto checked = pki::check_issued(bundle.chain, bundle.key, managed.settings.names, now());
  const bool known = checked && managed.certificate && managed.certificate->fingerprint() == (*checked)->fingerprint();
  if (checked && !known) managed.certificate = *checked;
  if (!checked && checked.error().slug == "certificate-names") managed.certificate.reset();  // other names are configured now
  const auto chain = pki::Chain::parse(bundle.chain);
  if (chain && managed.renewal.renewal_id != chain->renewal_id()) {
    // A certificate that was stored just before its renewal state was: what we know is about the one before.
    std::string directory = managed.renewal.directory;
    managed.renewal = acme::renewal_state_for(chain->renewal_id(), services.random);
    managed.renewal.directory = std::move(directory);
  }
  managed.bundle = std::move(bundle);
  if (checked && !known) services.observer.installed(managed.name, managed.certificate);
}

runtime::Task<void> Issuer::State::save_renewal(Managed& managed, const HeldLease& held) {
  Status saved = co_await vault.put(acme::Kind::kRenewal, managed.name, Secret(acme::to_json(managed.renewal)), held.lease());
  if (!saved) log::warn("issuer", "vault.failed", "cannot use the vault", {{"error", saved.error().message}});
}

}  // namespace gatehouse::issuer
