#include "gatehouse/acme/failure.h"

#include <algorithm>
#include <array>

namespace gatehouse::acme {

namespace {

constexpr std::array<std::string_view, 8> kValidationTypes{"caa",     "connection",   "dns", "dnssec", "incorrectResponse",
                                                           "tls",     "unauthorized", "compound"};
constexpr std::chrono::hours kUnnamedLimit{1};  // a 429 that does not say for how long

struct HelpLine {
  std::string_view type, help;
};
constexpr HelpLine kHelp[] = {
    {"connection", "the authority must reach this machine: port 80 for http-01, 443 for tls-alpn-01"},
    {"dns", "the name must have an address record that points here"},
    {"caa", "a CAA record of the domain forbids this authority"},
    {"unauthorized", "something else answers for this name, or the DNS record is not there"},
    {"externalAccountRequired", "set certificates.acme.eab to the key that the authority gave you"},
    {"userActionRequired", "the terms of service have changed: open the page that the authority names"},
    {"rejectedIdentifier", "this authority does not issue for this name"},
    {"invalidProfile", "set certificates.acme.profile to one that the authority offers"},
};

std::string help_for(std::string_view type) {
  for (const HelpLine& line : kHelp) {
    if (line.type == type) return std::string(line.help);
  }
  return {};
}

FailureKind kind_of(const Problem& problem) {
  if (problem.type == "rateLimited") return FailureKind::kRateLimited;
  if (problem.type == "serverInternal" || problem.type == "badNonce") return FailureKind::kTransient;
  const bool validation = std::find(kValidationTypes.begin(), kValidationTypes.end(), problem.type) != kValidationTypes.end();
  return validation ? FailureKind::kValidation : FailureKind::kRefused;
}

}  // namespace

std::string_view to_text(FailureKind kind) noexcept {
  switch (kind) {
    case FailureKind::kTransient: return "transient";
    case FailureKind::kValidation: return "validation";
    case FailureKind::kRefused: return "refused";
    case FailureKind::kRateLimited: return "rate_limited";
  }
  return {};
}

Failure failure_of(const Problem& problem) {
  return {.kind = kind_of(problem),
          .error = make_error("acme-" + std::string(known_type(problem.type)), problem.text(), help_for(problem.type)),
          .problem = problem.type};
}

Failure failure_of(const Answer& answer, runtime::WallTime now) {
  Failure failure = failure_of(problem_of(answer));
  failure.status = answer.status;
  if (answer.status == 429) failure.kind = FailureKind::kRateLimited;
  if (answer.status >= 500) failure.kind = FailureKind::kTransient;
  const auto wait = retry_after(answer, now);
  if (wait) failure.not_before = now + *wait;
  else if (failure.kind == FailureKind::kRateLimited) failure.not_before = now + kUnnamedLimit;
  return failure;
}

Failure transient(Error error) { return {.kind = FailureKind::kTransient, .error = std::move(error)}; }

}  // namespace gatehouse::acme
