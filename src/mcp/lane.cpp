#include "lane.h"

#include <vector>

#include "exchange_context.h"

namespace gatehouse::mcp {

Lane::Lane(runtime::Loop& loop, std::shared_ptr<Shared> shared)
    : loop_(loop), shared_(std::move(shared)),
      children_(loop, shared_->observer, [this](const std::string& session) { shared_->directory.close(session); }) {}

void Lane::set_config(std::shared_ptr<const Config> config) {
  config_ = std::move(config);
  const Settings& settings = config_->settings;
  children_.set_limits({settings.max_message_bytes, settings.max_answer_bytes, settings.max_queue_bytes, settings.session_idle});
}

void Lane::run_on(const runtime::Loop& from, std::function<void(Lane&)> work) {
  if (&from == &loop_) return work(*this);
  post(std::move(work));
}

void Lane::post(std::function<void(Lane&)> work) {
  loop_.post([lane = weak_from_this(), work = std::move(work)] {
    if (const auto alive = lane.lock()) work(*alive);
  });
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

// Exchanges first: once they are cut they open no sessions.
void Lane::end_unless(const std::function<bool(const Caller&)>& keep, HttpPort* http) {
  exchanges_->end_unless(keep, {401, kInvalidRequest, "revoked", "The credential is not valid any more", {}});
  children_.stop_shared_unless([&](const stdio::Server&, const stdio::Owner& owner) { return keep({owner.user_id, {}}); });
  const auto closed = shared_->directory.close_if([&](const Session& session) {
    return session.facts.lane == loop_.index() && !keep({session.facts.user_id, session.facts.credential});
  });
  for (const auto& session : closed) {
    const SessionFacts& facts = session->facts;
    if (!facts.server->http())
      children_.stop(facts.child, "revoked");
    else if (http != nullptr)
      delete_server_session(*http, facts.server, facts.server_session);
  }
}

void Lane::end_exchanges_after(runtime::Duration delay, jsonrpc::Refusal why) {
  tasks_.spawn(end_exchanges(*this, delay, std::move(why)));
}

runtime::Task<void> Lane::end_exchanges(Lane& lane, runtime::Duration delay, jsonrpc::Refusal why) {
  runtime::Waiter waiter(lane.loop_);
  runtime::Timer timer(waiter);
  timer.arm(delay);
  while (!timer.expired()) co_await waiter.wait();
  lane.exchanges_->end_unless([](const Caller&) { return false; }, why);
}

void Lane::delete_server_session(HttpPort& http, std::shared_ptr<const Server> server, std::string server_session) {
  tasks_.spawn(tell_server(*this, http, std::move(server), std::move(server_session)));
}

runtime::Task<void> Lane::tell_server(Lane& lane, HttpPort& http, std::shared_ptr<const Server> server, std::string server_session) {
  runtime::Waiter waiter(lane.loop_);
  co_await mcp::delete_server_session(http, waiter, std::move(server), std::move(server_session));
}

std::shared_ptr<stdio::Inbox> make_inbox(const std::shared_ptr<Lane>& lane, runtime::Loop& reader, std::uint64_t group, std::size_t limit) {
  auto on_room = [lane = std::weak_ptr(lane), &reader, group] {
    if (const auto alive = lane.lock()) alive->run_on(reader, [group](Lane& own) { own.children().resume(group); });
  };
  return std::make_shared<stdio::Inbox>(reader, limit, std::move(on_room));
}

}  // namespace gatehouse::mcp
