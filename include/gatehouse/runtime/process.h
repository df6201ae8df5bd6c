// Process: a child process with pipes on its standard streams, watched by the loop. Nothing of it outlives its owner: a keeper
// process of its own (src/runtime/launch.h, docs/adr/0012) kills it and everything that it started, also what left its session,
// when the owner is destroyed, when the daemon dies however it dies, and when the child itself ends.
//
// The child gets a clean environment, its own session, default signal handlers, no inherited descriptors but 0, 1, 2.
// Owner: whoever spawned it. Thread: the loop. Stop: close_stdin(), then terminate(), then kill(), each after a grace
// time of the owner's choosing; or just destroy it.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gatehouse/base/result.h"
#include "gatehouse/runtime/loop.h"

namespace gatehouse::runtime {

struct ProcessSettings {
  std::vector<std::string> argv;                    // argv[0] is searched in PATH
  std::map<std::string, std::string> environment;   // besides PATH, HOME, LANG, TZ, TMPDIR of the daemon
  std::string directory;                            // empty: the daemon's
};

struct ExitStatus {
  int code = 0;      // when it exited
  int signal = 0;    // when a signal ended it
  std::string to_string() const;  // "exit code 3", "signal 9 (Killed)"
};

class Process {
 public:
  // Slug "spawn-failed" names the program and the reason ("No such file or directory" of exec included).
  static Result<std::unique_ptr<Process>> spawn(Loop& loop, const ProcessSettings& settings, Waiter* waiter);
  ~Process();

  int pid() const noexcept;
  void set_waiter(Waiter* waiter) noexcept;         // told about output, room in stdin, and the exit

  // Non-blocking. read_*: bytes read; 0 at end of file; nullopt: would block. write: bytes taken (0: would block, -1: closed).
  std::optional<std::size_t> read_output(std::span<char> out);
  std::optional<std::size_t> read_errors(std::span<char> out);
  std::ptrdiff_t write_input(std::string_view bytes);
  bool output_readable() const noexcept;
  bool errors_readable() const noexcept;
  bool input_writable() const noexcept;

  std::optional<ExitStatus> exited();               // once it and all that it started are gone
  void close_stdin() noexcept;
  void terminate() noexcept;                        // SIGTERM to its process group
  void kill() noexcept;                             // SIGKILL to it and all that it started

 private:
  struct State;
  explicit Process(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

std::size_t live_processes() noexcept;              // of this daemon, for the gauge and the leak tests

}  // namespace gatehouse::runtime
