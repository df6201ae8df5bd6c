#include "gatehouse/runtime/process.h"

#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <utility>

#include "process_exec.h"

namespace gatehouse::runtime {
namespace {

constexpr int kLastWaitMs = 2'000;

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
        control(loop, std::move(child.control), waiter),
        output(loop, std::move(child.pipes.output), waiter),
        errors(loop, std::move(child.pipes.errors), waiter) {
    input.emplace(loop, std::move(child.pipes.input), waiter);
    ++live;
  }
  ~State() {
    if (status) return;
    kill();
    wait_for_keeper();
    if (!status) --live;
  }

  void kill() noexcept { ::shutdown(control.fd(), SHUT_WR); }  // the keeper takes it for our end

  // A keeper ends when nothing is left below it; what hangs in the kernel is not waited for.
  void wait_for_keeper() noexcept {
    pollfd entry{control.fd(), POLLIN, 0};
    while (!status && ::poll(&entry, 1, kLastWaitMs) > 0) take_status();
  }

  void take_status() noexcept {
    detail::LaunchEvent event;
    const ssize_t size = ::recv(control.fd(), &event, sizeof event, MSG_DONTWAIT);
    if (size < 0 && (errno == EAGAIN || errno == EINTR)) return control.clear_readable();
    const bool told = size == static_cast<ssize_t>(sizeof event);
    if (!told) {  // somebody killed the keeper; the kernel kills what it watched over
      status = ExitStatus{0, SIGKILL};
    } else {
      status = event.kind == detail::LaunchEvent::kExited ? ExitStatus{event.value, 0} : ExitStatus{0, event.value};
    }
    --live;
  }

  pid_t pid;
  Descriptor control;               // to the keeper
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
  state_->control.set_waiter(waiter);
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
  if (!state_->status && state_->control.readable()) state_->take_status();
  return state_->status;
}

void Process::close_stdin() noexcept { state_->input.reset(); }

void Process::terminate() noexcept {
  const unsigned char number = SIGTERM;
  [[maybe_unused]] const auto sent = ::send(state_->control.fd(), &number, 1, MSG_NOSIGNAL | MSG_DONTWAIT);
}

void Process::kill() noexcept { state_->kill(); }

std::size_t live_processes() noexcept { return live.load(); }

}  // namespace gatehouse::runtime
