#include "supervision.h"

#include "gatehouse/base/log.h"
#include "service_facts.h"

namespace gatehouse::app {

namespace {

using supervisor::Action;
using supervisor::ServiceStatus;
using supervisor::State;

bool is_worth_a_line(const Action& action) {
  return !std::holds_alternative<supervisor::Observe>(action.what) && !std::holds_alternative<supervisor::Inspect>(action.what) &&
         !std::holds_alternative<supervisor::SendProbe>(action.what) && !std::holds_alternative<supervisor::GiveUpProbe>(action.what);
}

log::Level level_of(State state) {
  switch (state) {
    case State::kUnhealthy:
    case State::kBackoff:
    case State::kBlocked:
      return log::Level::kWarn;
    case State::kDegraded:
    case State::kCrashLoop:
    case State::kFailed:
      return log::Level::kError;
    case State::kUnknown:
    case State::kWaiting:
    case State::kPreparing:
    case State::kStarting:
    case State::kRunning:
    case State::kCompleted:
    case State::kStopping:
    case State::kHeld:
      return log::Level::kInfo;
  }
  return log::Level::kInfo;
}

const ServiceStatus* find(const std::vector<ServiceStatus>& all, const std::string& name) {
  const auto found = std::find_if(all.begin(), all.end(), [&](const ServiceStatus& one) { return one.name == name; });
  return found == all.end() ? nullptr : &*found;
}

}  // namespace

Supervision::Supervision(runtime::Loop& loop, runtime::OffloadPool& offload, runtime::Random& random, std::string state_directory)
    : loop_(loop), offload_(offload), random_(random), state_directory_(std::move(state_directory)), resolver_(loop, offload),
      waiter_(loop) {}

Supervision::~Supervision() = default;

Status Supervision::open() {
  auto memory = open_service_memory(state_directory_, random_);
  if (!memory) return std::move(memory).error();
  memory_ = *std::move(memory);
  return {};
}

Supervision::Prepared Supervision::prepare(const config::Configuration& configuration) const {
  return {configuration.services, gather_facts(configuration, memory_.key), configuration.service_secrets, configuration.supervised};
}

void Supervision::apply(Prepared prepared) {
  secrets_ = std::exchange(prepared.secrets, {});
  declared_ = prepared;
  if (supervisor_ == nullptr) {
    if (prepared.wanted) begin(std::move(prepared));
    return;
  }
  // In this order: what is declared anew is looked at before anything is done, and then the facts are there.
  tell(supervisor::Declared{std::move(prepared.settings)});
  tell(supervisor::FactsChanged{std::move(prepared.facts)});
}

void Supervision::begin(Prepared prepared) {
  auto peer = podman::peer_of(prepared.settings.podman.socket);
  if (!peer) return log::error("supervisor", "supervisor.refused", "services are not supervised", {{"error", peer.error().message}});
  const client::Network network{loop_, resolver_};
  engine::Options options{.project = prepared.settings.podman.project, .instance = memory_.instance, .generated = state_directory_ + "/generated"};
  podman_ = std::make_unique<podman::Client>(network, *std::move(peer));
  logs_ = std::make_unique<ServiceLogs>(loop_, *podman_);
  engine_ = std::make_unique<engine::Engine>(
      network, *podman_, std::move(options),
      engine::Ports{.tell = [this](supervisor::Event event) { tell(std::move(event)); },
                    .secret = [this](const std::string& name) {
                      const auto found = secrets_.find(name);
                      return found == secrets_.end() ? std::nullopt : std::optional(found->second);
                    }});
  log::info("supervisor", "supervisor.started", "supervising services",
            {{"services", prepared.settings.services.size()}, {"socket", prepared.settings.podman.socket}, {"instance", memory_.instance}});
  supervisor_ = std::make_unique<supervisor::Supervisor>(std::move(prepared.settings), std::move(prepared.facts),
                                                         supervisor::Options{.instance = memory_.instance, .holds = memory_.holds}, random_);
  engine_->begin();
  tell(supervisor::Tick{});
  tasks_.spawn(run(*this));
}

void Supervision::stop() {
  tasks_.stop();
  engine_.reset();
  logs_.reset();
}

supervisor::Now Supervision::now() const { return {loop_.clock().now(), loop_.clock().wall()}; }

void Supervision::tell(supervisor::Event event) {
  events_.push_back(std::move(event));
  waiter_.notify();
}

runtime::Task<void> Supervision::run(Supervision& self) {
  runtime::Timer timer(self.waiter_);
  for (;;) {
    bool plan = false;
    while (!self.events_.empty()) {
      const supervisor::Event event = std::move(self.events_.front());
      self.events_.pop_front();
      plan = plan || !std::holds_alternative<supervisor::ProbeAnswered>(event);
      self.handle(event);
    }
    self.publish(plan);
    timer.arm(std::max<runtime::Duration>(self.supervisor_->wake() - self.loop_.clock().now(), std::chrono::milliseconds(1)));
    while (self.events_.empty() && !timer.expired()) co_await self.waiter_.wait();
    if (self.events_.empty()) self.events_.emplace_back(supervisor::Tick{});
  }
}

void Supervision::handle(const supervisor::Event& event) {
  if (const auto* lost = std::get_if<supervisor::EngineLost>(&event))
    log::warn("supervisor", "podman.lost", "Podman does not answer; containers run on", {{"error", lost->reason}});
  if (std::holds_alternative<supervisor::EngineBack>(event)) log::info("supervisor", "podman.back", "Podman answers again");
  for (Action& action : supervisor_->handle(event, now())) {
    if (is_worth_a_line(action))
      log::info("supervisor", "service.action", "doing", {{"service", action.service}, {"action", supervisor::describe(action)}});
    engine_->carry_out(std::move(action));
  }
}

void Supervision::publish(bool plan) {
  std::vector<ServiceStatus> status = supervisor_->status(now());
  log_changes(status);
  keep_holds();
  const bool ready = supervisor_->ready();
  std::optional<services::Plan> planned;
  if (plan) planned = supervisor_->plan();
  std::map<std::string, engine::Process> processes;
  const auto running = engine_->processes();
  for (const ServiceStatus& one : status)
    if (const auto found = running.find(one.container); found != running.end()) processes.emplace(one.name, found->second);
  logs_->follow(processes);
  auto dropped = logs_->dropped();
  const std::lock_guard lock(mutex_);
  dropped_lines_ = std::move(dropped);
  processes_ = std::move(processes);
  active_ = true;
  ready_ = ready;
  was_ready_ = was_ready_ || ready;
  status_ = std::move(status);
  if (planned) plan_ = *std::move(planned);
}

void Supervision::log_changes(const std::vector<ServiceStatus>& now_known) {
  for (const ServiceStatus& one : now_known) {
    const ServiceStatus* before = find(status_, one.name);  // only this thread writes it
    if (before != nullptr && before->last_exit != one.last_exit && !one.last_exit.empty())
      log::info("supervisor", "service.ended", "a container has ended", {{"service", one.name}, {"reason", one.last_exit}, {"restarts", one.restarts}});
    if (before != nullptr && before->state == one.state) continue;
    const log::Level level = level_of(one.state);
    if (log::enabled(level))
      log::write(level, "supervisor", "service.state", "a service is in another state",
                 {{"service", one.name}, {"state", to_string(one.state)}, {"reason", one.why}, {"container", one.container}});
  }
}

void Supervision::keep_holds() {
  if (supervisor_->holds() == memory_.holds) return;
  memory_.holds = supervisor_->holds();
  offload_.submit([directory = state_directory_, memory = memory_] {
    if (Status kept = keep_service_memory(directory, memory); !kept)
      log::warn("supervisor", "holds.not_kept", "cannot keep which services are stopped", {{"error", kept.error().message}});
  });
}

bool Supervision::active() const {
  const std::lock_guard lock(mutex_);
  return active_;
}

std::vector<ServiceStatus> Supervision::status() const {
  const std::lock_guard lock(mutex_);
  return status_;
}

std::map<std::string, engine::Process> Supervision::processes() const {
  const std::lock_guard lock(mutex_);
  return processes_;
}

std::map<std::string, std::uint64_t> Supervision::dropped_lines() const {
  const std::lock_guard lock(mutex_);
  return dropped_lines_;
}

services::Plan Supervision::plan() const {
  const std::lock_guard lock(mutex_);
  return plan_;
}

std::optional<runtime::ModuleState> Supervision::state() const {
  const std::lock_guard lock(mutex_);
  if (!active_) return std::nullopt;
  if (ready_) return runtime::ModuleState{"supervisor", "healthy", ""};
  std::string reason;
  for (const ServiceStatus& one : status_) {
    if (one.serves || one.state == State::kHeld || one.state == State::kCompleted) continue;
    reason += (reason.empty() ? "" : "; ") + one.name + " is " + std::string(to_string(one.state)) + (one.why.empty() ? "" : ": " + one.why);
  }
  return runtime::ModuleState{"supervisor", was_ready_ ? "failed" : "starting", reason};
}

}  // namespace gatehouse::app
