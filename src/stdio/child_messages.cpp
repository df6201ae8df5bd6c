// The half of Child that knows messages: what comes from exchanges, what comes from the server.
#include <algorithm>
#include <utility>

#include "child.h"
#include "gatehouse/base/log.h"

namespace gatehouse::stdio {

namespace {

constexpr std::chrono::nanoseconds kLegacyRemembered = std::chrono::minutes(5);
constexpr std::size_t kWaitingForProbe = 1024;
constexpr std::uint64_t kStandalone = 0;  // in place of a group

}  // namespace

Refusal legacy_only_refusal() {
  return {400, kUnsupportedVersion, "legacy_server", "Unsupported protocol version",
          R"({"supported":)" + std::string(kLegacyVersions) + R"(,"requested":")" + std::string(kModern) + R"("})"};
}

Refusal session_gone() { return {404, kInvalidRequest, "session_gone", "Session not found", {}}; }

void fail(const Submission& submission, const Refusal& refusal, const runtime::Loop& loop) {
  if (!submission.inbox) return;
  for (const Envelope& message : submission.messages)
    if (message.kind == Kind::kRequest)
      submission.inbox->push({.type = Event::Type::kFailed, .id = std::string(message.id), .refusal = refusal}, loop);
}

Refusal Child::submit(const std::shared_ptr<const Submission>& submission) {
  Refusal refusal;
  if (stopping()) {
    refusal = session_gone();
  } else if (out_.size() - out_at_ > limits_.message_bytes + limits_.queue_bytes || waiting_.size() >= kWaitingForProbe) {
    refusal = {503, kInternalError, "server_busy", "The server does not read its input", {}};
    drop("server_busy", {});
  }
  if (refusal) {
    fail(*submission, refusal, loop_);
    return refusal;
  }
  if (submission->inbox) let_go();
  if (phase_ == Phase::kProbing)
    waiting_.push_back(submission);
  else
    send(*submission);
  return {};
}

void Child::send(const Submission& submission) {
  if (submission.inbox) inboxes_[submission.group] = submission.inbox;
  for (const Envelope& message : submission.messages) {
    if (message.kind == Kind::kRequest) {
      write(correlator_.begin(message, submission.group).line);
    } else if (const auto line = correlator_.translate(message)) {
      write(*line);
      if (message.method != "notifications/cancelled") continue;
      // The server will not answer what was cancelled; its exchange must not wait for it.
      for (auto& [number, call] : correlator_.take_if_id(message.request_id)) {
        const auto inbox = inboxes_.find(call.group);
        if (inbox != inboxes_.end())
          inbox->second->push({.type = Event::Type::kFailed, .id = call.id, .refusal = {200, kInternalError, "cancelled", "Cancelled", {}}}, loop_);
      }
    }
  }
  arm_idle();
}

void Child::fail_all(const Refusal& refusal) {
  for (auto& [number, call] : correlator_.take_all()) {
    const auto inbox = inboxes_.find(call.group);
    if (inbox != inboxes_.end()) inbox->second->push({.type = Event::Type::kFailed, .id = call.id, .refusal = refusal}, loop_);
  }
  for (const auto& submission : std::exchange(waiting_, {})) fail(*submission, refusal, loop_);
  inboxes_.clear();
  end_stream();
}

void Child::fail_group(std::uint64_t group, const Refusal& refusal) {
  const auto inbox = inboxes_.find(group);
  for (const Correlator::Number number : correlator_.numbers_of(group)) {
    write(Correlator::cancel_line(number, refusal.message));
    if (inbox != inboxes_.end())
      inbox->second->push({.type = Event::Type::kFailed, .id = correlator_.find(number)->id, .refusal = refusal}, loop_);
    correlator_.forget(number);
  }
  inboxes_.erase(group);
}

void Child::end_stream() {
  if (stream_) stream_->push({.type = Event::Type::kClosed}, loop_);
  stream_.reset();
}

// A reader is behind: the server waits for it, as long as nobody else waits for the server.
void Child::hold(std::uint64_t reader) {
  if (reader != kStandalone && correlator_.numbers_of(reader).empty()) return;  // that was the last for it
  paused_ = true;
  held_by_ = reader;
  if (correlator_.awaited_besides(reader)) let_go();
}

// Ends the reader for which the server waits. The calls of a session are one client's, which may hold up itself.
void Child::let_go() {
  if (!paused_) return;
  if (held_by_ == kStandalone)
    end_stream();
  else if (era_ == Era::kModern)
    fail_group(held_by_, {503, kInternalError, "slow_client", "The client does not read what it asked for", {}});
  else
    return;
  drop("slow_client", {});
  resume();
}

void Child::release(std::uint64_t group, bool cancel) {
  std::erase_if(waiting_, [&](const auto& submission) { return submission->group == group; });
  for (const Correlator::Number number : correlator_.numbers_of(group)) {
    if (!cancel) {
      correlator_.abandon(number);
      continue;
    }
    write(Correlator::cancel_line(number, "the client does not wait any longer"));
    correlator_.forget(number);
  }
  inboxes_.erase(group);
  arm_idle();
}

void Child::listen(std::shared_ptr<Inbox> inbox) {
  end_stream();
  stream_ = std::move(inbox);
  if (stopping() || stop_when_idle_) return end_stream();
  for (std::string& message : std::exchange(queue_, {})) stream_->push({.bytes = std::move(message)}, loop_);
  queue_bytes_ = 0;
}

void Child::take_line(std::string_view line) {
  for (Correlator::Incoming& message : correlator_.route(line)) take(std::move(message), line);
}

void Child::take(Correlator::Incoming message, std::string_view line) {
  using To = Correlator::Incoming::To;
  switch (message.to) {
    case To::kCall: return deliver(message);
    case To::kStandalone: return deliver_standalone(message);
    case To::kServer: write(message.bytes); break;
    case To::kNobody: break;
  }
  if (*message.reason != '\0') drop(message.reason, line);
}

void Child::deliver(Correlator::Incoming& message) {
  if (message.answer && message.number == probe_ && probe_ != 0) return probe_answered(message);
  if (message.answer && phase_ == Phase::kStarting) {
    phase_ = Phase::kReady;
    start_timer_.disarm();
  }
  if (message.answer && !message.failed) server_->state->succeeded();
  const auto inbox = inboxes_.find(message.group);
  if (inbox == inboxes_.end() || inbox->second->abandoned()) {
    if (message.answer) arm_idle();
    return drop("client_gone", {});
  }
  if (!inbox->second->push(event_of(message), loop_)) hold(message.group);
  if (message.answer) arm_idle();
}

Event Child::event_of(Correlator::Incoming& message) {
  Event event;
  event.bytes = std::move(message.bytes);
  if (!message.answer) return event;
  event.type = message.failed ? Event::Type::kFailed : Event::Type::kResponse;
  event.id = std::move(message.id);
  event.error_code = message.error_code;
  event.is_error = message.is_error;
  if (!message.failed) return event;
  const bool too_long = std::string_view(message.reason) == "too_long";
  log::warn("mcp", "mcp.server.bad_answer", "a call failed, because the server's answer cannot be read",
            {{"service", server_->settings.name}, {"reason", message.reason}});
  if (too_long)
    event.refusal = {502, kInternalError, "answer_too_large", "The server's answer is larger than mcp.max_answer", {}};
  else
    event.refusal = {502, kInternalError, "bad_answer", "The server's answer is no valid message: " + std::string(message.reason), {}};
  return event;
}

void Child::deliver_standalone(Correlator::Incoming& message) {
  if (stream_ && !stream_->abandoned()) {
    if (!stream_->push({.bytes = std::move(message.bytes)}, loop_)) hold(kStandalone);
    return;
  }
  if (queue_bytes_ + message.bytes.size() > limits_.queue_bytes) {
    if (message.request) write(Correlator::refuse_line(message.server_id, kInternalError, "The client does not listen"));
    return drop("queue_full", {});
  }
  queue_bytes_ += message.bytes.size();
  queue_.push_back(std::move(message.bytes));
}

void Child::probe_answered(const Correlator::Incoming& answer) {
  const Envelope envelope = scan(answer.bytes, {.max_depth = 1024});
  const bool modern = !answer.failed && !answer.error_code &&
                      envelope.supported_versions.find("\"" + std::string(kModern) + "\"") != Raw::npos;
  if (!modern) return probe_failed("it answered otherwise");
  start_timer_.disarm();
  probe_ = 0;
  phase_ = Phase::kReady;
  server_->state->succeeded();
  for (const auto& submission : std::exchange(waiting_, {})) send(*submission);
  arm_idle();
}

void Child::probe_failed(const char* how) {
  log::info("mcp", "mcp.server.legacy_only", "server does not speak 2026-07-28", {{"service", server_->settings.name}, {"how", how}});
  const auto until = loop_.clock().now() + kLegacyRemembered;
  server_->state->legacy_until.store(until.time_since_epoch().count(), std::memory_order_relaxed);
  start_timer_.disarm();
  phase_ = Phase::kReady;
  fail_all(legacy_only_refusal());
  stop("legacy_only");
}

}  // namespace gatehouse::stdio
