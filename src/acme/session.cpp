#include "gatehouse/acme/session.h"

#include "gatehouse/base/encoding.h"
#include "gatehouse/jose/jws.h"
#include "session_record.h"

namespace gatehouse::acme {

namespace {

using namespace std::chrono_literals;

constexpr std::chrono::hours kDirectoryLifetime{24};
constexpr int kNonceAttempts = 10;
constexpr auto kNonceDelay = 250ms;
constexpr std::size_t kMaxNonces = 16;

}  // namespace

Session::Session(Environment& environment, Slot& account_slot, Authority authority)
    : environment_(environment), slot_(account_slot), authority_(std::move(authority)) {}

runtime::Task<Outcome<Answer>> Session::send(Request request) {
  const std::string url = request.url;
  auto answer = co_await environment_.send(std::move(request));
  if (!answer) co_return transient(std::move(answer).error().context(url));
  const std::string_view nonce = replay_nonce(*answer);
  if (!nonce.empty()) nonces_.emplace_back(nonce);
  if (nonces_.size() > kMaxNonces) nonces_.pop_front();
  if (answer->ok()) co_return *std::move(answer);
  co_return failure_of(*answer, environment_.clock().wall());
}

runtime::Task<Outcome<Directory>> Session::directory() {
  if (directory_ && environment_.clock().now() < directory_until_) co_return *directory_;
  auto answer = co_await send({.method = Method::kGet, .url = authority_.directory, .accept = "application/json"});
  if (!answer) co_return std::move(answer).failure();
  auto directory = parse_directory(answer->body);
  if (!directory) co_return transient(std::move(directory).error().context(authority_.directory));
  directory_ = *std::move(directory);
  directory_until_ = environment_.clock().now() + kDirectoryLifetime;
  co_return *directory_;
}

runtime::Task<Outcome<std::string>> Session::nonce() {
  if (nonces_.empty()) {
    auto found = co_await directory();
    if (!found) co_return std::move(found).failure();
    auto answer = co_await send({.method = Method::kHead, .url = found->new_nonce});
    if (!answer) co_return std::move(answer).failure();
  }
  if (nonces_.empty()) co_return transient(make_error("acme-nonce", authority_.directory + ": the authority gave no nonce"));
  std::string oldest = std::move(nonces_.front());
  nonces_.pop_front();
  co_return oldest;
}

runtime::Task<Outcome<Answer>> Session::post_signed(std::string url, std::string payload, pki::Key key, std::string key_id,
                                                    std::string accept) {
  for (int attempt = 1;; ++attempt) {
    auto fresh = co_await nonce();
    if (!fresh) co_return std::move(fresh).failure();
    auto body = jose::sign(key, {.url = url, .nonce = *std::move(fresh), .key_id = key_id}, payload);
    if (!body) co_return Failure{.kind = FailureKind::kRefused, .error = std::move(body).error()};
    auto answer = co_await send({.method = Method::kPost, .url = url, .body = *std::move(body), .accept = accept});
    if (answer || answer.failure().problem != "badNonce" || attempt == kNonceAttempts) co_return answer;
    co_await environment_.wait(kNonceDelay);
  }
}

runtime::Task<Outcome<Answer>> Session::post(std::string url, std::string payload, std::string accept) {
  auto who = co_await account();
  if (!who) co_return std::move(who).failure();
  co_return co_await post_signed(std::move(url), std::move(payload), who->key, who->url, std::move(accept));
}

runtime::Task<Outcome<Done>> Session::revoke(std::string certificate_der, RevocationReason reason,
                                             std::optional<pki::Key> certificate_key) {
  auto found = co_await directory();
  if (!found) co_return std::move(found).failure();
  const std::string url = found->revoke_cert;
  std::string payload = R"({"certificate":")" + encode_base64url(certificate_der) + R"(","reason":)" +
                        std::to_string(static_cast<int>(reason)) + "}";
  auto asked = certificate_key ? post_signed(url, std::move(payload), *certificate_key, {}, {}) : post(url, std::move(payload));
  auto answer = co_await asked;
  if (answer || answer.failure().problem == "alreadyRevoked") co_return Done{};
  co_return std::move(answer).failure();
}

runtime::Task<Outcome<RenewalAnswer>> Session::renewal_window(std::string renewal_id) {
  auto found = co_await directory();
  if (!found) co_return std::move(found).failure();
  if (found->renewal_info.empty()) co_return RenewalAnswer{};
  std::string url = found->renewal_info;
  if (!url.ends_with('/')) url += '/';
  auto answer = co_await send({.method = Method::kGet, .url = url + renewal_id, .accept = "application/json"});
  if (!answer) co_return std::move(answer).failure();
  RenewalAnswer renewal{.window = {}, .retry_after = retry_after(*answer, environment_.clock().wall())};
  if (auto window = parse_renewal_window(answer->body)) renewal.window = *std::move(window);
  co_return renewal;
}

void Session::note_challenge(std::string_view type, bool succeeded) {
  auto& [successes, attempts] = challenges_[std::string(type)];
  ++attempts;
  successes += succeeded ? 1U : 0U;
}

double Session::challenge_record(std::string_view type) const {
  const auto found = challenges_.find(type);
  if (found == challenges_.end()) return 1;
  return static_cast<double>(found->second.first) / found->second.second;
}

}  // namespace gatehouse::acme
