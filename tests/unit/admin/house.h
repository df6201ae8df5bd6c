// The API over a real store, real accounts (cheap hashes) and a scripted daemon.
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "fakes/fake_exchange.h"
#include "fakes/manual_clock.h"
#include "gatehouse/access/verifier.h"
#include "gatehouse/admin/api.h"
#include "gatehouse/runtime/random.h"
#include "gatehouse/state/open.h"

namespace gatehouse::admin {

using Json = nlohmann::json;
using fakes::FakeExchange;
using namespace std::chrono_literals;

struct Answer {
  int status = 0;
  std::string body, type, allow, challenge, retry_after;
  Json json() const { return Json::parse(body, nullptr, false); }
};

// Who calls: as the app's authenticator makes it.
struct Caller {
  http::Principal principal;
  std::string authorization;
  std::string address = "127.0.0.1";
};

class ApiTest : public ::testing::Test {
 protected:
  ApiTest() {
    std::string name = ::testing::TempDir() + "gatehouse-admin-XXXXXX";
    EXPECT_NE(::mkdtemp(name.data()), nullptr);
    path_ = name;
    directory_.emplace(*state::StateDirectory::open(path_ + "/state"));
    store_ = *state::open_store({}, *directory_, clock_);
    access::Settings settings;
    settings.secret_key = Secret("0123456789abcdef0123456789abcdef");
    settings.admin_password = Secret("correct horse");
    settings.argon2_memory_kib = 64;
    settings.argon2_passes = 1;
    accounts_ = *access::Accounts::open(*store_, settings, clock_, runtime::system_random());
    status_.version = "1.2.3";
    status_.state = "ready";
    status_.uptime_seconds = 12.5;
    status_.modules = {{"edge", "healthy", ""}};
    make(*store_, pool_);
  }
  ~ApiTest() override {
    group_.stop();
    api_.reset();
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }

  void make(state::Store& store, runtime::OffloadPool& pool) {
    Ports ports;
    ports.accounts = accounts_.get();
    ports.store = &store;
    ports.metrics = &registry_;
    ports.offload = &pool;
    ports.hashing = &pool;
    ports.clock = &clock_;
    ports.random = &runtime::system_random();
    ports.version = "1.2.3";
    ports.metrics_allow = [this] { return allow_; };
    ports.status = [this] { return status_; };
    ports.certificates = [this] { return certificates_; };
    ports.certificate_command = [this](CertificateCommand command, CertificateDone done) {
      commands_.push_back(std::move(command));
      done(outcome_);
    };
    ports.reload = [this](std::function<void(ReloadView)> done) { reload_done_ = std::move(done); };
    api_ = std::make_unique<Api>(std::move(ports));
  }

  template <class Done>
  void run_until(Done done) {
    for (int i = 0; i < 500 && !done(); ++i) loop_.run_for_test(10ms);
  }
  Answer run(FakeExchange& exchange) {
    group_.spawn(api_->handle(exchange));
    run_until([&] { return exchange.answered(); });
    EXPECT_TRUE(exchange.answered());
    return {exchange.status(), exchange.output(), exchange.response().content_type, exchange.header("Allow"),
            exchange.header("WWW-Authenticate"), exchange.header("Retry-After")};
  }

  Caller with(const std::string& credential) {
    auto identity = access::Verifier(accounts_->keys(), accounts_->index()).verify(credential, clock_.wall());
    EXPECT_TRUE(identity) << identity.error().message;
    if (!identity) return {};
    const bool key = identity->credential == access::CredentialKind::kApiKey;
    return {{.name = identity->name,
             .credential = key ? "key:" + std::to_string(identity->key_id) : "token:" + identity->token_id,
             .user_id = identity->user_id,
             .superuser = identity->superuser,
             .scopes = identity->scopes.names()},
            "Bearer " + credential};
  }
  static Caller socket() {
    return {{.name = "local", .credential = "socket", .user_id = 0, .superuser = true, .scopes = {"admin"}}, "", ""};
  }
  Caller admin() { return with(token("admin")); }
  std::string token(const std::string& name) {
    const auto answer = accounts_->login(name, Secret("correct horse"), "127.0.0.1");
    EXPECT_TRUE(answer.token);
    return std::string(answer.token->token.reveal());
  }
  Caller user(const std::string& name, std::vector<std::string> scopes) {
    const Json made = call("POST", "/auth/users", admin(), {{"username", name}, {"password", "correct horse"}, {"scopes", scopes}}).json();
    EXPECT_TRUE(made.contains("id")) << made;
    return with(token(name));
  }

  Answer raw(const std::string& method, const std::string& path, const Caller& caller, http::Headers headers = {},
             std::string body = {}) {
    if (!caller.authorization.empty()) headers.emplace_back("Authorization", caller.authorization);
    FakeExchange exchange(loop_, method, path, std::move(headers), std::move(body));
    exchange.who() = caller.principal;
    exchange.client_info().address = caller.address;
    return run(exchange);
  }
  Answer call(const std::string& method, const std::string& path, const Caller& caller, const Json& body = nullptr) {
    if (body.is_null()) return raw(method, path, caller);
    return raw(method, path, caller, {{"Content-Type", "application/json"}}, body.dump());
  }
  Answer get(const std::string& path, const Caller& caller = {}) { return call("GET", path, caller); }
  Answer login(const std::string& form, const std::string& path = "/auth/login") {
    return raw("POST", path, {}, {{"Content-Type", "application/x-www-form-urlencoded"}}, form);
  }

  fakes::ManualClock clock_;
  std::string path_;
  std::optional<state::StateDirectory> directory_;
  std::unique_ptr<state::Store> store_;
  std::unique_ptr<access::Accounts> accounts_;
  metrics::Registry registry_;
  StatusView status_;
  CertificatesView certificates_;
  std::vector<net::Cidr> allow_;
  std::function<void(ReloadView)> reload_done_;
  std::vector<CertificateCommand> commands_;
  CertificateOutcome outcome_;
  runtime::Loop loop_{runtime::system_clock()};
  runtime::OffloadPool pool_{2};
  std::unique_ptr<Api> api_;
  runtime::TaskGroup group_;
};

}  // namespace gatehouse::admin
