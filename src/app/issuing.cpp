#include "issuing.h"

#include <algorithm>

#include "gatehouse/base/log.h"
#include "gatehouse/issuer/file_vault.h"
#include "issuing_settings.h"

namespace gatehouse::app {

namespace {

metrics::CounterId renewals(metrics::Registry& metrics, const char* result) {
  return metrics.counter("gatehouse_certificate_renewals_total", "Certificates from authorities by outcome.", {{"result", result}});
}

metrics::CounterId problems(metrics::Registry& metrics, std::string_view type) {
  return metrics.counter("gatehouse_acme_errors_total", "Problems that authorities answered with.", {{"type", std::string(acme::known_type(type))}});
}

}  // namespace

Result<std::unique_ptr<Issuing>> Issuing::create(Services services, const std::string& state_directory) {
  auto vault = issuer::open_file_vault(state_directory + "/certificates", services.loop.clock().wall());
  if (!vault) return std::move(vault).error();
  return std::unique_ptr<Issuing>(new Issuing(std::move(services), *std::move(vault)));
}

Issuing::Issuing(Services services, std::unique_ptr<acme::Vault> vault)
    : services_(std::move(services)), vault_(std::move(vault)), resolver_(services_.loop, services_.pool),
      renewed_(renewals(services_.metrics, "ok")), not_renewed_(renewals(services_.metrics, "failed")),
      on_demand_({.network = {services_.loop, resolver_}, .metrics = services_.metrics, .has_room = [this] { return has_room(); },
                  .order = [this](const std::string& name) { order_on_demand(name); }}) {
  services_.certificates.on_missing([this](const std::string& name) { on_demand_.asked(name); });
  services_.certificates.issued().use(*vault_);
  problems(services_.metrics, "rateLimited");  // there from the start
}

Issuing::~Issuing() { stop(); }

issuer::Solver Issuing::solver_for(const std::string& challenge, const issuer::Settings& settings) {
  runtime::Loop& loop = services_.loop;
  if (challenge == "http-01") return issuer::http_solver(services_.certificates.http_challenges());
  if (challenge == "tls-alpn-01") return issuer::alpn_solver(*services_.certificates.tls_challenges(), loop.clock(), services_.random);
  if (challenge == "dns-01" && !settings.dns.exec.empty()) return issuer::program_solver(loop, services_.random, program_settings(settings));
  if (challenge == "dns-01") return issuer::update_solver(loop, services_.random, update_settings(settings));
  issuer::PersistSettings persist = persist_settings(settings);
  persist.account_url = [this] { return issuer_ ? issuer_->account_url() : std::string(); };
  return issuer::persist_solver(loop, services_.random, std::move(persist));
}

std::vector<issuer::Solver> Issuing::solvers_for(const issuer::Settings& settings) {
  std::vector<issuer::Solver> made;
  for (const std::string& challenge : settings.challenges) made.push_back(solver_for(challenge, settings));
  return made;
}

Result<Issuing::Prepared> Issuing::prepare(const issuer::Settings& settings) {
  Prepared prepared;
  if (!settings.enabled) return prepared;
  issuer::IssuerSettings wanted = issuer_settings(settings);
  prepared.on_demand = settings.on_demand;
  prepared.on_demand_key = on_demand_settings(settings);
  prepared.extra = stored_on_demand(settings);
  for (const std::string& name : prepared.extra) {
    wanted.certificates.push_back(prepared.on_demand_key);
    wanted.certificates.back().names = {{.is_ip = false, .text = name}};
  }
  prepared.solvers = solvers_for(settings);
  std::vector<acme::ChallengeSolver*> solvers;
  for (const issuer::Solver& solver : prepared.solvers) solvers.push_back(solver.get());
  auto made = issuer::Issuer::create({.network = {services_.loop, resolver_}, .pool = services_.pool, .random = services_.random, .vault = *vault_,
                                      .solvers = std::move(solvers), .observer = *this},
                                     std::move(wanted));
  if (!made) return std::move(made).error().context("certificates.acme");
  prepared.issuer = *std::move(made);
  prepared.persist_issuer = persist_issuer(settings);
  return prepared;
}

void Issuing::apply(Prepared prepared) {
  stop();
  solvers_ = std::move(prepared.solvers);
  issuer_ = std::move(prepared.issuer);
  persist_issuer_ = std::move(prepared.persist_issuer);
  services_.certificates.issued().begin_extra(std::move(prepared.extra));
  on_demand_settings_ = prepared.on_demand;
  on_demand_key_ = std::move(prepared.on_demand_key);
  on_demand_.use(std::move(prepared.on_demand));
  if (issuer_ != nullptr) {
    group_ = std::make_unique<runtime::TaskGroup>();
    group_->spawn(issuer_->run());
  }
  note_status();
}

void Issuing::stop() {
  on_demand_.stop();
  group_.reset();
  issuer_.reset();
  solvers_.clear();
}

void Issuing::installed(const std::string& name, std::shared_ptr<const tls::Certificate> certificate) {
  if (services_.certificates.issued().publish(name, std::move(certificate))) {
    services_.metrics.add(renewed_);
    services_.changed();
  }
  note_status();
}

void Issuing::failed(const std::string& name, const acme::Failure& failure) {
  services_.metrics.add(not_renewed_);
  const auto status = status_of(name);
  if (status && status->on_demand) on_demand_.postpone(name, status->not_before - services_.loop.clock().wall());
  if (!failure.problem.empty()) services_.metrics.add(problems(services_.metrics, failure.problem));
  note_status();
}

std::vector<std::string> Issuing::stored_on_demand(const issuer::Settings& settings) const {
  std::vector<std::string> names;
  if (!settings.enabled || settings.on_demand.allow.empty()) return names;
  const auto stored = vault_->list(acme::Kind::kCertificate);
  for (const std::string& name : stored ? *stored : std::vector<std::string>()) {
    const auto& lists = settings.names;
    const bool configured = std::any_of(lists.begin(), lists.end(), [&](const auto& list) { return !list.empty() && list.front() == name; });
    if (configured || !allows(settings.on_demand.allow, name) || names.size() >= settings.on_demand.max_names) continue;
    const auto certificate = services_.certificates.issued().find({name});
    if (certificate && certificate->not_after() > services_.loop.clock().wall()) names.push_back(name);
  }
  return names;
}

bool Issuing::has_room() const {
  const auto list = issuer_ ? issuer_->status() : std::vector<issuer::CertificateStatus>();
  return std::count_if(list.begin(), list.end(), [](const auto& one) { return one.on_demand; }) < static_cast<std::ptrdiff_t>(on_demand_settings_.max_names);
}

void Issuing::order_on_demand(const std::string& name) {
  auto names = pki::parse_names({name});
  if (!names || !issuer_) return;
  issuer::CertificateSettings wanted = on_demand_key_;
  wanted.names = *std::move(names);
  services_.certificates.issued().add_extra(name);
  issuer_->add(std::move(wanted));
}

void Issuing::note_status() {
  auto status = issuer_ ? issuer_->status() : std::vector<issuer::CertificateStatus>();
  const std::lock_guard lock(mutex_);
  status_ = std::move(status);
}

void Issuing::complete(admin::CertificatesView& view) const {
  const std::lock_guard lock(mutex_);
  for (admin::CertificateView& one : view.certificates) {
    if (one.source != "acme") continue;
    const auto found = std::find_if(status_.begin(), status_.end(), [&](const auto& status) { return status.name == one.names.front(); });
    if (found == status_.end()) continue;
    one.directory = found->directory;
    one.renewal = found->renewal;
    one.next_attempt = found->not_before;
    one.failures = found->failures;
    one.last_error = found->last_error;
    one.at_work = found->at_work;
  }
}

}  // namespace gatehouse::app
