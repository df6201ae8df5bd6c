// Child: one stdio server process. Either it belongs to one legacy session, or it is shared by the modern requests of one
// principal; then it is asked first, with server/discover, whether it speaks 2026-07-28.
//
// Its coroutine run() moves bytes; the rest are calls on the same loop. It ends when the process has ended, and the process
// is ended by stop() (stdin closed, then SIGTERM, then SIGKILL, a grace time apart) or by the destructor at once.
// Owner: the coroutine of its Children. Thread: their loop.
#pragma once

#include <chrono>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "child_log.h"
#include "gatehouse/jsonrpc/correlator.h"
#include "gatehouse/runtime/process.h"
#include "gatehouse/runtime/task.h"
#include "gatehouse/stdio/children.h"
#include "line_reader.h"

namespace gatehouse::stdio {

using namespace jsonrpc;  // the words of this room

// The answer to a modern request that meets a server which speaks only legacy revisions.
Refusal legacy_only_refusal();
Refusal session_gone();

// Answers every request of the submission with the refusal.
void fail(const Submission& submission, const Refusal& refusal, const runtime::Loop& loop);

class Child {
 public:
  Child(runtime::Loop& loop, std::shared_ptr<const Server> server, Era era, Limits limits, Observer& observer);
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  ~Child();

  Status start();                                     // before run()
  runtime::Task<void> run();                          // until the process has ended

  Refusal submit(const std::shared_ptr<const Submission>& submission);  // refused, without an inbox to say so: why
  void release(std::uint64_t group, bool cancel);     // its exchange is over; open calls are cancelled, or left alone
  void listen(std::shared_ptr<Inbox> inbox);          // the standalone stream; replaces an earlier one
  void resume();                                      // a full inbox has room again
  void stop(const char* reason);
  void stop_when_idle();

  bool stopping() const noexcept { return stage_ != Stage::kRunning; }
  std::string session;                                // id in the directory, once there is one

 private:
  enum class Phase { kStarting, kProbing, kReady };   // kStarting: nothing was answered yet
  enum class Stage { kRunning, kStdinClosed, kTerminated, kKilled };

  void exited(const std::string& status);
  void read_output();
  void read_errors();
  void flush();
  void again();                                       // wakes run() after the other work of the loop
  void check_timers();
  void next_stage();
  void take_line(std::string_view line);
  void take(Correlator::Incoming message, std::string_view line);
  void deliver(Correlator::Incoming& message);
  Event event_of(Correlator::Incoming& message);
  void deliver_standalone(Correlator::Incoming& message);
  void probe_answered(const Correlator::Incoming& answer);
  void probe_failed(const char* how);
  void write(const std::string& line);
  void send(const Submission& submission);
  void fail_all(const Refusal& refusal);
  void fail_group(std::uint64_t group, const Refusal& refusal);
  void hold(std::uint64_t reader);
  void let_go();
  void end_stream();
  void lost_pipe(const char* reason);
  void drop(const char* reason, std::string_view preview);
  void arm_idle();

  runtime::Loop& loop_;
  std::shared_ptr<const Server> server_;
  const Era era_;
  const Limits limits_;
  Observer& observer_;
  const std::shared_ptr<runtime::Waiter> waiter_;     // shared with posted wake-ups
  runtime::Timer start_timer_{*waiter_}, stop_timer_{*waiter_}, idle_timer_{*waiter_}, pipe_timer_{*waiter_};
  std::unique_ptr<runtime::Process> process_;
  Correlator correlator_;
  LineReader lines_;
  ChildLog log_;
  std::unordered_map<std::uint64_t, std::shared_ptr<Inbox>> inboxes_;  // by group
  std::shared_ptr<Inbox> stream_;
  std::deque<std::string> queue_;                     // for the standalone stream that nobody reads
  std::size_t queue_bytes_ = 0;
  std::vector<std::shared_ptr<const Submission>> waiting_;  // for the probe
  Correlator::Number probe_ = 0;
  std::string out_;                                   // for stdin
  std::size_t out_at_ = 0;
  Phase phase_ = Phase::kStarting;
  Stage stage_ = Stage::kRunning;
  const char* stop_reason_ = "";
  const char* lost_pipe_ = "";
  std::uint64_t held_by_ = 0;                         // when paused_: the group of the reader that is behind
  bool paused_ = false;
  bool stop_when_idle_ = false;
  bool output_ended_ = false;
  bool has_process_slot_ = false;
};

}  // namespace gatehouse::stdio
