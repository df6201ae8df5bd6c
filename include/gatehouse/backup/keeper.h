// Keeper: takes backups when they are due or asked for, looks at them, and removes those that are kept no longer. One thing at a
// time; what is asked waits in a short queue.
//
//   backup::Keeper keeper(host, directory, [] { return targets; }, observer);
//   keeper.begin(settings);
//   keeper.ask({.what = What::kBackup}, [](std::vector<Outcome> outcomes) { … });
//
// With a schedule, a target is due when its schedule has come round since its newest good backup, so that what was missed is made
// up for once; one without any backup is due at once. A target that is not ready is asked again in half a minute; after a failure
// the next try is in an hour.
//
// Errors are outcomes; what happened on schedule is logged. Owner: `app`, on loop 0. Thread: the loop's, but for view().
// Stop: stop(), while the offload pool and the loop are there; what was under way leaves a part that the next one removes.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "gatehouse/backup/host.h"
#include "gatehouse/backup/schedule.h"
#include "gatehouse/backup/settings.h"
#include "gatehouse/backup/target.h"

namespace gatehouse::backup {

enum class What { kBackup, kVerify, kDrill, kRestore };
std::string_view to_string(What what);  // "backup"

struct Request {
  What what = What::kBackup;
  std::string name{};     // kBackup, kDrill: which target; empty: all of them
  std::string id{};       // kVerify, kRestore
  Into into = Into::kScratch;
  std::string confirm{};  // kRestore into kLive: the name of the database
};

struct Outcome {
  What what = What::kBackup;
  std::string target{};
  std::string id{};      // empty: there is no backup
  std::optional<Error> error{};
  std::chrono::milliseconds took{0};
  std::uint64_t bytes = 0;
  std::string place{};   // kRestore: where it is now
  std::string safety{};  // kRestore into kLive: the backup of what was there
};
using Done = std::function<void(std::vector<Outcome>)>;

// Of one target, for metrics and status.
struct Standing {
  std::optional<WallTime> last_success;
  std::optional<WallTime> last_drill;  // that passed
  std::uint64_t bytes = 0;             // of the newest good one
  std::uint64_t successes = 0;         // since the start
  std::uint64_t failures = 0;
};

class Keeper {
 public:
  using Targets = std::function<std::vector<TargetPtr>()>;

  Keeper(Host host, std::string directory, Targets targets);
  Keeper(const Keeper&) = delete;
  Keeper& operator=(const Keeper&) = delete;
  ~Keeper();

  void begin(const Settings& settings);
  void apply(const Settings& settings);  // another schedule or retention
  void stop();
  // Slug "backup-busy" when too many wait. `done` is called once, on the loop, unless stop() comes first.
  void ask(Request request, Done done);

  std::map<std::string, Standing> view() const;  // any thread
  const Shelf& shelf() const noexcept { return shelf_; }

 private:
  struct Asked {
    Request request;
    Done done;
  };
  enum class Duty { kBackup, kDrill };

  static runtime::Task<void> run(Keeper& self);
  runtime::Task<void> remember();
  runtime::Task<std::vector<Outcome>> perform(Request request);
  runtime::Task<void> do_what_is_due();
  runtime::Task<Outcome> back_up(TargetPtr target, bool safety);
  runtime::Task<Status> fill(TargetPtr target, Entry& entry);
  runtime::Task<Outcome> look(Request request, Entry entry);
  runtime::Task<Status> look_at(What what, TargetPtr target, Entry entry);
  runtime::Task<Outcome> restore(Request request);
  runtime::Task<Outcome> drill_newest(TargetPtr target);
  runtime::Task<void> retire();

  std::optional<WallTime> due(Duty duty, const std::string& target) const;
  void postpone(Duty duty, const std::string& target, runtime::Duration by);
  TargetPtr target_named(const std::string& name) const;
  void tell(const Outcome& outcome);

  Host host_;
  Shelf shelf_;
  Targets targets_;
  Retention retention_;
  std::optional<Schedule> schedule_, drills_;
  std::map<std::pair<Duty, std::string>, runtime::SteadyTime> not_before_;
  std::map<std::string, WallTime> drill_tried_;  // newest drill, passed or not; else the oldest backup
  std::deque<Asked> asked_;
  runtime::Waiter waiter_;

  mutable std::mutex mutex_;
  std::map<std::string, Standing> standing_;

  runtime::TaskGroup tasks_;
};

}  // namespace gatehouse::backup
