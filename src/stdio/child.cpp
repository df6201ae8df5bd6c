#include "child.h"

#include <algorithm>
#include <array>
#include <utility>

#include "gatehouse/base/log.h"

namespace gatehouse::stdio {

namespace {

constexpr int kReadsPerTurn = 16;
constexpr std::chrono::milliseconds kExitNoticed{200};
constexpr std::string_view kProbeParams =
    R"({"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{},)"
    R"("io.modelcontextprotocol/clientInfo":{"name":"gatehouse","version":"0.1.0"}}})";

Refusal server_failed(int status, std::string_view reason, std::string message) {
  return {status, kInternalError, reason, std::move(message), {}};
}

}  // namespace

Child::Child(runtime::Loop& loop, std::shared_ptr<const Server> server, Era era, Limits limits, Observer& observer)
    : loop_(loop), server_(std::move(server)), era_(era), limits_(limits), observer_(observer), waiter_(std::make_shared<runtime::Waiter>(loop)),
      correlator_(era), lines_(limits.answer_bytes), log_(server_->settings.name, loop.clock()) {}

Child::~Child() {
  process_.reset();
  fail_all(server_failed(502, "gateway_stopped", "The gateway stopped the server"));
  if (has_process_slot_) server_->state->give_process();
}

Status Child::start() {
  ServerState& state = *server_->state;
  if (!state.take_process(server_->settings.max_processes))
    return make_error("process-limit", "server " + server_->settings.name + " runs " + std::to_string(state.processes()) + " processes",
                      "raise max_processes or end sessions");
  has_process_slot_ = true;
  auto process = runtime::Process::spawn(loop_, {server_->settings.command, server_->settings.environment, {}}, waiter_.get());
  if (!process) {
    state.failed(process.error().message);
    return std::move(process).error();
  }
  process_ = std::move(*process);
  log::info("mcp", "mcp.server.started", "server process started", {{"service", server_->settings.name}, {"pid", process_->pid()}});
  start_timer_.arm(server_->settings.start_timeout);
  if (era_ == Era::kModern) {
    phase_ = Phase::kProbing;
    write(correlator_.own_request("server/discover", kProbeParams, &probe_));
  }
  return {};
}

runtime::Task<void> Child::run() {
  for (;;) {
    read_output();
    read_errors();
    flush();
    check_timers();
    if (const auto status = process_->exited()) {
      paused_ = false;  // what it said before it died is still delivered
      read_output();
      read_errors();
      co_return exited(status->to_string());
    }
    co_await waiter_->wait();
  }
}

void Child::exited(const std::string& status) {
  const log::Level level = stopping() ? log::Level::kInfo : log::Level::kWarn;
  log::write(level, "mcp", "mcp.server.exited", "server process ended",
             {{"service", server_->settings.name}, {"pid", process_->pid()}, {"status", status}});
  if (!stopping()) {
    server_->state->failed("ended with " + status + (log_.last_line().empty() ? "" : ": " + std::string(log_.last_line())));
    stop_reason_ = "server_exited";
  }
  if (phase_ == Phase::kProbing) probe_failed("it ended");
  fail_all(server_failed(502, stop_reason_, "The server ended (" + status + ")"));
}

void Child::read_output() {
  std::array<char, 16 * 1024> buffer;
  for (int i = 0; i < kReadsPerTurn && !paused_ && !output_ended_; ++i) {
    const auto got = process_->read_output(buffer);
    if (!got) return;
    if (*got == 0) {
      output_ended_ = true;
      return lost_pipe("output_closed");
    }
    lines_.feed({buffer.data(), *got}, [this](std::string_view line) { take_line(line); },
                [this](std::string_view head, std::string_view tail) { take(correlator_.route_too_long(head, tail), {}); });
  }
  if (!paused_ && !output_ended_) again();
}

void Child::read_errors() {
  std::array<char, 4096> buffer;
  for (int i = 0; i < kReadsPerTurn; ++i) {
    const auto got = process_->read_errors(buffer);
    if (!got || *got == 0) return;
    log_.feed({buffer.data(), *got});
  }
  again();
}

void Child::again() {
  loop_.post([waiter = std::weak_ptr(waiter_)] {
    if (const auto alive = waiter.lock()) alive->notify();
  });
}

void Child::flush() {
  while (out_at_ < out_.size()) {
    const std::ptrdiff_t put = process_->write_input(std::string_view(out_).substr(out_at_));
    if (put < 0) {
      out_.clear();
      out_at_ = 0;
      return lost_pipe("input_closed");
    }
    if (put == 0) return;
    out_at_ += static_cast<std::size_t>(put);
  }
  out_.clear();
  out_at_ = 0;
  if (stage_ == Stage::kStdinClosed) process_->close_stdin();
}

// Most often the process has ended, which is known a moment later, together with why.
void Child::lost_pipe(const char* reason) {
  if (stopping() || *lost_pipe_ != '\0') return;
  lost_pipe_ = reason;
  pipe_timer_.arm(kExitNoticed);
}

void Child::check_timers() {
  if (start_timer_.expired()) {
    start_timer_.disarm();
    if (phase_ == Phase::kProbing) {
      probe_failed("it did not answer");
    } else if (!stopping()) {
      server_->state->failed("no answer to initialize in time");
      fail_all(server_failed(504, "start_timeout", "The server did not answer in time"));
      stop("start_timeout");
    }
  }
  if (idle_timer_.expired()) {
    idle_timer_.disarm();
    if (correlator_.open_calls() == 0) stop("idle");
  }
  if (pipe_timer_.expired()) {
    pipe_timer_.disarm();
    if (!stopping()) server_->state->failed(std::string("lives on without its pipes: ") + lost_pipe_);
    stop(lost_pipe_);
  }
  if (stop_timer_.expired()) next_stage();
}

void Child::stop(const char* reason) {
  if (stopping()) return;
  stop_reason_ = reason;
  stage_ = Stage::kStdinClosed;
  fail_all(server_failed(502, reason, "The session to the server ended"));
  stop_timer_.arm(server_->settings.stop_grace);
  if (out_.empty()) process_->close_stdin();
  waiter_->notify();
}

void Child::next_stage() {
  stop_timer_.arm(server_->settings.stop_grace);
  if (stage_ == Stage::kStdinClosed) {
    stage_ = Stage::kTerminated;
    return process_->terminate();
  }
  stage_ = Stage::kKilled;
  process_->kill();
}

void Child::stop_when_idle() {
  stop_when_idle_ = true;
  end_stream();
  if (correlator_.open_calls() == 0) stop("draining");
}

void Child::resume() {
  paused_ = false;
  waiter_->notify();
}

void Child::arm_idle() {
  if (correlator_.open_calls() != 0) return idle_timer_.disarm();
  if (stop_when_idle_) return stop("draining");
  if (era_ == Era::kModern && !stopping()) idle_timer_.arm(limits_.idle);
}

void Child::write(const std::string& line) {
  if (stopping()) return;
  out_ += line;
  waiter_->notify();
}

void Child::drop(const char* reason, std::string_view preview) {
  observer_.dropped_message(server_->settings.name, reason);
  if (std::string_view(reason) == "garbage") log_.garbage(preview);
}

}  // namespace gatehouse::stdio
