// A certificate authority that speaks ACME (RFC 8555, 8737, 9773, profiles), sans-IO and strict: it verifies every signature,
// nonce, URL and header of a client, and has the faults that real ones have had. It proves nothing over a network itself:
// `validate` says whether a challenge is met.
//
//   fakes::AcmeCa ca(clock);
//   ca.validate = [&](const fakes::AcmeCa::Proof& proof) { return ...; };
//   acme::Answer answer = ca.handle(request);
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "fakes/issuing_ca.h"
#include "fakes/jws.h"
#include "gatehouse/acme/exchange.h"
#include "gatehouse/base/timestamp.h"
#include "gatehouse/http/date.h"
#include "gatehouse/jose/jws.h"
#include "gatehouse/pki/chain.h"
#include "gatehouse/pki/names.h"
#include "gatehouse/runtime/clock.h"

namespace gatehouse::fakes {

using namespace std::chrono_literals;

class AcmeCa {
 public:
  struct Proof {
    std::string type, name, token, key_authorization;
    bool wildcard = false;
  };
  enum class Fault { kNone, kOtherNames, kOtherKey, kCutOff, kExpired, kNoPem };

  AcmeCa(const runtime::Clock& clock, std::string base = "https://ca.test")
      : clock_(clock), base_(std::move(base)) {}

  // How it behaves; may be changed at any time.
  std::function<bool(const Proof&)> validate = [](const Proof&) { return true; };
  std::function<std::optional<acme::Answer>(const acme::Request&, const std::string& path)> intercept;  // before anything else
  std::vector<std::string> challenges{"http-01", "tls-alpn-01", "dns-01"};
  std::map<std::string, std::string> external_accounts;  // key id → MAC key; not empty: required
  std::set<std::string> blocked;                         // names: rejectedIdentifier
  std::set<std::string> profiles{"classic", "shortlived"};
  std::chrono::seconds lifetime = 90 * 24h;
  bool renewal_information = true;
  bool reuse_authorizations = false;
  int bad_nonces = 0;         // so many signed requests are told badNonce
  int validation_polls = 1;   // reads of an authorization until it is decided
  int processing_polls = 0;   // reads of an order in "processing"
  int not_ready = 0;          // finalizations answered with orderNotReady
  int retry_after = -1;       // seconds, on orders and authorizations that are not finished
  Fault fault = Fault::kNone;
  int faults = 1000;          // so many certificates have the fault
  std::string problem_padding;  // makes problem documents large
  runtime::WallTime window_start{}, window_end{};  // renewal information

  // What happened.
  int requests = 0, orders_made = 0, issued = 0, deactivated = 0, accounts_made = 0, directories = 0, windows_asked = 0;
  std::vector<std::string> replaced, revoked;  // renewal ids; serials
  std::vector<std::string> faults_of_client;   // what no client may do
  std::vector<std::string> order_profiles;

  std::string directory_url() const { return base_ + "/dir"; }
  IssuingCa& issuer() { return issuer_; }
  IssuingCa& other_issuer() { return other_issuer_; }
  void forget_accounts() { accounts_.clear(); }
  void finish_processing() {
    for (auto& [id, order] : orders_) order.polls_left = 0;
  }
  std::size_t pending_authorizations() const {
    std::size_t count = 0;
    for (const auto& [id, authorization] : authorizations_) count += authorization.status == "pending" ? 1U : 0U;
    return count;
  }
  std::size_t live_accounts() const { return accounts_.size(); }

  acme::Answer handle(const acme::Request& request) {
    ++requests;
    const std::string path = request.url.substr(std::min(request.url.size(), base_.size()));
    if (!request.url.starts_with(base_)) return problem(404, "malformed", "not our URL");
    if (intercept) {
      if (auto answer = intercept(request, path)) return *std::move(answer);
    }
    if (path == "/dir") return directory();
    if (path == "/nonce") return with_nonce({.status = request.method == acme::Method::kHead ? 200 : 204, .headers = {}, .body = {}});
    if (path.starts_with("/ari/")) return renewal_info(path.substr(5));
    if (request.method != acme::Method::kPost) return problem(405, "malformed", "POST only");
    return signed_request(request, path);
  }

 private:
  struct Account {
    PublicKey key;
    Json jwk;
    Json contacts = Json::array();
  };
  struct Authorization {
    std::string account, name, status = "pending", failed_type;
    bool wildcard = false;
    int polls_left = -1;  // -1: no challenge was answered
    std::string answered_type;
    std::string token;
    bool met = false;     // what it found when the challenge was answered
  };
  struct Order {
    std::string account, status = "pending", replaces, profile, certificate, alternate;
    Json identifiers;
    std::vector<int> authorizations;
    int polls_left = 0;
  };

  acme::Answer with_nonce(acme::Answer answer) {
    const std::string nonce = "nonce-" + std::to_string(++nonce_);
    nonces_.insert(nonce);
    answer.headers.emplace_back("Replay-Nonce", nonce);
    answer.headers.emplace_back("Cache-Control", "no-store");
    return answer;
  }
  acme::Answer problem(int status, const std::string& type, const std::string& detail) {
    const Json json = {{"type", "urn:ietf:params:acme:error:" + type}, {"detail", detail + problem_padding}, {"status", status}};
    return with_nonce({.status = status, .headers = {{"Content-Type", "application/problem+json"}}, .body = json.dump()});
  }
  acme::Answer document(const Json& json, int status = 200, const std::string& location = {}) {
    acme::Answer answer{.status = status, .headers = {{"Content-Type", "application/json"}}, .body = json.dump()};
    if (!location.empty()) answer.headers.emplace_back("Location", base_ + location);
    answer.headers.emplace_back("Link", "<" + base_ + "/dir>;rel=\"index\"");
    return with_nonce(std::move(answer));
  }

  acme::Answer directory() {
    ++directories;
    Json json = {{"newNonce", base_ + "/nonce"}, {"newAccount", base_ + "/account"}, {"newOrder", base_ + "/order"},
                 {"revokeCert", base_ + "/revoke"}, {"keyChange", base_ + "/key"},
                 {"meta", {{"termsOfService", "https://ca.test/terms"}, {"externalAccountRequired", !external_accounts.empty()}}}};
    for (const std::string& profile : profiles) json["meta"]["profiles"][profile] = "https://ca.test/" + profile;
    if (renewal_information) json["renewalInfo"] = base_ + "/ari";
    return {.status = 200, .headers = {{"Content-Type", "application/json"}}, .body = json.dump()};
  }

  acme::Answer renewal_info(const std::string&) {
    ++windows_asked;
    const Json json = {{"suggestedWindow", {{"start", rfc3339(window_start)}, {"end", rfc3339(window_end)}}},
                       {"explanationURL", "https://ca.test/why"}};
    return {.status = 200, .headers = {{"Content-Type", "application/json"}, {"Retry-After", "21600"}}, .body = json.dump()};
  }

  void blame(const std::string& what) { faults_of_client.push_back(what); }

  acme::Answer signed_request(const acme::Request& request, const std::string& path) {
    const auto jws = parse_jws(Json::parse(request.body, nullptr, false));
    if (!jws) {
      blame("no JWS: " + path);
      return problem(400, "malformed", "no flattened JWS");
    }
    if (jws->header.contains("jwk") == jws->header.contains("kid")) blame("jwk and kid: " + path);
    if (jws->header.value("url", "") != request.url) blame("wrong url in " + path);
    const bool wants_jwk = path == "/account" || (path == "/revoke" && jws->header.contains("jwk"));
    if (wants_jwk != jws->header.contains("jwk")) blame("wrong key field: " + path);
    PublicKey key;
    if (wants_jwk) {
      key = key_of(jws->header["jwk"]);
    } else {
      const auto found = accounts_.find(jws->header.value("kid", ""));
      if (found == accounts_.end()) return problem(400, "accountDoesNotExist", "no such account");
      key = found->second.key;
    }
    if (!jws->verified_by(key)) return problem(400, "malformed", "the signature is wrong");
    if (nonces_.erase(jws->header.value("nonce", "")) == 0 || bad_nonces > 0) {
      if (bad_nonces == 0) blame("nonce used twice");
      bad_nonces -= bad_nonces > 0 ? 1 : 0;
      return problem(400, "badNonce", "try again");
    }
    return dispatch(path, *jws, request);
  }

  acme::Answer dispatch(const std::string& path, const Jws& jws, const acme::Request& request) {
    const std::string kid = jws.header.value("kid", "");
    if (path == "/account") return new_account(jws);
    if (path == "/order") return new_order(kid, Json::parse(jws.payload, nullptr, false));
    if (path == "/revoke") return revoke(Json::parse(jws.payload, nullptr, false));
    if (path == "/key") return change_key(kid, jws, request);
    const std::size_t slash = path.find('/', 1);
    if (slash == path.npos) return problem(404, "malformed", "nothing here");
    const std::string what = path.substr(1, slash - 1), rest = path.substr(slash + 1);
    if (what == "acct") return update_account(kid, jws);
    const int id = number(rest);
    if (what == "authz" && authorizations_.contains(id)) return authorization(id, jws);
    if (what == "chall" && authorizations_.contains(id)) return challenge(id, rest.substr(rest.find('-') + 1), jws);
    if (!orders_.contains(id)) return problem(404, "malformed", "no such order");
    if (orders_[id].account != kid) return problem(403, "unauthorized", "not yours");
    if (what == "orders") return order(id, jws);
    if (what == "finalize") return finalize(id, Json::parse(jws.payload, nullptr, false));
    if (what == "cert" || what == "alt") return certificate(id, what == "alt", jws, request);
    return problem(404, "malformed", "nothing here");
  }

  // Keys and roots are made once.
  static IssuingCa& shared_issuer(const std::string& name) {
    static std::map<std::string, std::unique_ptr<IssuingCa>> issuers;
    auto& found = issuers[name];
    if (!found) found = std::make_unique<IssuingCa>(name);
    return *found;
  }

  static int number(const std::string& text) {
    int value = 0;
    for (const char c : text) {
      if (c < '0' || c > '9') break;
      value = value * 10 + (c - '0');
    }
    return value;
  }

  acme::Answer new_account(const Jws& jws) {
    const Json& jwk = jws.header["jwk"];
    for (const auto& [url, account] : accounts_) {
      if (account.jwk == jwk) return document({{"status", "valid"}, {"contact", account.contacts}}, 200, url.substr(base_.size()));
    }
    const Json payload = Json::parse(jws.payload, nullptr, false);
    if (payload.value("onlyReturnExisting", false)) return problem(400, "accountDoesNotExist", "no account has this key");
    if (!payload.value("termsOfServiceAgreed", false)) return problem(403, "userActionRequired", "agree to the terms");
    if (!external_accounts.empty() && !is_bound(payload, jwk)) return problem(403, "unauthorized", "the binding is wrong");
    const std::string path = "/acct/" + std::to_string(++accounts_made);
    accounts_[base_ + path] = {key_of(jwk), jwk, payload.value("contact", Json::array())};
    return document({{"status", "valid"}, {"contact", accounts_[base_ + path].contacts}}, 201, path);
  }

  bool is_bound(const Json& payload, const Json& jwk) {
    const auto binding = parse_jws(payload.value("externalAccountBinding", Json()));
    if (!binding) return false;
    const auto mac_key = external_accounts.find(binding->header.value("kid", ""));
    return mac_key != external_accounts.end() && binding->macked_by(mac_key->second) &&
           binding->header.value("url", "") == base_ + "/account" && Json::parse(binding->payload, nullptr, false) == jwk;
  }

  acme::Answer update_account(const std::string& kid, const Jws& jws) {
    Account& account = accounts_[kid];
    if (!jws.payload.empty()) account.contacts = Json::parse(jws.payload).value("contact", account.contacts);
    return document({{"status", "valid"}, {"contact", account.contacts}});
  }

  acme::Answer change_key(const std::string& kid, const Jws& outer, const acme::Request& request) {
    const auto inner = parse_jws(Json::parse(outer.payload, nullptr, false));
    if (!inner || inner->header.contains("nonce") || inner->header.value("url", "") != request.url ||
        !inner->verified_by(key_of(inner->header.value("jwk", Json())))) {
      return problem(400, "malformed", "the inner JWS is wrong");
    }
    const Json payload = Json::parse(inner->payload, nullptr, false);
    if (payload.value("account", "") != kid || payload.value("oldKey", Json()) != accounts_[kid].jwk) {
      return problem(400, "malformed", "the wish is wrong");
    }
    accounts_[kid].jwk = inner->header["jwk"];
    accounts_[kid].key = key_of(accounts_[kid].jwk);
    return document({{"status", "valid"}});
  }

  acme::Answer new_order(const std::string& kid, const Json& wish) {
    Order made;
    made.account = kid;
    made.identifiers = wish.value("identifiers", Json::array());
    made.profile = wish.value("profile", "");
    made.replaces = wish.value("replaces", "");
    if (!made.profile.empty() && !profiles.contains(made.profile)) return problem(400, "invalidProfile", "no such profile");
    if (!made.replaces.empty() && std::find(replaced.begin(), replaced.end(), made.replaces) != replaced.end()) {
      return problem(409, "alreadyReplaced", "it was replaced");
    }
    for (const Json& identifier : made.identifiers) {
      if (blocked.contains(identifier.value("value", ""))) return problem(400, "rejectedIdentifier", "policy forbids it");
    }
    for (const Json& identifier : made.identifiers) made.authorizations.push_back(authorization_for(kid, identifier.value("value", "")));
    const int id = ++orders_made;
    order_profiles.push_back(made.profile);
    orders_[id] = std::move(made);
    settle(orders_[id]);
    return document(order_json(id), 201, "/orders/" + std::to_string(id));
  }

  int authorization_for(const std::string& kid, std::string name) {
    const bool wildcard = name.starts_with("*.");
    if (wildcard) name = name.substr(2);
    for (const auto& [id, known] : authorizations_) {
      if (reuse_authorizations && known.account == kid && known.name == name && known.wildcard == wildcard && known.status == "valid") return id;
    }
    const int id = ++authorization_id_;
    Authorization made;
    made.account = kid;
    made.name = name;
    made.wildcard = wildcard;
    made.token = "token_" + std::to_string(id) + "-abcdefghijklmnopqrstuvwxyz";
    authorizations_[id] = made;
    return id;
  }

  void settle(Order& order) {
    if (order.status != "pending") return;
    bool ready = true;
    for (const int id : order.authorizations) {
      const std::string& status = authorizations_[id].status;
      if (status != "valid" && status != "pending") order.status = "invalid";
      ready = ready && status == "valid";
    }
    if (ready) order.status = "ready";
  }

  Json order_json(int id) {
    const Order& order = orders_[id];
    const std::string text = std::to_string(id);
    Json json = {{"status", order.status}, {"expires", rfc3339(clock_.wall() + 7 * 24h)}, {"identifiers", order.identifiers},
                 {"finalize", base_ + "/finalize/" + text}, {"authorizations", Json::array()}};
    for (const int authorization : order.authorizations) {
      json["authorizations"].push_back(base_ + "/authz/" + std::to_string(authorization));
    }
    if (order.status == "valid") json["certificate"] = base_ + "/cert/" + text;
    if (!order.replaces.empty()) json["replaces"] = order.replaces;
    if (order.status == "invalid") json["error"] = {{"type", "urn:ietf:params:acme:error:unauthorized"}, {"detail", "an authorization failed"}};
    return json;
  }

  acme::Answer order(int id, const Jws& jws) {
    if (!jws.payload.empty()) blame("order was written to");
    Order& found = orders_[id];
    settle(found);
    if (found.status == "processing" && found.polls_left-- <= 0) found.status = "valid";
    return unfinished(document(order_json(id)), found.status == "pending" || found.status == "processing");
  }

  acme::Answer unfinished(acme::Answer answer, bool is) {
    if (is && retry_after >= 0) answer.headers.emplace_back("Retry-After", std::to_string(retry_after));
    return answer;
  }

  Json challenge_json(int id, const std::string& type) {
    const Authorization& known = authorizations_[id];
    Json json = {{"type", type}, {"url", base_ + "/chall/" + std::to_string(id) + "-" + type}, {"status", "pending"}, {"token", known.token}};
    if (known.answered_type == type) json["status"] = known.status == "pending" ? "processing" : known.status;
    if (known.failed_type == type) {
      json["error"] = {{"type", "urn:ietf:params:acme:error:connection"}, {"detail", "nobody answers"}, {"status", 400}};
    }
    return json;
  }

  acme::Answer authorization(int id, const Jws& jws) {
    Authorization& found = authorizations_[id];
    if (!jws.payload.empty()) {
      if (Json::parse(jws.payload).value("status", "") != "deactivated") return problem(400, "malformed", "what?");
      found.status = "deactivated";
      ++deactivated;
    }
    if (found.status == "pending" && found.polls_left >= 0 && found.polls_left-- == 0) {
      found.status = found.met ? "valid" : "invalid";
      if (!found.met) found.failed_type = found.answered_type;
    }
    Json json = {{"identifier", {{"type", pki::parse_name(found.name)->is_ip ? "ip" : "dns"}, {"value", found.name}}},
                 {"status", found.status}, {"expires", rfc3339(clock_.wall() + 24h)}, {"challenges", Json::array()}};
    if (found.wildcard) json["wildcard"] = true;
    for (const std::string& type : challenges) {
      if (!found.wildcard || type == "dns-01") json["challenges"].push_back(challenge_json(id, type));
    }
    json["challenges"].push_back({{"type", "from-the-future-01"}, {"something", 1}});
    return unfinished(document(json), found.status == "pending");
  }

  void look(Authorization& known) {
    const std::string authorization = known.token + "." + thumbprint(accounts_[known.account].jwk);
    const Proof proof{known.answered_type, known.name, known.token, authorization, known.wildcard};
    known.met = validate(proof);
  }
  acme::Answer challenge(int id, const std::string& type, const Jws& jws) {
    Authorization& found = authorizations_[id];
    if (jws.payload != "{}") blame("a challenge is answered with {}");
    if (!found.answered_type.empty()) blame("a challenge was answered twice");
    if (found.status == "pending" && found.answered_type.empty()) {
      found.answered_type = type;
      found.polls_left = validation_polls;
      look(found);
    }
    acme::Answer answer = document(challenge_json(id, type));
    answer.headers.emplace_back("Link", "<" + base_ + "/authz/" + std::to_string(id) + ">;rel=\"up\"");
    return unfinished(std::move(answer), true);
  }

  acme::Answer finalize(int id, const Json& wish) {
    Order& found = orders_[id];
    settle(found);
    if (found.status != "ready" || not_ready > 0) {
      not_ready -= not_ready > 0 ? 1 : 0;
      return problem(403, "orderNotReady", "the order is " + found.status);
    }
    const std::string request = decoded(wish, "csr");
    Issue how{.not_before = clock_.wall() - 1h, .not_after = clock_.wall() + lifetime};
    const bool of_issuing = fault == Fault::kOtherNames || fault == Fault::kOtherKey || fault == Fault::kExpired;
    const bool faulty = of_issuing && faults-- > 0;
    if (faulty && fault == Fault::kOtherNames) how.names = {{"DNS:wrong.test"}};
    if (faulty && fault == Fault::kOtherKey) how.key = *pki::Key::generate(pki::KeyType::kEcdsaP256);
    if (faulty && fault == Fault::kExpired) how.not_after = clock_.wall() - 1s;
    found.certificate = issuer_.issue(request, how);
    found.alternate = other_issuer_.issue(request, how);
    if (found.certificate.empty()) return problem(400, "badCSR", "the request is wrong");
    ++issued;
    if (!found.replaces.empty()) replaced.push_back(found.replaces);
    found.status = processing_polls > 0 ? "processing" : "valid";
    found.polls_left = processing_polls;
    return unfinished(document(order_json(id), 200, "/orders/" + std::to_string(id)), found.status == "processing");
  }

  acme::Answer certificate(int id, bool alternate, const Jws& jws, const acme::Request& request) {
    if (!jws.payload.empty()) blame("a certificate is read with an empty payload");
    if (request.accept != "application/pem-certificate-chain") blame("Accept of a certificate: " + request.accept);
    acme::Answer answer{.status = 200, .headers = {{"Content-Type", "application/pem-certificate-chain"}},
                        .body = alternate ? orders_[id].alternate : orders_[id].certificate};
    if (fault == Fault::kCutOff && faults-- > 0) answer.body.resize(answer.body.size() / 2 + 100);
    if (fault == Fault::kNoPem && faults-- > 0) answer.body = "<html>hello</html>";
    answer.headers.emplace_back("Link", "<" + base_ + "/dir>;rel=\"index\"");
    answer.headers.emplace_back("Link", "<" + base_ + "/alt/" + std::to_string(id) + ">;rel=\"alternate\"");
    return with_nonce(std::move(answer));
  }

  acme::Answer revoke(const Json& wish) {
    const std::string der = decoded(wish, "certificate");
    const auto* bytes = reinterpret_cast<const unsigned char*>(der.data());
    const std::shared_ptr<X509> leaf(d2i_X509(nullptr, &bytes, static_cast<long>(der.size())), X509_free);
    if (!leaf) return problem(400, "malformed", "no certificate");
    unsigned char* serial_bytes = nullptr;
    const int size = i2d_ASN1_INTEGER(X509_get0_serialNumber(leaf.get()), &serial_bytes);
    const std::string serial = encode_hex({serial_bytes + 2, static_cast<std::size_t>(size - 2)});
    OPENSSL_free(serial_bytes);
    if (std::find(revoked.begin(), revoked.end(), serial) != revoked.end()) return problem(400, "alreadyRevoked", "it is");
    revoked.push_back(serial);
    return with_nonce({.status = 200, .headers = {}, .body = {}});
  }

  const runtime::Clock& clock_;
  const std::string base_;
  IssuingCa& issuer_ = shared_issuer("Test Root");
  IssuingCa& other_issuer_ = shared_issuer("Other Root");
  std::map<std::string, Account> accounts_;
  std::map<int, Authorization> authorizations_;
  std::map<int, Order> orders_;
  std::set<std::string> nonces_;
  int nonce_ = 0;
  int authorization_id_ = 0;
};

}  // namespace gatehouse::fakes
