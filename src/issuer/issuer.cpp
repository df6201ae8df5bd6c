#include "gatehouse/issuer/issuer.h"

#include <algorithm>

#include "issuer_state.h"

namespace gatehouse::issuer {

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
  for (const CertificateSettings& certificate : state->settings.certificates) state->certificates.push_back(managed_for(certificate));
  return std::unique_ptr<Issuer>(new Issuer(std::move(state)));
}

Issuer::Issuer(std::unique_ptr<State> state) : state_(std::move(state)) {}
Issuer::~Issuer() = default;

std::shared_ptr<Managed> Issuer::State::find(std::string_view name) {
  const auto found = std::find_if(certificates.begin(), certificates.end(), [&](const auto& managed) { return managed->name == name; });
  return found == certificates.end() ? nullptr : *found;
}

Counterpart* Issuer::State::counterpart_of(std::string_view directory) {
  for (const AuthorityState& authority : authorities) {
    if (authority.settings.production.directory == directory) return authority.production.get();
  }
  return nullptr;
}

runtime::Task<void> Issuer::run() { return state_->run(); }

void Issuer::add(CertificateSettings certificate) {
  if (state_->find(certificate.names.front().text) != nullptr) return;
  state_->certificates.push_back(managed_for(std::move(certificate)));
  state_->waiter.notify();
}

std::vector<CertificateStatus> Issuer::status() const {
  std::vector<CertificateStatus> list;
  for (const auto& one : state_->certificates) {
    const Managed& managed = *one;
    CertificateStatus status{.name = managed.name, .names = pki::texts_of(managed.settings.names), .certificate = managed.certificate,
                             .directory = managed.renewal.directory, .not_before = managed.renewal.not_before,
                             .failures = managed.renewal.failures(), .last_error = managed.renewal.last_error, .at_work = managed.at_work,
                             .on_demand = managed.settings.on_demand};
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
