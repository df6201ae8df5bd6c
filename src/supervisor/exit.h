// Why a container ended, as a kind for the machine and as a sentence for people.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace gatehouse::supervisor {

struct Exit {
  int code = 0;
  bool out_of_memory = false;
  bool asked = false;                    // we had asked it to stop
  std::chrono::milliseconds ran{0};
  std::chrono::milliseconds grace{0};    // how long it had to stop
  std::int64_t memory_limit = 0;         // bytes; 0: none
};

// kCannotRun: its program is not there or no program; no restart will change that.
enum class ExitKind { kCompleted, kFailed, kCannotRun, kSignal, kOutOfMemory, kStopped, kKilledAtTimeout };

ExitKind classify(const Exit& exit);
std::string describe(const Exit& exit);  // "it was killed by SIGSEGV (it crashed) after 3s"

}  // namespace gatehouse::supervisor
