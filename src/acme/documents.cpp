#include "gatehouse/acme/documents.h"

#include <algorithm>
#include <array>

#include "json.h"
#include "problem.h"

namespace gatehouse::acme {

namespace {

constexpr std::size_t kMaxNames = 100;
constexpr std::size_t kMaxToken = 256;
constexpr std::array<std::string_view, 4> kChallengeTypes{"http-01", "tls-alpn-01", "dns-01", "dns-persist-01"};

template <class Status>
struct StatusWord {
  std::string_view word;
  Status status;
};
constexpr StatusWord<OrderStatus> kOrderWords[] = {{"pending", OrderStatus::kPending},
                                                   {"ready", OrderStatus::kReady},
                                                   {"processing", OrderStatus::kProcessing},
                                                   {"valid", OrderStatus::kValid},
                                                   {"invalid", OrderStatus::kInvalid}};
constexpr StatusWord<ChallengeStatus> kChallengeWords[] = {{"pending", ChallengeStatus::kPending},
                                                           {"processing", ChallengeStatus::kProcessing},
                                                           {"valid", ChallengeStatus::kValid},
                                                           {"invalid", ChallengeStatus::kInvalid}};
constexpr StatusWord<AuthorizationStatus> kAuthorizationWords[] = {{"pending", AuthorizationStatus::kPending},
                                                                   {"valid", AuthorizationStatus::kValid},
                                                                   {"invalid", AuthorizationStatus::kInvalid},
                                                                   {"deactivated", AuthorizationStatus::kDeactivated},
                                                                   {"expired", AuthorizationStatus::kExpired},
                                                                   {"revoked", AuthorizationStatus::kRevoked}};

template <class Status, std::size_t Size>
Status read_status(Members& members, const StatusWord<Status> (&words)[Size]) {
  const std::string text = members.required_text("status");
  for (const auto& [word, status] : words) {
    if (text == word) return status;
  }
  members.fail("status", "unknown");
  return words[0].status;
}

template <class Document>
Result<Document> finished(const Members& members, Document document) {
  if (members.error()) return *members.error();
  return document;
}

pki::Name read_name(const Json& json, Members& outer) {
  Members members(json, "an identifier");
  const std::string type = members.required_text("type");
  auto name = pki::parse_name(members.required_text("value"));
  if (members.error()) outer.take(*members.error());
  if (!name || (type != "dns" && type != "ip") || name->is_ip != (type == "ip")) {
    outer.fail("identifier", "neither a host name nor an address");
    return {};
  }
  return *std::move(name);
}

// The token becomes part of a path and of a file's name elsewhere: nothing but base64url (section 8.1).
bool is_token(std::string_view text) {
  return !text.empty() && text.size() <= kMaxToken && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
  });
}

std::optional<Problem> read_error(Members& members) {
  return members.has("error") ? std::optional(problem_from(members.object("error"))) : std::nullopt;
}

Result<ChallengeDocument> read_challenge(const Json& json) {
  Members members(json, "the challenge");
  ChallengeDocument challenge;
  challenge.type = members.required_text("type");
  challenge.url = members.required_url("url");
  challenge.status = read_status(members, kChallengeWords);
  challenge.error = read_error(members);
  challenge.token = members.text("token");
  if (challenge.type != "dns-persist-01" && !is_token(challenge.token)) members.fail("token", "no base64url");
  return finished(members, std::move(challenge));
}

bool is_known_challenge(const Json& json) {
  if (!json.is_object()) return false;
  const auto type = json.find("type");
  return type != json.end() && type->is_string() &&
         std::find(kChallengeTypes.begin(), kChallengeTypes.end(), type->get_ref<const std::string&>()) != kChallengeTypes.end();
}

}  // namespace

Result<Directory> parse_directory(std::string_view body) {
  const auto json = parse_object(body, "the directory");
  if (!json) return json.error();
  Members members(*json, "the directory");
  Directory directory;
  directory.new_nonce = members.required_url("newNonce");
  directory.new_account = members.required_url("newAccount");
  directory.new_order = members.required_url("newOrder");
  directory.revoke_cert = members.required_url("revokeCert");
  directory.key_change = members.required_url("keyChange");
  directory.renewal_info = members.url("renewalInfo");
  Members meta(members.object("meta"), "the directory's meta");
  directory.terms_of_service = meta.text("termsOfService");
  directory.external_account_required = meta.flag("externalAccountRequired");
  const Json& profiles = meta.object("profiles");
  if (profiles.size() > kMaxList) meta.fail("profiles", "too many");
  for (const auto& item : profiles.items()) directory.profiles.push_back(item.key());
  if (meta.error()) members.take(*meta.error());
  return finished(members, std::move(directory));
}

Result<Account> parse_account(std::string_view body) {
  const auto json = parse_object(body, "the account");
  if (!json) return json.error();
  Members members(*json, "the account");
  Account account;
  account.status = members.required_text("status");
  account.contacts = members.texts("contact");
  return finished(members, std::move(account));
}

Result<Order> parse_order(std::string_view body) {
  const auto json = parse_object(body, "the order");
  if (!json) return json.error();
  Members members(*json, "the order");
  Order order;
  order.status = read_status(members, kOrderWords);
  const Json& identifiers = members.array("identifiers");
  if (identifiers.empty() || identifiers.size() > kMaxNames) members.fail("identifiers", "none, or too many");
  for (const Json& identifier : identifiers) order.names.push_back(read_name(identifier, members));
  order.authorizations = members.urls("authorizations");
  order.finalize = members.required_url("finalize");
  order.certificate = members.url("certificate");
  if (order.status == OrderStatus::kValid && order.certificate.empty()) members.fail("certificate", "missing");
  order.replaces = members.text("replaces");
  order.expires = members.time("expires");
  order.error = read_error(members);
  return finished(members, std::move(order));
}

Result<Authorization> parse_authorization(std::string_view body) {
  const auto json = parse_object(body, "the authorization");
  if (!json) return json.error();
  Members members(*json, "the authorization");
  Authorization authorization;
  authorization.status = read_status(members, kAuthorizationWords);
  authorization.name = read_name(members.object("identifier"), members);
  if (members.flag("wildcard") && !authorization.name.wildcard()) authorization.name.text.insert(0, "*.");
  for (const Json& item : members.array("challenges")) {
    if (!is_known_challenge(item)) continue;
    auto challenge = read_challenge(item);
    if (challenge) authorization.challenges.push_back(*std::move(challenge));
    else members.take(challenge.error());
  }
  return finished(members, std::move(authorization));
}

Result<ChallengeDocument> parse_challenge(std::string_view body) {
  const auto json = parse_object(body, "the challenge");
  if (!json) return json.error();
  return read_challenge(*json);
}

Result<RenewalWindow> parse_renewal_window(std::string_view body) {
  const auto json = parse_object(body, "the renewal information");
  if (!json) return json.error();
  Members members(*json, "the renewal information");
  Members window(members.object("suggestedWindow"), "the suggested window");
  const auto start = window.time("start");
  const auto end = window.time("end");
  if (!start || !end) window.fail("start", "missing, or the end is");
  if (start && end && *end <= *start) window.fail("end", "not behind the start");
  if (window.error()) members.take(*window.error());
  // The explanation is for people; a broken one does not hold up a renewal.
  std::string explanation = members.has("explanationURL") ? members.text("explanationURL") : std::string();
  return finished(members, RenewalWindow{start.value_or(runtime::WallTime{}), end.value_or(runtime::WallTime{}), std::move(explanation)});
}

}  // namespace gatehouse::acme
