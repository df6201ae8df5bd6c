#include "gatehouse/stdio/children.h"

#include "child.h"

namespace gatehouse::stdio {

namespace {

Refusal start_refusal(const Error& error) {
  if (error.slug == "process-limit") return {503, kInternalError, "process_limit", "The server is at its limit of processes", {}};
  return {502, kInternalError, "start_failed", "The server could not be started", {}};
}

}  // namespace

Children::Children(runtime::Loop& loop, Observer& observer, OnEnd on_end) : loop_(loop), observer_(observer), on_end_(std::move(on_end)) {}

Children::~Children() = default;

Child* Children::find(Key key) const {
  const auto found = children_.find(key);
  return found == children_.end() ? nullptr : found->second;
}

bool Children::start(Key key, const std::shared_ptr<const Server>& server, Era era, const Submission& first) {
  auto child = std::make_unique<Child>(loop_, server, era, limits_, observer_);
  if (const Status started = child->start(); !started) {
    fail(first, start_refusal(started.error()), loop_);
    return false;
  }
  children_.emplace(key, child.get());
  tasks_.spawn(supervise(*this, key, std::move(child)));
  if (find(key) != nullptr) return true;
  fail(first, {502, kInternalError, "start_failed", "The server ended at once", {}}, loop_);
  return false;
}

runtime::Task<void> Children::supervise(Children& children, Key key, std::unique_ptr<Child> child) {
  co_await child->run();
  children.ended(key, *child);
}

void Children::ended(Key key, const Child& child) {
  children_.erase(key);
  std::erase_if(shared_children_, [key](const auto& entry) { return entry.second.key == key; });
  std::erase_if(groups_, [key](const auto& entry) { return entry.second == key; });
  if (!child.session.empty()) on_end_(child.session);
}

void Children::start_session(const std::shared_ptr<const Server>& server, const std::shared_ptr<const Submission>& first) {
  if (start(first->group, server, Era::kLegacy, *first)) submit(first->group, first);
}

bool Children::bind(Key key, const std::string& session) {
  Child* child = find(key);
  if (child == nullptr || child->stopping()) return false;
  child->session = session;
  return true;
}

Refusal Children::submit(Key key, const std::shared_ptr<const Submission>& submission) {
  Child* child = find(key);
  if (child == nullptr) {
    fail(*submission, session_gone(), loop_);
    return session_gone();
  }
  if (submission->inbox) groups_[submission->group] = key;
  return child->submit(submission);
}

void Children::submit_shared(const std::shared_ptr<const Server>& server, const Owner& owner,
                             const std::shared_ptr<const Submission>& submission) {
  const SharedKey who(server.get(), owner.principal);
  const auto found = shared_children_.find(who);
  Child* child = found == shared_children_.end() ? nullptr : find(found->second.key);
  if (child != nullptr && !child->stopping()) return void(submit(found->second.key, submission));
  if (!submission->inbox) return;  // a notification starts no server
  const auto now = loop_.clock().now().time_since_epoch().count();
  if (now < server->state->legacy_until.load(std::memory_order_relaxed)) return fail(*submission, legacy_only_refusal(), loop_);
  if (draining_) return fail(*submission, {503, kInternalError, "draining", "The gateway is shutting down", {}}, loop_);
  const Key key = submission->group;
  if (!start(key, server, Era::kModern, *submission)) return;
  shared_children_[who] = {key, owner};
  submit(key, submission);
}

void Children::listen(Key key, std::uint64_t group, std::shared_ptr<Inbox> inbox) {
  Child* child = find(key);
  if (child == nullptr) {
    inbox->push({.type = Event::Type::kClosed}, loop_);
    return;
  }
  groups_[group] = key;
  child->listen(std::move(inbox));
}

void Children::release(std::uint64_t group, bool cancel) {
  const auto found = groups_.find(group);
  if (found == groups_.end()) return;
  Child* child = find(found->second);
  groups_.erase(found);
  if (child != nullptr) child->release(group, cancel);
}

void Children::resume(std::uint64_t group) {
  const auto found = groups_.find(group);
  if (found == groups_.end()) return;
  if (Child* child = find(found->second)) child->resume();
}

void Children::stop(Key key, const char* reason) {
  if (Child* child = find(key)) child->stop(reason);
}

void Children::stop_shared_unless(const std::function<bool(const Server&, const Owner&)>& wanted) {
  std::vector<Key> stale;
  for (const auto& [who, shared] : shared_children_)
    if (!wanted(*who.first, shared.owner)) stale.push_back(shared.key);
  for (const Key key : stale) stop(key, "not_wanted");
}

void Children::drain() {
  draining_ = true;
  std::vector<Child*> all;
  for (const auto& [key, child] : children_) all.push_back(child);
  for (Child* child : all) child->stop_when_idle();
}

}  // namespace gatehouse::stdio
