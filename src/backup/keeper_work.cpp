// What the keeper does with one backup.
#include <algorithm>

#include "away.h"
#include "gatehouse/base/log.h"
#include "gatehouse/backup/keeper.h"

namespace gatehouse::backup {

namespace {

using std::chrono::duration_cast;
using std::chrono::milliseconds;

class Watch {
 public:
  explicit Watch(const runtime::Clock& clock) : clock_(clock), begun_(clock.now()) {}
  milliseconds took() const { return duration_cast<milliseconds>(clock_.now() - begun_); }

 private:
  const runtime::Clock& clock_;
  runtime::SteadyTime begun_;
};

Outcome started(What what, const Entry& entry) { return {.what = what, .target = entry.target, .id = entry.id, .bytes = entry.bytes}; }

// The one before. A drill that missed something in it says so once: what was dropped on purpose is not missed for ever.
const Entry* newest(const std::vector<Entry>& entries, const std::string& target, WallTime time) {
  const Entry* found = nullptr;
  for (const Entry& entry : entries)
    if (entry.target == target && entry.taken < time && (!entry.verified || entry.verified->failure.empty())) found = &entry;
  return found;
}

}  // namespace

runtime::Task<Outcome> Keeper::back_up(TargetPtr target, bool safety) {
  const Watch watch(host_.clock);
  const WallTime now = host_.clock.wall();
  Entry entry{.id = {}, .target = target->name(), .kind = target->kind(), .database = target->database(), .taken = now,
              .sha256 = {}, .tables = {}, .safety = safety, .verified = {}, .drilled = {}};
  Outcome outcome{.what = What::kBackup, .target = target->name()};
  auto locking = away(host_, [shelf = shelf_] { return shelf.lock(); });
  auto lock = co_await locking;
  if (!lock) {
    outcome.error = std::move(lock).error();
    co_return outcome;
  }
  entry.id = shelf_.fresh_id(entry.target, now);
  auto filling = fill(target, entry);
  const Status filled = co_await filling;
  outcome.took = watch.took();
  if (!filled) {
    auto dropping = away(host_, [shelf = shelf_, entry]() -> Status { return shelf.drop_part(entry), Status(); });
    (void)co_await dropping;
    outcome.error = filled.error();
    co_return outcome;
  }
  outcome.id = entry.id;
  outcome.bytes = entry.bytes;
  drill_tried_.emplace(entry.target, entry.taken);
  {
    const std::lock_guard guard(mutex_);
    Standing& standing = standing_[entry.target];
    standing.last_success = entry.taken;
    standing.bytes = entry.bytes;
  }
  if (!safety) co_await retire();  // else it might be the one to be restored that goes
  co_return outcome;
}

runtime::Task<Status> Keeper::fill(TargetPtr target, Entry& entry) {
  const Watch watch(host_.clock);
  auto dumping = target->dump(shelf_.part_of(entry));
  auto tables = co_await dumping;
  if (!tables) co_return std::move(tables).error();
  entry.tables = *std::move(tables);
  auto checking = target->check(shelf_.part_of(entry));
  if (Status checked = co_await checking; !checked) co_return checked;
  entry.took = watch.took();
  auto keeping = away(host_, [shelf = shelf_, entry] { return shelf.keep(entry); });
  auto kept = co_await keeping;
  if (!kept) co_return std::move(kept).error();
  entry = *std::move(kept);
  co_return Status();
}

// The lock is held by whoever calls.
runtime::Task<void> Keeper::retire() {
  auto retiring = away(host_, [shelf = shelf_, retention = retention_, now = host_.clock.wall()]() -> Result<std::vector<std::string>> {
    auto entries = shelf.list();
    if (!entries) return std::move(entries).error();
    std::map<std::string, std::vector<Backup>> by_target;
    for (const Entry& entry : *entries) by_target[entry.target].push_back({entry.id, entry.taken, entry.good()});
    std::vector<std::string> gone;
    for (const auto& [target, backups] : by_target)
      for (std::string& id : expired(backups, retention, now)) gone.push_back(std::move(id));
    for (const Entry& entry : *entries) {
      if (std::find(gone.begin(), gone.end(), entry.id) == gone.end()) continue;
      if (Status removed = shelf.remove(entry); !removed) return std::move(removed).error();
    }
    return gone;
  });
  const auto gone = co_await retiring;
  if (!gone) log::warn("backup", "backup.not_removed", "cannot remove old backups", {{"error", gone.error().message}});
  else
    for (const std::string& id : *gone) log::info("backup", "backup.removed", "a backup was old enough to go", {{"id", id}});
}

// Verify or drill.
runtime::Task<Outcome> Keeper::look(Request request, Entry entry) {
  const Watch watch(host_.clock);
  Outcome outcome = started(request.what, entry);
  auto locking = away(host_, [shelf = shelf_] { return shelf.lock(); });
  auto lock = co_await locking;
  if (!lock) {
    outcome.error = std::move(lock).error();
    co_return outcome;
  }
  auto looking = look_at(request.what, target_named(entry.target), entry);
  const Status looked = co_await looking;
  outcome.took = watch.took();
  const Look result{host_.clock.wall(), looked ? "" : looked.error().message};
  if (!looked) outcome.error = looked.error();
  // What says nothing about the backup is not written down.
  const bool about_it = looked || (looked.error().slug != "unknown-target" && looked.error().slug != "target-not-ready");
  if (about_it) {
    (request.what == What::kVerify ? entry.verified : entry.drilled) = result;
    auto noting = away(host_, [shelf = shelf_, entry] { return shelf.note(entry); });
    if (const Status noted = co_await noting; !noted && !outcome.error) outcome.error = noted.error();
  }
  if (request.what == What::kDrill) {
    drill_tried_[entry.target] = result.at;
    const std::lock_guard guard(mutex_);
    if (looked) standing_[entry.target].last_drill = result.at;
  }
  co_return outcome;
}

runtime::Task<Status> Keeper::look_at(What what, TargetPtr target, Entry entry) {
  auto summing = away(host_, [shelf = shelf_, entry] { return shelf.check_sum(entry); });
  if (Status whole = co_await summing; !whole) co_return whole;
  if (target == nullptr) co_return make_error("unknown-target", "no backups are taken of '" + entry.target + "' any more: the file is what was written, and nobody can read it");
  if (what == What::kVerify) {
    auto checking = target->check(shelf_.file_of(entry));
    co_return co_await checking;
  }
  if (std::string obstacle = target->obstacle(); !obstacle.empty()) co_return make_error("target-not-ready", std::move(obstacle));
  auto drilling = target->drill(shelf_.file_of(entry));
  auto restored = co_await drilling;
  if (!restored) co_return std::move(restored).error();
  auto listing = away(host_, [shelf = shelf_] { return shelf.list(); });
  auto entries = co_await listing;
  if (!entries) co_return std::move(entries).error();
  const std::string missing = missing_in(*restored, entry, newest(*entries, entry.target, entry.taken));
  co_return missing.empty() ? Status() : Status(make_error("backup-incomplete", missing));
}

runtime::Task<Outcome> Keeper::drill_newest(TargetPtr target) {
  auto listing = away(host_, [shelf = shelf_] { return shelf.list(); });
  auto entries = co_await listing;
  const Request request{.what = What::kDrill, .name = target->name()};
  Outcome outcome{.what = What::kDrill, .target = target->name()};
  if (!entries) {
    outcome.error = std::move(entries).error();
    co_return outcome;
  }
  const auto found = std::find_if(entries->rbegin(), entries->rend(), [&](const Entry& entry) { return entry.target == target->name(); });
  if (found == entries->rend()) {
    outcome.error = make_error("unknown-backup", "there is no backup of " + target->name(), "gatehouse backup now " + target->name());
    co_return outcome;
  }
  auto looking = look(request, *found);
  co_return co_await looking;
}

runtime::Task<Outcome> Keeper::restore(Request request) {
  const Watch watch(host_.clock);
  Outcome outcome{.what = What::kRestore, .id = request.id};
  const auto refuse = [&](Error error) {
    outcome.error = std::move(error);
    outcome.took = watch.took();
    return outcome;
  };
  auto finding = away(host_, [shelf = shelf_, id = request.id] { return shelf.find(id); });
  auto entry = co_await finding;
  if (!entry) co_return refuse(std::move(entry).error());
  outcome.target = entry->target;
  outcome.bytes = entry->bytes;
  const TargetPtr target = target_named(entry->target);
  if (target == nullptr) co_return refuse(make_error("unknown-target", "no backups are taken of '" + entry->target + "': there is nothing to restore it into"));
  if (request.into == Into::kLive && request.confirm != target->database())
    co_return refuse(make_error("not-confirmed", "this overwrites the database " + target->database(), "--confirm=" + target->database()));
  auto summing = away(host_, [shelf = shelf_, wanted = *entry] { return shelf.check_sum(wanted); });
  if (Status whole = co_await summing; !whole) co_return refuse(std::move(whole).error());
  if (request.into == Into::kLive) {
    auto saving = back_up(target, true);
    Outcome saved = co_await saving;
    if (saved.error) co_return refuse(std::move(*saved.error).context("nothing was restored: no backup of what is there now"));
    outcome.safety = saved.id;
  }
  auto restoring = target->restore(shelf_.file_of(*entry), entry->id, request.into);
  auto place = co_await restoring;
  if (!place) co_return refuse(std::move(place).error());
  outcome.place = *std::move(place);
  outcome.took = watch.took();
  co_return outcome;
}

}  // namespace gatehouse::backup
