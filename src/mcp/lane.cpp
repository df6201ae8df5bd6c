#include "lane.h"

#include <vector>

#include "exchange_context.h"

namespace gatehouse::mcp {

namespace {

void refuse(const Submission& submission, const Refusal& refusal, const runtime::Loop& loop) {
  if (!submission.inbox) return;
  for (const Envelope& message : submission.messages)
    if (message.kind == Kind::kRequest)
      submission.inbox->push({.type = Event::Type::kFailed, .id = std::string(message.id), .refusal = refusal}, loop);
}

Refusal start_refusal(const Error& error) {
  if (error.slug == "process-limit") return {503, kInternalError, "process_limit", "The server is at its limit of processes", {}};
  return {502, kInternalError, "start_failed", "The server could not be started", {}};
}

}  // namespace

void Lane::run_on(const runtime::Loop& from, std::function<void(Lane&)> work) {
  if (&from == &loop_) return work(*this);
  post(std::move(work));
}

void Lane::post(std::function<void(Lane&)> work) {
  loop_.post([lane = weak_from_this(), work = std::move(work)] {
    if (const auto alive = lane.lock()) work(*alive);
  });
}

Child* Lane::find(std::uint64_t key) const {
  const auto found = children_.find(key);
  return found == children_.end() ? nullptr : found->second;
}

Child* Lane::start(std::uint64_t key, const std::shared_ptr<const Server>& server, Era era, const Submission* first) {
  const Settings& settings = config_->settings;
  const ChildLimits limits{static_cast<std::size_t>(settings.max_message_bytes), static_cast<std::size_t>(settings.max_queue_bytes),
                           settings.session_idle};
  auto child = std::make_unique<Child>(loop_, server, era, limits, shared_->observer);
  if (const Status started = child->start(); !started) {
    if (first != nullptr) refuse(*first, start_refusal(started.error()), loop_);
    return nullptr;
  }
  Child* raw = child.get();
  children_.emplace(key, raw);
  tasks_.spawn(supervise(*this, key, std::move(child)));
  if (find(key) == nullptr && first != nullptr) refuse(*first, {502, kInternalError, "start_failed", "The server ended at once", {}}, loop_);
  return find(key);
}

runtime::Task<void> Lane::supervise(Lane& lane, std::uint64_t key, std::unique_ptr<Child> child) {
  co_await child->run();
  lane.ended(key, *child);
}

void Lane::ended(std::uint64_t key, const Child& child) {
  children_.erase(key);
  std::erase_if(shared_children_, [key](const auto& entry) { return entry.second == key; });
  std::erase_if(groups_, [key](const auto& entry) { return entry.second == key; });
  if (!child.session.empty()) shared_->directory.close(child.session);
}

void Lane::start_session(std::uint64_t key, const std::shared_ptr<const Server>& server, std::shared_ptr<const Submission> first) {
  if (start(key, server, Era::kLegacy, first.get()) != nullptr) submit(key, first);
}

void Lane::bind(std::uint64_t key, const std::string& session) {
  Child* child = find(key);
  if (child == nullptr || child->stopping()) shared_->directory.close(session);
  if (child != nullptr) child->session = session;
}

void Lane::submit(std::uint64_t key, const std::shared_ptr<const Submission>& submission) {
  Child* child = find(key);
  if (child == nullptr) return refuse(*submission, {404, kInvalidRequest, "session_gone", "Session not found", {}}, loop_);
  if (submission->inbox) groups_[submission->group] = key;
  child->submit(submission);
}

void Lane::submit_shared(const std::shared_ptr<const Server>& server, const std::string& principal,
                         const std::shared_ptr<const Submission>& submission) {
  const SharedKey who(server.get(), principal);
  const auto found = shared_children_.find(who);
  Child* child = found == shared_children_.end() ? nullptr : find(found->second);
  if (child != nullptr && !child->stopping()) return submit(found->second, submission);
  if (!submission->inbox) return;  // a notification starts no server
  const auto now = loop_.clock().now().time_since_epoch().count();
  if (now < server->state->legacy_until.load(std::memory_order_relaxed)) return refuse(*submission, legacy_only_refusal(), loop_);
  if (shared_->draining.load(std::memory_order_relaxed))
    return refuse(*submission, {503, kInternalError, "draining", "The gateway is shutting down", {}}, loop_);
  const std::uint64_t key = shared_->new_key();
  if (start(key, server, Era::kModern, submission.get()) == nullptr) return;
  shared_children_[who] = key;
  submit(key, submission);
}

void Lane::listen(std::uint64_t key, std::uint64_t group, std::shared_ptr<Inbox> inbox) {
  Child* child = find(key);
  if (child == nullptr) {
    inbox->push({.type = Event::Type::kClosed}, loop_);
    return;
  }
  groups_[group] = key;
  child->listen(std::move(inbox));
}

void Lane::release(std::uint64_t group, bool cancel) {
  const auto found = groups_.find(group);
  if (found == groups_.end()) return;
  Child* child = find(found->second);
  groups_.erase(found);
  if (child != nullptr) child->release(group, cancel);
}

void Lane::resume(std::uint64_t group) {
  const auto found = groups_.find(group);
  if (found == groups_.end()) return;
  if (Child* child = find(found->second)) child->resume();
}

void Lane::stop_child(std::uint64_t key, const char* reason) {
  if (Child* child = find(key)) child->stop(reason);
}

void Lane::stop_stale(const Config& config) {
  std::vector<std::uint64_t> stale;
  for (const auto& [who, key] : shared_children_) {
    const auto found = config.servers.find(who.first->settings.name);
    if (found == config.servers.end() || found->second.get() != who.first) stale.push_back(key);
  }
  for (const std::uint64_t key : stale) stop_child(key, "reconfigured");
}

void Lane::drain() {
  std::vector<Child*> all;
  for (const auto& [key, child] : children_) all.push_back(child);
  for (Child* child : all) child->stop_when_idle();
}

void Lane::sweep_every(std::chrono::seconds interval, OnExpired on_expired) {
  tasks_.spawn(sweep(*this, interval, std::move(on_expired)));
}

runtime::Task<void> Lane::sweep(Lane& lane, std::chrono::seconds interval, OnExpired on_expired) {
  runtime::Waiter waiter(lane.loop_);
  runtime::Timer timer(waiter);
  for (;;) {
    timer.arm(interval);
    while (!timer.expired()) co_await waiter.wait();
    const std::int64_t limit = (lane.loop_.clock().now() - lane.config_->settings.session_idle).time_since_epoch().count();
    const auto expired = lane.shared_->directory.close_if([limit](const Session& session) {
      return session.active.load(std::memory_order_acquire) == 0 && session.last_used.load(std::memory_order_relaxed) < limit;
    });
    on_expired(expired);
  }
}

void Lane::delete_server_session(HttpPort& http, std::shared_ptr<const Server> server, std::string server_session) {
  tasks_.spawn(tell_server(*this, http, std::move(server), std::move(server_session)));
}

runtime::Task<void> Lane::tell_server(Lane& lane, HttpPort& http, std::shared_ptr<const Server> server, std::string server_session) {
  runtime::Waiter waiter(lane.loop_);
  co_await mcp::delete_server_session(http, waiter, std::move(server), std::move(server_session));
}

std::shared_ptr<Inbox> make_inbox(const std::shared_ptr<Lane>& lane, runtime::Loop& reader, std::uint64_t group, std::size_t limit) {
  auto on_room = [lane = std::weak_ptr(lane), &reader, group] {
    if (const auto alive = lane.lock()) alive->run_on(reader, [group](Lane& own) { own.resume(group); });
  };
  return std::make_shared<Inbox>(reader, limit, std::move(on_room));
}

}  // namespace gatehouse::mcp
