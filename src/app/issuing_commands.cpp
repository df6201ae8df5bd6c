// What a person asks of the issuer: gatehouse certs issue, renew, revoke, import, dns-record.
#include <algorithm>

#include "gatehouse/base/timestamp.h"
#include "issuing.h"

namespace gatehouse::app {

namespace {

using admin::CertificateCommand;
using admin::CertificateOutcome;
using What = CertificateCommand::What;

// Whoever asked is answered, also when the work is cut off.
class Answer {
 public:
  explicit Answer(admin::CertificateDone done) : done_(std::move(done)) {}
  Answer(const Answer&) = delete;
  Answer& operator=(const Answer&) = delete;
  ~Answer() {
    if (done_) done_({.error = make_error("interrupted", "the daemon is stopping or has another configuration by now", "gatehouse certs list")});
  }
  void give(CertificateOutcome outcome) { std::exchange(done_, nullptr)(std::move(outcome)); }

 private:
  admin::CertificateDone done_;
};

// What did not work, for whom, and in whose words.
Error told(const std::string& name, acme::Failure failure, const issuer::CertificateStatus& status) {
  Error error = std::move(failure.error);
  if (failure.problem.empty()) {
    if (failure.kind == acme::FailureKind::kTransient) error = std::move(error).context("cannot get the certificate for " + name);
  } else {
    error.message = "the certificate for " + name + " was refused: the authority says \"" + error.message + "\"";
  }
  if (status.failures > 0) error.help += (error.help.empty() ? "next try at " : "; next try at ") + rfc3339(status.not_before);
  return error;
}

}  // namespace

std::optional<issuer::CertificateStatus> Issuing::status_of(const std::string& name) const {
  const auto list = issuer_->status();
  const auto found = std::find_if(list.begin(), list.end(), [&](const auto& one) { return one.name == name; });
  return found == list.end() ? std::nullopt : std::optional(*found);
}

// One record for a domain: what allows wildcards allows the domain itself, too.
std::vector<admin::DnsRecordView> Issuing::persistent_records(const issuer::CertificateStatus& certificate) const {
  auto names = pki::parse_names(certificate.names);
  std::vector<admin::DnsRecordView> records;
  if (!names) return records;
  std::sort(names->begin(), names->end(), [](const pki::Name& a, const pki::Name& b) { return a.wildcard() > b.wildcard(); });
  for (const pki::Name& name : *names) {
    if (name.is_ip) continue;
    const auto record = acme::persistent_record(name, persist_issuer_, issuer_->account_url(), std::nullopt);
    if (std::none_of(records.begin(), records.end(), [&](const auto& one) { return one.name == record.name; }))
      records.push_back({record.name, "TXT", record.text});
  }
  return records;
}

// No coroutine: `outcome` outlives what it gives.
runtime::Task<acme::Outcome<acme::Done>> Issuing::order(const CertificateCommand& command, CertificateOutcome& outcome) {
  outcome.changed = true;
  switch (command.what) {
    case What::kIssue: return issuer_->issue(command.name);
    case What::kRenew: return command.force ? issuer_->issue(command.name) : issuer_->renew(command.name, outcome.changed);
    case What::kRevoke: return issuer_->revoke(command.name, static_cast<acme::RevocationReason>(command.reason));
    case What::kRecords: return issuer_->ensure_account();
    case What::kImport: break;
  }
  return adopt(command);
}

runtime::Task<acme::Outcome<acme::Done>> Issuing::adopt(CertificateCommand command) {
  auto key = pki::Key::parse(command.key.reveal());
  if (!key) co_return acme::Failure{.kind = acme::FailureKind::kRefused, .error = std::move(key).error()};
  co_return co_await issuer_->adopt(command.name, command.chain, *std::move(key));
}

runtime::Task<void> Issuing::carry_out(CertificateCommand command, admin::CertificateDone done) {
  Answer answer(std::move(done));
  CertificateOutcome outcome;
  auto ordered = co_await order(command, outcome);
  const auto status = status_of(command.name);
  if (!ordered) co_return answer.give({.error = told(command.name, std::move(ordered).failure(), status.value_or(issuer::CertificateStatus{}))});
  if (status && command.what == What::kRecords) outcome.records = persistent_records(*status);
  if (status && status->certificate) outcome.not_after = status->certificate->not_after();
  if (status) outcome.renewal = status->renewal;
  note_status();
  answer.give(std::move(outcome));
}

void Issuing::command(CertificateCommand command, admin::CertificateDone done) {
  const auto status = issuer_ ? status_of(command.name) : std::nullopt;
  if (!status) return done({.error = make_error("not-found", "no certificate authority is asked for '" + command.name + "'")});
  if (command.what == What::kIssue && status->certificate)
    return done({.error = make_error("certificate-present", "there is a certificate for " + command.name + " until " + rfc3339(status->certificate->not_after()),
                                     "to have another one now: gatehouse certs renew " + command.name + " --force")});
  group_->spawn(carry_out(std::move(command), std::move(done)));
}

}  // namespace gatehouse::app
