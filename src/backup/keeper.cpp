#include "gatehouse/backup/keeper.h"

#include <algorithm>

#include "away.h"
#include "gatehouse/base/log.h"

namespace gatehouse::backup {

namespace {

using std::chrono::milliseconds;

constexpr std::size_t kQueue = 16;
constexpr std::chrono::seconds kNotReady{30};
constexpr std::chrono::hours kAfterFailure{1};
constexpr std::chrono::seconds kLookInterval{30};  // for what is due; schedules count minutes

std::optional<Schedule> parsed(const std::string& text) {
  if (text.empty()) return std::nullopt;
  auto schedule = Schedule::parse(text);
  return schedule ? std::optional(*std::move(schedule)) : std::nullopt;  // the loader has refused others
}

std::vector<Outcome> only(Outcome outcome) {
  std::vector<Outcome> out;
  out.push_back(std::move(outcome));
  return out;
}

Outcome failed(const Request& request, Error error) {
  return {.what = request.what, .target = request.name, .id = request.id, .error = std::move(error)};
}

}  // namespace

std::string_view to_string(What what) {
  static constexpr std::string_view kNames[] = {"backup", "verify", "drill", "restore"};
  return kNames[static_cast<std::size_t>(what)];
}

Keeper::Keeper(Host host, std::string directory, Targets targets)
    : host_(host), shelf_(std::move(directory)), targets_(std::move(targets)), waiter_(host.loop) {}

Keeper::~Keeper() = default;

void Keeper::begin(const Settings& settings) {
  apply(settings);
  tasks_.spawn(run(*this));
}

void Keeper::apply(const Settings& settings) {
  retention_ = settings.retention;
  schedule_ = parsed(settings.schedule);
  drills_ = parsed(settings.drill);
  waiter_.notify();
}

void Keeper::stop() { tasks_.stop(); }

void Keeper::ask(Request request, Done done) {
  if (asked_.size() >= kQueue) {
    done(only(failed(request, make_error("backup-busy", "too many backups wait already", "gatehouse backup list"))));
    return;
  }
  asked_.push_back({std::move(request), std::move(done)});
  waiter_.notify();
}

runtime::Task<void> Keeper::run(Keeper& self) {
  runtime::Timer timer(self.waiter_);
  co_await self.remember();
  for (;;) {
    while (!self.asked_.empty()) {
      Asked next = std::move(self.asked_.front());
      self.asked_.pop_front();
      auto performing = self.perform(std::move(next.request));
      next.done(co_await performing);
    }
    co_await self.do_what_is_due();
    timer.arm(kLookInterval);
    while (self.asked_.empty() && !timer.expired()) co_await self.waiter_.wait();
  }
}

// What earlier daemons did.
runtime::Task<void> Keeper::remember() {
  auto listing = away(host_, [shelf = shelf_] { return shelf.list(); });
  auto entries = co_await listing;
  if (!entries) {
    log::warn("backup", "backup.unreadable", "cannot read which backups there are", {{"error", entries.error().message}});
    co_return;
  }
  const std::lock_guard lock(mutex_);
  for (const Entry& entry : *entries) {
    drill_tried_.emplace(entry.target, entry.taken);
    if (entry.drilled) drill_tried_[entry.target] = std::max(drill_tried_[entry.target], entry.drilled->at);
    Standing& standing = standing_[entry.target];
    if (entry.drilled && entry.drilled->failure.empty()) standing.last_drill = std::max(standing.last_drill.value_or(WallTime{}), entry.drilled->at);
    if (!entry.good()) continue;
    standing.last_success = entry.taken;
    standing.bytes = entry.bytes;
  }
}

runtime::Task<std::vector<Outcome>> Keeper::perform(Request request) {
  std::vector<Outcome> outcomes;
  if (request.what == What::kRestore) {
    auto restoring = restore(request);
    outcomes.push_back(co_await restoring);
  } else if (request.what == What::kVerify) {
    auto finding = away(host_, [shelf = shelf_, id = request.id] { return shelf.find(id); });
    auto entry = co_await finding;
    if (!entry) co_return only(failed(request, std::move(entry).error()));
    auto looking = look(request, *std::move(entry));
    outcomes.push_back(co_await looking);
  } else {
    for (const TargetPtr& target : targets_()) {
      if (!request.name.empty() && target->name() != request.name) continue;
      auto working = request.what == What::kBackup ? back_up(target, false) : drill_newest(target);
      outcomes.push_back(co_await working);
    }
    if (outcomes.empty())
      outcomes.push_back(failed(request, make_error("unknown-target", request.name.empty() ? std::string("there is nothing to be backed up")
                                                                                           : "no backups are taken of '" + request.name + "'")));
  }
  for (const Outcome& outcome : outcomes) tell(outcome);
  co_return outcomes;
}

runtime::Task<void> Keeper::do_what_is_due() {
  for (const Duty duty : {Duty::kBackup, Duty::kDrill}) {
    if (!(duty == Duty::kBackup ? schedule_ : drills_)) continue;
    for (const TargetPtr& target : targets_()) {
      const auto when = due(duty, target->name());
      if (!when || *when > host_.clock.wall()) continue;
      if (const std::string obstacle = target->obstacle(); !obstacle.empty()) {
        log::info("backup", "backup.waiting", "a backup is due, and waits", {{"service", target->name()}, {"reason", obstacle}});
        postpone(duty, target->name(), kNotReady);
        continue;
      }
      auto working = duty == Duty::kBackup ? back_up(target, false) : drill_newest(target);
      const Outcome outcome = co_await working;
      tell(outcome);
      if (outcome.error) postpone(duty, target->name(), kAfterFailure);
    }
  }
}

std::optional<WallTime> Keeper::due(Duty duty, const std::string& target) const {
  const auto held = not_before_.find({duty, target});
  if (held != not_before_.end() && host_.clock.now() < held->second) return std::nullopt;
  if (duty == Duty::kDrill) {
    const auto tried = drill_tried_.find(target);
    return tried == drill_tried_.end() ? std::nullopt : std::optional(drills_->next(tried->second));
  }
  const std::lock_guard lock(mutex_);
  const auto found = standing_.find(target);
  if (found == standing_.end() || !found->second.last_success) return WallTime{};
  return schedule_->next(*found->second.last_success);
}

void Keeper::postpone(Duty duty, const std::string& target, runtime::Duration by) { not_before_[{duty, target}] = host_.clock.now() + by; }

TargetPtr Keeper::target_named(const std::string& name) const {
  for (TargetPtr& target : targets_())
    if (target->name() == name) return std::move(target);
  return nullptr;
}

// For the log and the counters.
void Keeper::tell(const Outcome& outcome) {
  if (outcome.error)
    log::error("backup", "backup.failed", "what was wanted of a backup failed",
               {{"what", to_string(outcome.what)}, {"service", outcome.target}, {"id", outcome.id}, {"slug", outcome.error->slug}, {"error", outcome.error->message}});
  else
    log::info("backup", "backup.done", "what was wanted of a backup is done",
              {{"what", to_string(outcome.what)}, {"service", outcome.target}, {"id", outcome.id}, {"duration_ms", outcome.took.count()}, {"bytes", outcome.bytes}, {"place", outcome.place}});
  if (outcome.target.empty() || outcome.what != What::kBackup) return;
  const std::lock_guard lock(mutex_);
  Standing& standing = standing_[outcome.target];
  ++(outcome.error ? standing.failures : standing.successes);
}

std::map<std::string, Standing> Keeper::view() const {
  const std::lock_guard lock(mutex_);
  return standing_;
}

}  // namespace gatehouse::backup
