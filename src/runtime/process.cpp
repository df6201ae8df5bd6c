#include "gatehouse/runtime/process.h"

#include <signal.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <utility>

#include "process_exec.h"

namespace gatehouse::runtime {
namespace {

std::atomic<std::size_t> live{0};

// A write to a pipe whose reader is gone raises SIGPIPE, and pipes know no MSG_NOSIGNAL.
void ignore_sigpipe() {
  static const bool once = [] {
    ::signal(SIGPIPE, SIG_IGN);
    return true;
  }();
  static_cast<void>(once);
}

std::optional<std::size_t> read_pipe(Descriptor& pipe, std::span<char> out) {
  ssize_t size = 0;
  do {
    size = ::read(pipe.fd(), out.data(), out.size());
  } while (size < 0 && errno == EINTR);
  if (size >= 0) return static_cast<std::size_t>(size);
  if (errno != EAGAIN) return 0;
  pipe.clear_readable();
  return std::nullopt;
}

}  // namespace

std::string ExitStatus::to_string() const {
  if (signal == 0) return "exit code " + std::to_string(code);
  const char* const name = ::sigdescr_np(signal);
  return "signal " + std::to_string(signal) + " (" + (name != nullptr ? name : "unknown") + ")";
}

struct Process::State {
  State(Loop& loop, detail::StartedChild child, Waiter* waiter)
      : pid(child.pid),
        exit(loop, std::move(child.pidfd), waiter),
        output(loop, std::move(child.pipes.output), waiter),
        errors(loop, std::move(child.pipes.errors), waiter) {
    input.emplace(loop, std::move(child.pipes.input), waiter);
    ++live;
  }
  ~State() {
    if (!status) reap(0);
  }

  void signal_group(int number) noexcept {
    if (!status) ::kill(-pid, number);
  }

  // What is left of the group is killed while the number is still taken by our unreaped child: afterwards the same
  // number may name somebody else's group.
  void reap(int options) noexcept {
    if (options == 0) signal_group(SIGKILL);
    siginfo_t info{};
    const auto id = static_cast<id_t>(exit.fd());
    int result = 0;
    while ((result = ::waitid(P_PIDFD, id, &info, WEXITED | WNOWAIT | options)) < 0 && errno == EINTR) {
    }
    if (result == 0 && info.si_pid == 0) return;
    signal_group(SIGKILL);
    while (::waitid(P_PIDFD, id, &info, WEXITED) < 0 && errno == EINTR) {
    }
    status = info.si_code == CLD_EXITED ? ExitStatus{info.si_status, 0} : ExitStatus{0, info.si_status};
    --live;
  }

  pid_t pid;
  Descriptor exit;
  Descriptor output;
  Descriptor errors;
  std::optional<Descriptor> input;  // none once closed
  std::optional<ExitStatus> status;
};

Process::Process(std::unique_ptr<State> state) : state_(std::move(state)) {}
Process::~Process() = default;

Result<std::unique_ptr<Process>> Process::spawn(Loop& loop, const ProcessSettings& settings, Waiter* waiter) {
  ignore_sigpipe();
  auto child = detail::start_child(settings);
  if (!child) return std::move(child).error();
  return std::unique_ptr<Process>(new Process(std::make_unique<State>(loop, std::move(*child), waiter)));
}

int Process::pid() const noexcept { return state_->pid; }

void Process::set_waiter(Waiter* waiter) noexcept {
  state_->exit.set_waiter(waiter);
  state_->output.set_waiter(waiter);
  state_->errors.set_waiter(waiter);
  if (state_->input) state_->input->set_waiter(waiter);
}

std::optional<std::size_t> Process::read_output(std::span<char> out) { return read_pipe(state_->output, out); }
std::optional<std::size_t> Process::read_errors(std::span<char> out) { return read_pipe(state_->errors, out); }

std::ptrdiff_t Process::write_input(std::string_view bytes) {
  if (!state_->input) return -1;
  ssize_t size = 0;
  do {
    size = ::write(state_->input->fd(), bytes.data(), bytes.size());
  } while (size < 0 && errno == EINTR);
  if (size >= 0) return size;
  if (errno != EAGAIN) return -1;
  state_->input->clear_writable();
  return 0;
}

bool Process::output_readable() const noexcept { return state_->output.readable(); }
bool Process::errors_readable() const noexcept { return state_->errors.readable(); }
bool Process::input_writable() const noexcept { return state_->input && state_->input->writable(); }

std::optional<ExitStatus> Process::exited() {
  if (!state_->status && state_->exit.readable()) state_->reap(WNOHANG);
  return state_->status;
}

void Process::close_stdin() noexcept { state_->input.reset(); }
void Process::terminate() noexcept { state_->signal_group(SIGTERM); }
void Process::kill() noexcept { state_->signal_group(SIGKILL); }

std::size_t live_processes() noexcept { return live.load(); }

}  // namespace gatehouse::runtime
