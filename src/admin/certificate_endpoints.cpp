#include <algorithm>
#include <array>
#include <optional>

#include "endpoints.h"
#include "input.h"

namespace gatehouse::admin {

namespace {

using What = CertificateCommand::What;

Json json_of(const CertificateView& certificate) {
  Json json = {{"names", certificate.names},
          {"state", certificate.state},
          {"source", certificate.source},
          {"file", certificate.file},
          {"not_before", time_or_null(certificate.not_before)},
          {"not_after", time_or_null(certificate.not_after)},
          {"fingerprint", certificate.fingerprint},
          {"self_signed", certificate.self_signed},
          {"replaced", certificate.replaced},
          {"refusal", text_or_null(certificate.refusal)}};
  if (certificate.source == "acme")
    json["acme"] = {{"directory", text_or_null(certificate.directory)},   {"renewal", time_or_null(certificate.renewal)},
                    {"failures", certificate.failures},                   {"last_error", text_or_null(certificate.last_error)},
                    {"next_attempt", time_or_null(certificate.next_attempt)}, {"at_work", certificate.at_work}};
  return json;
}

const CertificateView* find(const CertificatesView& view, const std::string& name) {
  const auto has = [&](const CertificateView& one) { return std::find(one.names.begin(), one.names.end(), name) != one.names.end(); };
  const auto& list = view.certificates;
  auto found = std::find_if(list.begin(), list.end(), [&](const CertificateView& one) { return !one.names.empty() && one.names.front() == name; });
  if (found == list.end()) found = std::find_if(list.begin(), list.end(), has);
  return found == list.end() ? nullptr : &*found;
}

http::Response not_found(const Call& call) {
  return http::problem(404, "not-found", "there is no certificate for '" + call.params[0] + "'", call.request_id, "gatehouse certs list");
}

struct Begins {
  std::string_view slug;
  int status;
};
// What an error says is the authority's, unless it begins like this.
constexpr std::array<Begins, 8> kStatuses{{{"not-found", 404}, {"certificate-present", 409}, {"lease-", 409}, {"certificate-", 422}, {"key-", 422},
                                           {"vault-", 503}, {"disk-", 503}, {"interrupted", 503}}};

int status_of(const Error& error) {
  const auto found = std::find_if(kStatuses.begin(), kStatuses.end(), [&](const Begins& row) { return error.slug.starts_with(row.slug); });
  return found == kStatuses.end() ? 502 : found->status;
}

http::Response answer(const std::string& name, const CertificateOutcome& outcome, const std::string& request_id) {
  if (outcome.error) return http::problem(status_of(*outcome.error), outcome.error->slug, outcome.error->message, request_id, outcome.error->help);
  return json_answer({{"name", name}, {"changed", outcome.changed}, {"not_after", time_or_null(outcome.not_after)}, {"renewal", time_or_null(outcome.renewal)}});
}

http::Response records(const CertificateOutcome& outcome, const std::string& request_id) {
  if (outcome.error) return answer({}, outcome, request_id);
  Json list = Json::array();
  for (const DnsRecordView& one : outcome.records) list.push_back({{"name", one.name}, {"type", one.type}, {"value", one.value}});
  return json_answer({{"records", list}});
}

// Completes the command with the certificate's own name, and begins it.
void begin(const Call& call, CertificateCommand command, const Done& done) {
  const CertificatesView view = call.ports->certificates();
  const CertificateView* const one = find(view, call.params[0]);
  if (one == nullptr) return done(not_found(call));
  if (one->source != "acme")
    return done(http::problem(409, "conflict", "the certificate for '" + call.params[0] + "' does not come from an authority (" + one->source + ")",
                              call.request_id, one->source == "file" ? "replace its files: they are read again by themselves" : ""));
  command.name = one->names.front();
  call.ports->certificate_command(command, [done, what = command.what, name = command.name, id = call.request_id](const CertificateOutcome& outcome) {
    done(what == What::kRecords ? records(outcome, id) : answer(name, outcome, id));
  });
}

std::optional<Input> input(const Call& call, std::initializer_list<std::string_view> keys, const Done& done) {
  auto parsed = Input::parse(call.body, keys);
  if (parsed) return *std::move(parsed);
  done(error_answer(parsed.error(), call.request_id));
  return std::nullopt;
}

}  // namespace

Json certificates_json(const CertificatesView& view) {
  Json list = Json::array();
  for (const CertificateView& one : view.certificates) list.push_back(json_of(one));
  return list;
}

// Anybody may ask, so it counts and names nobody; /admin/status has the names.
http::Response certificate_status(const Call& call) {
  const CertificatesView view = call.ports->certificates();
  const auto count = [&](std::string_view state) {
    return std::count_if(view.certificates.begin(), view.certificates.end(), [&](const auto& one) { return one.state == state; });
  };
  std::optional<runtime::WallTime> first;
  for (const CertificateView& one : view.certificates)
    if (one.not_after != runtime::WallTime{} && (!first || one.not_after < *first)) first = one.not_after;
  return json_answer({{"status", count("CRITICAL") > 0 ? "CRITICAL" : count("WARNING") > 0 ? "WARNING" : "OK"},
                      {"certificate_mode", view.mode},
                      {"expires", first ? Json(rfc3339(*first)) : Json(nullptr)},
                      {"certificates", {{"ok", count("OK")}, {"warning", count("WARNING")}, {"critical", count("CRITICAL")}}}});
}

http::Response list_certificates(const Call& call) {
  const CertificatesView view = call.ports->certificates();
  return json_answer({{"mode", view.mode}, {"certificates", certificates_json(view)}});
}

http::Response show_certificate(const Call& call) {
  const CertificatesView view = call.ports->certificates();
  const CertificateView* const one = find(view, call.params[0]);
  return one == nullptr ? not_found(call) : json_answer(json_of(*one));
}

void issue_certificate(const Call& call, Done done) { begin(call, {.what = What::kIssue, .name = {}}, done); }

void renew_certificate(const Call& call, Done done) {
  auto body = input(call, {"force"}, done);
  if (!body) return;
  const bool force = body->flag("force").value_or(false);
  if (body->error()) return done(error_answer(*body->error(), call.request_id));
  begin(call, {.what = What::kRenew, .name = {}, .force = force}, done);
}

void revoke_certificate(const Call& call, Done done) {
  static constexpr std::array kReasons{0, 1, 3, 4, 5};
  auto body = input(call, {"reason"}, done);
  if (!body) return;
  const auto reason = body->integer("reason").value_or(0);
  if (std::find(kReasons.begin(), kReasons.end(), reason) == kReasons.end()) body->fail("'reason' must be 0, 1, 3, 4 or 5 (RFC 5280, section 5.3.1)");
  if (body->error()) return done(error_answer(*body->error(), call.request_id));
  begin(call, {.what = What::kRevoke, .name = {}, .reason = static_cast<int>(reason)}, done);
}

void import_certificate(const Call& call, Done done) {
  auto body = input(call, {"chain", "key"}, done);
  if (!body) return;
  CertificateCommand command{.what = What::kImport, .name = {}, .chain = body->required_text("chain"), .key = Secret(body->required_text("key"))};
  if (body->error()) return done(error_answer(*body->error(), call.request_id));
  begin(call, std::move(command), done);
}

void certificate_records(const Call& call, Done done) { begin(call, {.what = What::kRecords, .name = {}}, done); }

}  // namespace gatehouse::admin
