#include "probes.h"

#include "ask.h"

namespace gatehouse::engine {

namespace {

using health::Kind;
using health::Outcome;
using Verdict = Outcome::Verdict;

constexpr std::chrono::minutes kLongestCommand{10};  // then its connection is given up, and another one may be started

std::shared_ptr<const tls::ClientContext> make_insecure() {
  auto context = tls::ClientContext::build({.insecure = true});
  return context ? *context : nullptr;
}

Outcome outcome_of(const Result<podman::HealthRun>& run) {
  if (run) return {run->passed ? Verdict::kPassed : Verdict::kFailed, run->passed ? "" : run->detail.empty() ? "the command failed" : run->detail};
  // Its container does not run: so says Podman, or there is none any more. Anything else: nobody could be asked.
  const std::string& slug = run.error().slug;
  const bool said = slug == "podman-conflict" || slug == "podman-not-found" || slug == "podman-refused";
  return {said ? Verdict::kFailed : Verdict::kCannotAsk, run.error().message};
}

}  // namespace

Probes::Probes(client::Network network, podman::Client& podman, OnAnswer on_answer)
    : network_(network), podman_(podman), on_answer_(std::move(on_answer)) {}

void Probes::send(const std::string& service, const supervisor::SendProbe& what, const Secret& password) {
  std::erase_if(running_, [](const auto& one) { return one.second->over; });
  Key key{service, what.probe};
  if (what.settings.kind == Kind::kExec) {
    if (!commands_.insert(what.container).second)
      return on_answer_(service, what.probe, {Verdict::kFailed, "the command of an earlier probe still runs"});
    return commands_tasks_.spawn(run_command(*this, std::move(key), what.container));
  }
  if (what.settings.kind != Kind::kUnix && what.address.empty())
    return on_answer_(service, what.probe, {Verdict::kFailed, "it has no address in our network"});
  if (what.settings.tls && insecure_ == nullptr) insecure_ = make_insecure();
  auto& running = running_[key];
  running = std::make_unique<Running>();
  running->task.spawn(run(*this, *running, key, what, password));
}

void Probes::give_up(const std::string& service, std::uint64_t probe) { running_.erase({service, probe}); }

runtime::Task<void> Probes::run(Probes& probes, Running& running, Key key, supervisor::SendProbe what, Secret password) {
  const Kind kind = what.settings.kind;
  auto asked = kind == Kind::kHttp    ? ask_http(probes.network_, std::move(what), probes.insecure_)
               : kind == Kind::kMcp   ? ask_mcp(probes.network_, std::move(what), probes.insecure_)
               : kind == Kind::kRedis ? ask_redis(probes.network_, std::move(what), std::move(password))
               : kind == Kind::kPostgres ? ask_postgres(probes.network_, std::move(what))
                                         : ask_socket(probes.network_, std::move(what));
  Outcome outcome = co_await asked;
  running.over = true;
  probes.on_answer_(key.first, key.second, std::move(outcome));
}

runtime::Task<void> Probes::run_command(Probes& probes, Key key, std::string container) {
  auto asked = probes.podman_.run_health_command(container, kLongestCommand);
  const auto run = co_await asked;
  probes.commands_.erase(container);
  probes.on_answer_(key.first, key.second, outcome_of(run));
}

}  // namespace gatehouse::engine
