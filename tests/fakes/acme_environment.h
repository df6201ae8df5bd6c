// The outside of gatehouse/acme in memory: a manual clock, an AcmeCa, slots and solvers, and trouble at any one step.
//
//   fakes::AcmeWorld world;
//   world.steps.trouble_at(7, fakes::Trouble::kLost);
//   auto issued = fakes::run(acme::obtain(...));     // nothing: the coroutine hangs, as after a crash
#pragma once

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "fakes/acme_ca.h"
#include "fakes/manual_clock.h"
#include "gatehouse/acme/challenge.h"
#include "gatehouse/acme/environment.h"
#include "gatehouse/runtime/task.h"

namespace gatehouse::fakes {

enum class Trouble {
  kNone,
  kUnreachable,  // the request does not arrive
  kLost,         // it arrives, its answer does not
  kServerError,  // 500
  kUnavailable,  // 503 with Retry-After
  kRateLimited,  // 429 with Retry-After
  kBadNonce,
  kGarbage,      // 200 and no document
  kCrash,        // the process dies before
  kCrashAfter,   // … and right after
};
inline constexpr Trouble kEveryTrouble[] = {Trouble::kUnreachable, Trouble::kLost,        Trouble::kServerError,
                                            Trouble::kUnavailable, Trouble::kRateLimited, Trouble::kBadNonce,
                                            Trouble::kGarbage,     Trouble::kCrash,       Trouble::kCrashAfter};

// Everything that is awaited counts as a step.
class Steps {
 public:
  void trouble_at(int step, Trouble trouble) {
    taken_ = 0;
    at_ = step;
    trouble_ = trouble;
  }
  Trouble next() { return ++taken_ == at_ ? trouble_ : Trouble::kNone; }
  int taken() const noexcept { return taken_; }

 private:
  int taken_ = 0;
  int at_ = 0;
  Trouble trouble_ = Trouble::kNone;
};

struct Never {
  bool await_ready() const noexcept { return false; }
  void await_suspend(std::coroutine_handle<>) const noexcept {}
  void await_resume() const noexcept {}
};

template <class T>
runtime::Task<void> keep_result(runtime::Task<T> task, std::optional<T>& out) {
  out.emplace(co_await std::move(task));
}

// Runs a task whose waits all end at once. Nothing: it hangs; it is destroyed.
template <class T>
std::optional<T> run(runtime::Task<T> task) {
  std::optional<T> result;
  runtime::TaskGroup group;
  group.spawn(keep_result(std::move(task), result));
  return result;
}

class MemorySlot final : public acme::Slot {
 public:
  explicit MemorySlot(Steps& steps) : steps_(steps) {}
  runtime::Task<Result<std::optional<Secret>>> load() override {
    const Trouble trouble = steps_.next();
    if (trouble == Trouble::kCrash || trouble == Trouble::kCrashAfter) co_await Never{};
    if (trouble != Trouble::kNone) co_return make_error("vault", "cannot read");
    co_return text;
  }
  runtime::Task<Status> save(Secret value) override {
    const Trouble trouble = steps_.next();
    if (trouble == Trouble::kCrash) co_await Never{};
    if (trouble != Trouble::kNone && trouble != Trouble::kCrashAfter) co_return make_error("vault", "cannot write");
    text = std::move(value);
    if (trouble == Trouble::kCrashAfter) co_await Never{};
    co_return Status{};
  }
  std::optional<Secret> text;

 private:
  Steps& steps_;
};

class MemorySolver final : public acme::ChallengeSolver {
 public:
  MemorySolver(Steps& steps, std::string type) : steps_(steps), type_(std::move(type)) {}
  std::string_view type() const noexcept override { return type_; }
  runtime::Task<Status> present(acme::Challenge challenge) override {
    const Trouble trouble = steps_.next();
    if (trouble == Trouble::kCrash) co_await Never{};
    if (trouble != Trouble::kNone && trouble != Trouble::kCrashAfter) co_return make_error("solver", "cannot present");
    presented.push_back(std::move(challenge));
    most = std::max(most, presented.size());
    if (trouble == Trouble::kCrashAfter) co_await Never{};
    co_return Status{};
  }
  runtime::Task<Status> clean_up(acme::Challenge challenge) override {
    const Trouble trouble = steps_.next();
    if (trouble == Trouble::kCrash) co_await Never{};
    std::erase(presented, challenge);
    if (trouble == Trouble::kCrashAfter) co_await Never{};
    if (trouble != Trouble::kNone) co_return make_error("solver", "cannot clean up, it says");
    co_return Status{};
  }
  bool shows(const AcmeCa::Proof& proof) const {
    return std::any_of(presented.begin(), presented.end(), [&](const acme::Challenge& challenge) {
      return challenge.type == proof.type && challenge.name.base() == proof.name && challenge.name.wildcard() == proof.wildcard &&
             challenge.key_authorization == proof.key_authorization;
    });
  }
  std::vector<acme::Challenge> presented;
  std::size_t most = 0;

 private:
  Steps& steps_;
  std::string type_;
};

class AcmeWorld final : public acme::Environment {
 public:
  AcmeWorld() {
    ca.validate = [this](const AcmeCa::Proof& proof) { return http.shows(proof) || alpn.shows(proof) || dns.shows(proof); };
  }

  runtime::Task<Result<acme::Answer>> send(acme::Request request) override {
    const Trouble trouble = steps.next();
    sent[steps.taken()] = request.url;
    switch (trouble) {
      case Trouble::kNone: break;
      case Trouble::kCrash: co_await Never{}; break;
      case Trouble::kUnreachable: co_return make_error("unreachable", "nobody listens");
      case Trouble::kServerError: co_return acme::Answer{.status = 500, .headers = {}, .body = "oops"};
      case Trouble::kUnavailable: co_return acme::Answer{.status = 503, .headers = {{"Retry-After", "5"}}, .body = {}};
      case Trouble::kRateLimited:
        co_return acme::Answer{.status = 429, .headers = {{"Retry-After", "3600"}},
                               .body = R"({"type":"urn:ietf:params:acme:error:rateLimited","detail":"too many"})"};
      case Trouble::kBadNonce:
        co_return acme::Answer{.status = 400, .headers = {}, .body = R"({"type":"urn:ietf:params:acme:error:badNonce"})"};
      case Trouble::kGarbage: co_return acme::Answer{.status = 200, .headers = {}, .body = "<html>"};
      case Trouble::kLost: ca.handle(request); co_return make_error("unreachable", "connection reset");
      case Trouble::kCrashAfter: ca.handle(request); co_await Never{}; break;
    }
    co_return ca.handle(request);
  }
  runtime::Task<void> wait(runtime::Duration duration) override {
    const Trouble trouble = steps.next();
    if (trouble == Trouble::kCrash || trouble == Trouble::kCrashAfter) co_await Never{};
    waited += duration;
    clock_.advance(duration);
  }
  runtime::Task<Result<pki::Key>> make_key(pki::KeyType type) override {
    const Trouble trouble = steps.next();
    if (trouble == Trouble::kCrash || trouble == Trouble::kCrashAfter) co_await Never{};
    if (trouble != Trouble::kNone) co_return make_error("key-generation", "no");
    co_return pki::Key::generate(type);
  }
  const runtime::Clock& clock() const noexcept override { return clock_; }
  ManualClock& manual_clock() noexcept { return clock_; }

 private:
  ManualClock clock_;

 public:
  Steps steps;
  AcmeCa ca{clock_};
  MemorySlot account{steps}, order{steps};
  MemorySolver http{steps, "http-01"}, alpn{steps, "tls-alpn-01"}, dns{steps, "dns-01"};
  std::map<int, std::string> sent;  // step → URL
  runtime::Duration waited{};
};

}  // namespace gatehouse::fakes
