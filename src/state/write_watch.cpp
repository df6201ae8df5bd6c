#include "write_watch.h"

#include <algorithm>
#include <array>
#include <chrono>
#include <string_view>

#include "gatehouse/base/log.h"

namespace gatehouse::state {

namespace {

constexpr std::chrono::minutes kTellAgain{1};

bool is_trouble(std::string_view slug) {
  constexpr std::array<std::string_view, 7> kSlugs{"disk-full",        "state-unwritable",     "database-busy",  "database-corrupt",
                                                   "database-failed",  "database-unreachable", "outcome-unknown"};
  return std::find(kSlugs.begin(), kSlugs.end(), slug) != kSlugs.end();
}

}  // namespace

void WriteWatch::note(const Status& outcome) {
  if (outcome) return succeeded();
  if (is_trouble(outcome.error().slug)) failed(outcome.error());
}

WriteHealth WriteWatch::health() const {
  const std::lock_guard lock(mutex_);
  return {failures_, trouble_};
}

// Logging under the lock keeps the lines in the order of what happened; the log only queues.
void WriteWatch::failed(const Error& error) {
  const std::lock_guard lock(mutex_);
  const runtime::SteadyTime now = clock_.now();
  if (trouble_.empty()) {
    since_ = now;
    before_ = failures_;
  }
  ++failures_;
  const bool known = trouble_ == error.slug;
  trouble_ = error.slug;
  if (known && now - told_ < kTellAgain) return void(++untold_);
  told_ = now;
  log::error("state", "state.writes.failed", "a change could not be stored",
             {{"database", database_}, {"slug", error.slug}, {"error", error.message}, {"help", error.help},
              {"more", std::exchange(untold_, 0)}});
}

void WriteWatch::succeeded() {
  const std::lock_guard lock(mutex_);
  if (trouble_.empty()) return;
  const auto took = std::chrono::duration_cast<std::chrono::milliseconds>(clock_.now() - since_);
  log::info("state", "state.writes.recovered", "changes are stored again",
            {{"database", database_}, {"slug", trouble_}, {"failures", failures_ - before_}, {"duration_ms", took.count()}});
  trouble_.clear();
  untold_ = 0;
}

}  // namespace gatehouse::state
