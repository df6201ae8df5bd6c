// Remembers whether changes can be stored, and logs when that changes.
//
// Thread: any. Owner: SqlStore.
#pragma once

#include <cstdint>
#include <mutex>
#include <string>
#include <utility>

#include "gatehouse/base/result.h"
#include "gatehouse/runtime/clock.h"
#include "gatehouse/state/store.h"

namespace gatehouse::state {

class WriteWatch {
 public:
  WriteWatch(std::string database, runtime::Clock& clock) : database_(std::move(database)), clock_(clock) {}

  // The outcome of each change. A refusal for its content ("conflict") tells nothing about the database.
  void note(const Status& outcome);
  WriteHealth health() const;

 private:
  void failed(const Error& error);
  void succeeded();

  const std::string database_;
  runtime::Clock& clock_;
  mutable std::mutex mutex_;        // guards what follows
  std::uint64_t failures_ = 0;      // since the start
  std::string trouble_;             // slug; empty: none
  runtime::SteadyTime since_{};     // of the trouble
  std::uint64_t before_ = 0;        // failures before it
  runtime::SteadyTime told_{};
  std::uint64_t untold_ = 0;
};

}  // namespace gatehouse::state
