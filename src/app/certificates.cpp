#include "certificates.h"

#include <algorithm>

#include "gatehouse/acme/renewal.h"
#include "gatehouse/base/log.h"
#include "gatehouse/base/timestamp.h"

namespace gatehouse::app {

namespace {

std::string_view state_of(runtime::WallTime not_after, runtime::WallTime now, std::chrono::seconds warning) {
  return not_after <= now ? "CRITICAL" : not_after - now < warning ? "WARNING" : "OK";
}

void log_state(const admin::CertificateView& one) {
  if (one.state == "CRITICAL")
    log::error("tls", "certificate.expired", "a certificate has expired",
               {{"name", one.names.front()}, {"file", one.file}, {"not_after", rfc3339(one.not_after)}});
  else
    log::warn("tls", "certificate.expiring", "a certificate expires soon",
              {{"name", one.names.front()}, {"file", one.file}, {"not_after", rfc3339(one.not_after)}});
}

std::string_view mode_name(tls::CertificateMode mode) {
  switch (mode) {
    case tls::CertificateMode::kManual: return "manual";
    case tls::CertificateMode::kAcme: return "acme";
    case tls::CertificateMode::kSelfSigned: return "self_signed";
    case tls::CertificateMode::kAuto: return "auto";
  }
  return {};
}

}  // namespace

Certificates::Certificates(std::string state_directory, std::shared_ptr<tls::TicketKeys> ticket_keys, runtime::Clock& clock,
                           runtime::Random& random)
    : reader_{std::move(state_directory), clock, random, issued_}, ticket_keys_(std::move(ticket_keys)) {}

Status Certificates::build_contexts(CertificateSet& set) const {
  for (const edge::ListenerSettings& listener : set.listeners) {
    tls::ContextSettings context;
    context.policy = listener.policy;
    for (const CertificateSource& source : set.sources)
      if (source.certificate) context.certificates.push_back(source.certificate);
    context.protocols = listener.protocols;
    context.ticket_keys = ticket_keys_;
    context.challenges = tls_challenges_;
    context.missing = missing_;
    context.reject_unknown_names = listener.reject_unknown_names;
    context.client_auth = set.auth_for(listener.client_auth);
    for (const tls::NameSettings& names : listener.tls_names)
      for (const std::string& host : names.hosts) context.client_auth_of[host] = set.auth_for(names.client_auth);
    auto built = tls::Context::build(std::move(context));
    if (!built) return std::move(built).error().context("listeners." + listener.name);
    set.contexts.insert_or_assign(listener.name, *std::move(built));
  }
  return {};
}

Result<Certificates::SetPtr> Certificates::load(const edge::Settings& settings, std::vector<std::vector<std::string>> acme_names) {
  auto set = std::make_shared<CertificateSet>();
  set->id = next_id_++;
  set->settings = settings.certificates;
  set->acme_names = std::move(acme_names);
  for (const edge::ListenerSettings& listener : settings.listeners)
    if (listener.tls) set->listeners.push_back(listener);
  if (Status read = reader_.read(*set, current().get()); !read) return std::move(read).error();
  if (Status built = build_contexts(*set); !built) return std::move(built).error();
  return SetPtr(std::move(set));
}

Certificates::SetPtr Certificates::refresh() {
  const SetPtr before = current();
  if (before == nullptr) return nullptr;
  auto set = std::make_shared<CertificateSet>(*before);
  set->id = next_id_++;
  set->refreshed_from = before->id;
  if (!reader_.read_changed(*set)) return nullptr;
  const Status built = build_contexts(*set);
  if (!built) log::warn("tls", "certificate.refused", "cannot use changed certificates", {{"error", built.error().message}});
  return built ? SetPtr(std::move(set)) : nullptr;
}

bool Certificates::adopt(SetPtr set) {
  const std::lock_guard lock(mutex_);
  if (set->refreshed_from != 0 && set->refreshed_from != current_->id) return false;
  current_ = std::move(set);
  return true;
}

bool Certificates::ending() const {
  const SetPtr set = current();
  const runtime::WallTime now = reader_.clock.wall();
  return set != nullptr && std::any_of(set->sources.begin(), set->sources.end(), [now](const CertificateSource& one) {
    return one.fit() && one.certificate->not_after() - CertificateSet::kBeforeEnd <= now;
  });
}

Certificates::SetPtr Certificates::current() const {
  const std::lock_guard lock(mutex_);
  return current_;
}

admin::CertificatesView Certificates::view() const {
  admin::CertificatesView view;
  const SetPtr set = current();
  if (set == nullptr) return view;
  view.mode = mode_name(set->settings.mode);
  const auto state = [&](const CertificateSource& source, runtime::WallTime not_after) -> std::string {
    if (source.stands_in) return source.unfit ? "CRITICAL" : "WARNING";
    if (source.kind != "acme") return std::string(state_of(not_after, reader_.clock.wall(), set->settings.expiry_warning));
    const acme::Lifetime lifetime{source.certificate->not_before(), not_after};
    const auto warning = std::chrono::duration_cast<std::chrono::hours>(set->settings.expiry_warning);
    return std::string(acme::to_text(acme::expiry_of(lifetime, reader_.clock.wall(), warning, true)));
  };
  for (const CertificateSource& source : set->sources) {
    const tls::Certificate* const certificate = source.unfit ? source.unfit.get() : source.certificate.get();
    admin::CertificateView one;
    one.names = source.kind == "acme" ? source.names : certificate->names();
    if (one.names.empty() && source.certificate) one.names = source.certificate->names();  // it has none: those of what stands in
    if (one.names.empty()) one.names = {source.file.chain};
    one.source = source.kind;
    one.replaced = source.stands_in;
    one.file = source.file.chain;
    one.refusal = source.refusal;
    if (certificate != nullptr) {
      one.not_before = certificate->not_before();
      one.not_after = certificate->not_after();
      one.fingerprint = certificate->fingerprint();
      one.self_signed = certificate->self_signed();
    }
    one.state = state(source, one.not_after);
    view.certificates.push_back(std::move(one));
  }
  return view;
}

void Certificates::log_expiry() {
  const admin::CertificatesView now = view();
  std::map<std::string, std::string, std::less<>> told;
  const std::lock_guard lock(mutex_);
  for (const admin::CertificateView& one : now.certificates) {
    const auto before = told_.find(one.fingerprint);
    const bool unfit_for_another_reason = one.replaced && one.not_after > reader_.clock.wall();
    if (one.state != "OK" && !unfit_for_another_reason && (before == told_.end() || before->second != one.state)) log_state(one);
    told[one.fingerprint] = one.state;
  }
  told_ = std::move(told);
}

}  // namespace gatehouse::app
