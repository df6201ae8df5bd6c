// http-01 and tls-alpn-01: what the edge answers with.
#include "gatehouse/issuer/solvers.h"
#include "gatehouse/pki/request.h"

namespace gatehouse::issuer {

namespace {

class HttpSolver final : public acme::ChallengeSolver {
 public:
  explicit HttpSolver(HttpTokens& tokens) noexcept : tokens_(tokens) {}
  std::string_view type() const noexcept override { return "http-01"; }

  runtime::Task<Status> present(acme::Challenge challenge) override {
    tokens_.set(challenge.token, std::make_shared<const std::string>(challenge.key_authorization));
    co_return Status{};
  }
  runtime::Task<Status> clean_up(acme::Challenge challenge) override {
    tokens_.remove(challenge.token);
    co_return Status{};
  }

 private:
  HttpTokens& tokens_;
};

class AlpnSolver final : public acme::ChallengeSolver {
 public:
  AlpnSolver(tls::Challenges& certificates, const runtime::Clock& clock, runtime::Random& random) noexcept
      : certificates_(certificates), clock_(clock), random_(random) {}
  std::string_view type() const noexcept override { return "tls-alpn-01"; }

  runtime::Task<Status> present(acme::Challenge challenge) override {
    auto certificate = make(challenge);
    if (!certificate) co_return std::move(certificate).error();
    certificates_.set(acme::alpn_server_name(challenge.name), *std::move(certificate));
    co_return Status{};
  }
  runtime::Task<Status> clean_up(acme::Challenge challenge) override {
    certificates_.remove(acme::alpn_server_name(challenge.name));
    co_return Status{};
  }

 private:
  Result<std::shared_ptr<const tls::Certificate>> make(const acme::Challenge& challenge) {
    const auto key = pki::Key::generate(pki::KeyType::kEcdsaP256);
    if (!key) return key.error();
    const auto digest = pki::sha256(challenge.key_authorization);
    const auto chain = pki::challenge_certificate(*key, challenge.name, digest, clock_.wall(), random_);
    if (!chain) return chain.error();
    return tls::Certificate::parse(*chain, key->to_pem().reveal(), clock_.wall());
  }

  tls::Challenges& certificates_;
  const runtime::Clock& clock_;
  runtime::Random& random_;
};

}  // namespace

Solver http_solver(HttpTokens& tokens) { return std::make_unique<HttpSolver>(tokens); }

Solver alpn_solver(tls::Challenges& certificates, const runtime::Clock& clock, runtime::Random& random) {
  return std::make_unique<AlpnSolver>(certificates, clock, random);
}

}  // namespace gatehouse::issuer
