#include "problem.h"

#include <algorithm>
#include <array>

#include "gatehouse/base/json.h"

namespace gatehouse::acme {

namespace {

constexpr std::string_view kPrefix = "urn:ietf:params:acme:error:";
constexpr std::size_t kMaxDetail = 1024;
constexpr std::size_t kMaxShort = 200;
constexpr std::size_t kMaxSubproblems = 20;
constexpr std::size_t kMaxLine = 2000;

// RFC 8555 section 6.7, RFC 9773 section 7.4, draft-aaron-acme-profiles.
constexpr std::array<std::string_view, 27> kTypes{
    "accountDoesNotExist", "alreadyReplaced", "alreadyRevoked", "badCSR", "badNonce", "badPublicKey", "badRevocationReason",
    "badSignatureAlgorithm", "caa", "compound", "connection", "dns", "externalAccountRequired", "incorrectResponse",
    "invalidContact", "invalidProfile", "malformed", "orderNotReady", "rateLimited", "rejectedIdentifier", "serverInternal",
    "tls", "unauthorized", "unsupportedContact", "unsupportedIdentifier", "userActionRequired", "dnssec"};

// Text of somebody else for people: no control characters, valid UTF-8, not longer than `limit` bytes.
std::string cut(std::string_view text, std::size_t limit) {
  std::string clean = json::to_utf8(text.substr(0, limit));
  for (char& c : clean) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
  }
  return clean;
}

std::string member(const Json& object, const char* name, std::size_t limit) {
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? cut(found->get_ref<const std::string&>(), limit) : std::string();
}

std::string short_type(std::string type) { return type.starts_with(kPrefix) ? type.substr(kPrefix.size()) : type; }

Subproblem subproblem_from(const Json& object) {
  Subproblem part;
  part.type = short_type(member(object, "type", kMaxShort));
  part.detail = member(object, "detail", kMaxDetail);
  const auto identifier = object.find("identifier");
  if (identifier != object.end() && identifier->is_object()) part.identifier = member(*identifier, "value", kMaxShort);
  return part;
}

}  // namespace

Problem problem_from(const Json& object) {
  Problem problem;
  problem.type = short_type(member(object, "type", kMaxShort));
  problem.detail = member(object, "detail", kMaxDetail);
  if (problem.detail.empty()) problem.detail = member(object, "title", kMaxShort);
  problem.instance = member(object, "instance", kMaxShort);
  const auto parts = object.find("subproblems");
  if (parts == object.end() || !parts->is_array()) return problem;
  for (const Json& part : *parts) {
    if (problem.subproblems.size() == kMaxSubproblems) break;
    if (part.is_object()) problem.subproblems.push_back(subproblem_from(part));
  }
  return problem;
}

Problem problem_of(const Answer& answer) {
  const auto json = parse_object(answer.body, "the problem");
  if (json && (json->contains("type") || json->contains("detail"))) return problem_from(*json);
  Problem problem;
  problem.type = "http-" + std::to_string(answer.status);
  problem.detail = cut(answer.body, kMaxShort);
  return problem;
}

std::string Problem::text() const {
  std::string line = type.empty() ? "a problem without a type" : type;
  if (!detail.empty()) line += ": " + detail;
  std::string parts;
  for (const Subproblem& part : subproblems) {
    parts += (parts.empty() ? "" : "; ") + (part.identifier.empty() ? part.type : part.identifier) + ": " + part.detail;
  }
  if (!parts.empty()) line += " (" + parts + ")";
  if (!instance.empty()) line += ", see " + instance;
  return cut(line, kMaxLine);
}

std::string_view known_type(std::string_view type) noexcept {
  const auto* const found = std::find(kTypes.begin(), kTypes.end(), type);
  return found == kTypes.end() ? "other" : *found;
}

}  // namespace gatehouse::acme
