// A set of accounts over a store in memory, with weak (fast) hashes, and shortcuts for its inhabitants.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "fakes/manual_clock.h"
#include "gatehouse/access/accounts.h"
#include "memory_store.h"

namespace gatehouse::access {

// Counts up: different every time, the same in every run.
class CountingRandom final : public runtime::Random {
 public:
  void fill(std::span<std::uint8_t> out) override {
    const std::lock_guard lock(mutex_);
    for (std::uint8_t& byte : out) byte = static_cast<std::uint8_t>((state_ = state_ * 6364136223846793005ULL + 1442695040888963407ULL) >> 56);
  }

 private:
  std::mutex mutex_;
  std::uint64_t state_ = 1;
};

inline Settings quick_settings() {
  Settings settings;
  settings.secret_key = Secret("0123456789abcdef0123456789abcdef");
  settings.admin_password = Secret("correct horse");
  settings.argon2_memory_kib = 64;
  settings.argon2_passes = 1;
  return settings;
}

class House {
 public:
  explicit House(Settings settings = quick_settings()) : settings_(std::move(settings)) { reopen(); }

  void reopen() {
    accounts_.reset();
    auto opened = Accounts::open(store, settings_, clock, random);
    ASSERT_TRUE(opened) << opened.error().message;
    accounts_ = *std::move(opened);
  }
  Accounts& accounts() { return *accounts_; }
  Settings& settings() { return settings_; }

  Result<Identity> verify(std::string_view credential) {
    return Verifier(accounts_->keys(), accounts_->index()).verify(credential, clock.wall());
  }
  std::string token(std::string_view name, std::string_view password = "correct horse") {
    auto answer = accounts_->login(name, Secret(std::string(password)), "127.0.0.1");
    EXPECT_TRUE(answer.token) << answer.token.error().message;
    return answer.token ? std::string(answer.token->token.reveal()) : std::string();
  }
  Identity identity(std::string_view name) {
    auto found = verify(token(name));
    EXPECT_TRUE(found) << found.error().message;
    return found ? *found : Identity{};
  }
  Identity admin() { return identity("admin"); }
  // An ordinary user with these scopes; returns the id.
  std::int64_t add(const std::string& name, std::vector<std::string> scopes) {
    auto made = accounts_->create_user(admin(), user(name, std::move(scopes)));
    EXPECT_TRUE(made) << made.error().message;
    return made ? made->id : 0;
  }
  static NewUser user(const std::string& name, std::optional<std::vector<std::string>> scopes = {}) {
    NewUser request;
    request.username = name;
    request.password = Secret("correct horse");
    request.scopes = std::move(scopes);
    return request;
  }
  static NewKey key(std::vector<std::string> scopes) {
    NewKey request;
    request.name = "test";
    request.scopes = std::move(scopes);
    return request;
  }

  fakes::MemoryStore store;
  fakes::ManualClock clock;
  CountingRandom random;

 private:
  Settings settings_;
  std::unique_ptr<Accounts> accounts_;
};

template <class T>
std::string slug_of(const Result<T>& result) {
  return result ? "" : result.error().slug;
}

}  // namespace gatehouse::access
