// dns-01 by a program.
#include <algorithm>

#include "gatehouse/base/log.h"
#include "gatehouse/issuer/solvers.h"
#include "gatehouse/runtime/process.h"

namespace gatehouse::issuer {

namespace {

constexpr std::size_t kMaxErrors = 4096;  // bytes of stderr that are kept: the last ones
constexpr std::size_t kMaxLine = 200;

// The last line that says something, for people.
std::string last_line(std::string_view text) {
  while (!text.empty() && (text.back() == '\n' || text.back() == '\r' || text.back() == ' ')) text.remove_suffix(1);
  const std::size_t start = text.rfind('\n');
  return std::string(text.substr(start == text.npos ? 0 : start + 1).substr(0, kMaxLine));
}

class ProgramSolver final : public acme::ChallengeSolver {
 public:
  ProgramSolver(runtime::Loop& loop, runtime::Random& random, ProgramSettings settings)
      : loop_(loop), client_(loop, random), settings_(std::move(settings)) {}
  std::string_view type() const noexcept override { return "dns-01"; }

  runtime::Task<Status> present(acme::Challenge challenge) override {
    Status done = co_await call("present", challenge);
    if (!done || !settings_.propagation) co_return done;
    co_return co_await dns::await_text(client_, *settings_.propagation, acme::dns_record_name(challenge.name),
                                       acme::dns_record_value(challenge.key_authorization));
  }

  runtime::Task<Status> clean_up(acme::Challenge challenge) override {
    Status done = co_await call("cleanup", challenge);
    if (!done) log::warn("issuer", "challenge.cleanup_failed", "cannot take a challenge down", {{"name", challenge.name.text}, {"error", done.error().message}});
    co_return done;
  }

 private:
  runtime::ProcessSettings command(std::string_view action, const acme::Challenge& challenge) const {
    const std::string name = acme::dns_record_name(challenge.name) + ".";
    const std::string value = acme::dns_record_value(challenge.key_authorization);
    runtime::ProcessSettings command{.argv = settings_.argv, .environment = settings_.environment, .directory = {}};
    command.argv.insert(command.argv.end(), {std::string(action), name, value});
    command.environment.insert({{"GATEHOUSE_ACTION", std::string(action)},
                                {"GATEHOUSE_RECORD_NAME", name},
                                {"GATEHOUSE_RECORD_VALUE", value},
                                {"GATEHOUSE_DOMAIN", std::string(challenge.name.base())},
                                {"GATEHOUSE_TOKEN", challenge.token},
                                {"GATEHOUSE_KEY_AUTHORIZATION", challenge.key_authorization}});
    return command;
  }

  runtime::Task<Status> call(std::string_view action, acme::Challenge challenge) {
    const std::string what = settings_.argv.front() + " " + std::string(action) + " " + challenge.name.text;
    runtime::Waiter waiter(loop_);
    runtime::Timer timer(waiter);
    timer.arm(settings_.deadline);
    auto process = runtime::Process::spawn(loop_, command(action, challenge), &waiter);
    if (!process) co_return make_error("challenge-program", process.error().message);
    (*process)->close_stdin();
    std::string errors;
    std::optional<runtime::ExitStatus> ended;
    while (!ended && !timer.expired()) {
      drain(**process, errors);
      ended = (*process)->exited();
      if (!ended) co_await waiter.wait();
    }
    drain(**process, errors);
    if (!ended) co_return make_error("challenge-program", what + " takes too long; it was stopped");
    if (ended->code == 0 && ended->signal == 0) co_return Status{};
    const std::string said = last_line(errors);
    co_return make_error("challenge-program", what + ": " + ended->to_string() + (said.empty() ? "" : ": " + said));
  }

  static void drain(runtime::Process& process, std::string& errors) {
    char buffer[2048];
    while (const auto got = process.read_output(buffer)) {
      if (*got == 0) break;
    }
    while (const auto got = process.read_errors(buffer)) {
      if (*got == 0) break;
      errors.append(buffer, *got);
      if (errors.size() > kMaxErrors) errors.erase(0, errors.size() - kMaxErrors);
    }
  }

  runtime::Loop& loop_;
  dns::Client client_;
  const ProgramSettings settings_;
};

}  // namespace

Solver program_solver(runtime::Loop& loop, runtime::Random& random, ProgramSettings settings) {
  return std::make_unique<ProgramSolver>(loop, random, std::move(settings));
}

}  // namespace gatehouse::issuer
