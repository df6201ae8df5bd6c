#include "exit.h"

#include <algorithm>
#include <array>

#include "gatehouse/yaml/words.h"

namespace gatehouse::supervisor {

namespace {

constexpr int kSignalBase = 128;  // a shell's and the engine's way to say "by signal"
constexpr int kKilled = kSignalBase + 9;

struct Signal {
  int number;
  std::string_view name;
  std::string_view hint;
};
constexpr std::array<Signal, 12> kSignals = {{{1, "SIGHUP", ""},
                                              {2, "SIGINT", ""},
                                              {3, "SIGQUIT", ""},
                                              {4, "SIGILL", "it is made for another processor"},
                                              {6, "SIGABRT", "it gave up by itself"},
                                              {7, "SIGBUS", "it crashed"},
                                              {8, "SIGFPE", "it crashed"},
                                              {9, "SIGKILL", "somebody killed it"},
                                              {11, "SIGSEGV", "it crashed"},
                                              {13, "SIGPIPE", ""},
                                              {15, "SIGTERM", "somebody stopped it"},
                                              {31, "SIGSYS", "a system call is not allowed to it"}}};

std::string signal_text(int number) {
  const auto found = std::find_if(kSignals.begin(), kSignals.end(), [&](const Signal& one) { return one.number == number; });
  if (found == kSignals.end()) return "signal " + std::to_string(number);
  return std::string(found->name) + (found->hint.empty() ? "" : " (" + std::string(found->hint) + ")");
}

std::string cannot_run_text(int code) {
  if (code == 127) return "its program is not in the image (code 127)";
  if (code == 126) return "its program cannot be executed (code 126)";
  return "the container could not be set up (code 125)";
}

// Whole seconds from one second on.
std::string ran_text(std::chrono::milliseconds ran) {
  const auto ms = std::max<std::chrono::milliseconds::rep>(ran.count(), 0);
  return " after " + yaml::duration_text(ms < 1000 ? ms : ms - ms % 1000);
}

}  // namespace

ExitKind classify(const Exit& exit) {
  if (exit.asked) return exit.code == kKilled && !exit.out_of_memory ? ExitKind::kKilledAtTimeout : ExitKind::kStopped;
  if (exit.code == 0) return ExitKind::kCompleted;
  if (exit.out_of_memory) return ExitKind::kOutOfMemory;
  if (exit.code >= 125 && exit.code <= 127) return ExitKind::kCannotRun;
  return exit.code > kSignalBase && exit.code <= kSignalBase + 64 ? ExitKind::kSignal : ExitKind::kFailed;
}

std::string describe(const Exit& exit) {
  switch (classify(exit)) {
    case ExitKind::kCompleted:
      return "it ended with code 0" + ran_text(exit.ran);
    case ExitKind::kFailed:
      return "it failed with code " + std::to_string(exit.code) + ran_text(exit.ran);
    case ExitKind::kCannotRun:
      return cannot_run_text(exit.code);
    case ExitKind::kSignal:
      return "it was ended by " + signal_text(exit.code - kSignalBase) + ran_text(exit.ran);
    case ExitKind::kOutOfMemory:
      return "the kernel killed it for want of memory" +
             (exit.memory_limit == 0 ? "" : " at its limit of " + yaml::size_text(exit.memory_limit)) + ran_text(exit.ran);
    case ExitKind::kStopped:
      return "it was stopped";
    case ExitKind::kKilledAtTimeout:
      return "it was killed, for it did not stop within " + yaml::duration_text(exit.grace.count());
  }
  return {};
}

}  // namespace gatehouse::supervisor
