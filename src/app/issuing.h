// Issuing: gets certificates from authorities, for the names that are configured. Owns the vault (certificates/ in the state
// directory), the ways to meet challenges, and the Issuer, which is made anew for each configuration: what was under way goes on from
// where it was stored. What is issued is published in Certificates.
//
// Errors: those of open_file_vault and of issuer::Issuer. Owner: Daemon; what it is made of outlives it. Thread: loop 0, but prepare()
// reads files: before the loops run, or on the offload pool; status() from any. Stop: stop(), when loop 0 does not run or on it.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "certificates.h"
#include "gatehouse/admin/api.h"
#include "gatehouse/issuer/issuer.h"
#include "gatehouse/issuer/settings.h"
#include "gatehouse/issuer/solvers.h"
#include "gatehouse/metrics/metrics.h"
#include "on_demand.h"

namespace gatehouse::app {

class Issuing final : private issuer::Observer {
 public:
  struct Services {
    runtime::Loop& loop;
    runtime::OffloadPool& pool;
    runtime::Random& random;
    metrics::Registry& metrics;
    Certificates& certificates;
    std::function<void()> changed;  // a new certificate was published
  };
  // What a configuration needs; nothing of it works yet.
  struct Prepared {
    std::vector<issuer::Solver> solvers;
    std::unique_ptr<issuer::Issuer> issuer;  // null: no certificate is wanted
    issuer::OnDemandSettings on_demand;
    issuer::CertificateSettings on_demand_key;   // what such a certificate is like
    std::vector<std::string> extra;              // names issued on demand before
    std::string persist_issuer;              // the authority's domain in records of dns-persist-01
  };

  static Result<std::unique_ptr<Issuing>> create(Services services, const std::string& state_directory);
  ~Issuing() override;

  Result<Prepared> prepare(const issuer::Settings& settings);
  void apply(Prepared prepared);  // begins
  void stop();

  // What a person asks for; on loop 0. A reload ends what is under way: "interrupted", and the order goes on by itself.
  void command(admin::CertificateCommand command, admin::CertificateDone done);

  // Names that were issued on demand before, and are still good; reads the vault.
  std::vector<std::string> stored_on_demand(const issuer::Settings& settings) const;
  void complete(admin::CertificatesView& view) const;  // what is known of certificates by authorities; any thread
  void note_status();                                  // for complete(): now and then

 private:
  explicit Issuing(Services services, std::unique_ptr<acme::Vault> vault);
  void installed(const std::string& name, std::shared_ptr<const tls::Certificate> certificate) override;
  void failed(const std::string& name, const acme::Failure& failure) override;
  runtime::Task<void> carry_out(admin::CertificateCommand command, admin::CertificateDone done);
  runtime::Task<acme::Outcome<acme::Done>> order(const admin::CertificateCommand& command, admin::CertificateOutcome& outcome);
  runtime::Task<acme::Outcome<acme::Done>> adopt(admin::CertificateCommand command);
  std::vector<admin::DnsRecordView> persistent_records(const issuer::CertificateStatus& certificate) const;
  std::optional<issuer::CertificateStatus> status_of(const std::string& name) const;
  std::vector<issuer::Solver> solvers_for(const issuer::Settings& settings);
  bool has_room() const;
  void order_on_demand(const std::string& name);
  issuer::Solver solver_for(const std::string& challenge, const issuer::Settings& settings);

  Services services_;
  std::unique_ptr<acme::Vault> vault_;
  net::Resolver resolver_;
  const metrics::CounterId renewed_, not_renewed_;
  mutable std::mutex mutex_;  // status_
  std::vector<issuer::CertificateStatus> status_;
  std::vector<issuer::Solver> solvers_;
  std::unique_ptr<issuer::Issuer> issuer_;
  std::string persist_issuer_;
  issuer::OnDemandSettings on_demand_settings_;
  issuer::CertificateSettings on_demand_key_;
  OnDemand on_demand_;
  std::unique_ptr<runtime::TaskGroup> group_;
};

}  // namespace gatehouse::app
