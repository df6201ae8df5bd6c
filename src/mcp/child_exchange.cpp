// POST and GET to a stdio server, from the side of the exchange.
#include <algorithm>
#include <functional>
#include <utility>

#include "answers.h"
#include "exchange_context.h"
#include "gatehouse/http/sse.h"

namespace gatehouse::mcp {

namespace {

constexpr std::chrono::seconds kPing{15};

// Tells the lane when the exchange is over, however it ends.
class GroupGuard {
 public:
  GroupGuard(std::shared_ptr<Lane> lane, runtime::Loop& from, std::uint64_t group, bool cancel)
      : cancel_(cancel), lane_(std::move(lane)), from_(from), group_(group) {}
  GroupGuard(const GroupGuard&) = delete;
  GroupGuard& operator=(const GroupGuard&) = delete;
  ~GroupGuard() {
    lane_->run_on(from_, [group = group_, cancel = cancel_](Lane& lane) { lane.children().release(group, cancel); });
  }
  void cancel() noexcept { cancel_ = true; }

 private:
  bool cancel_;
  std::shared_ptr<Lane> lane_;
  runtime::Loop& from_;
  std::uint64_t group_;
};

// A child that was started for a session that did not come about is stopped.
class StartGuard {
 public:
  StartGuard(std::shared_ptr<Lane> lane, runtime::Loop& from, std::uint64_t key) : lane_(std::move(lane)), from_(from), key_(key) {}
  StartGuard(const StartGuard&) = delete;
  StartGuard& operator=(const StartGuard&) = delete;
  ~StartGuard() {
    if (lane_) lane_->run_on(from_, [key = key_](Lane& lane) { lane.children().stop(key, "not_initialized"); });
  }
  void commit() noexcept { lane_.reset(); }

 private:
  std::shared_ptr<Lane> lane_;
  runtime::Loop& from_;
  std::uint64_t key_;
};

using OnFirst = std::function<void(Event&, http::Headers&)>;

// Waits for all answers. Its deadline is the server's call timeout.
runtime::Task<Outcome> answer(Context& context, const Post& post, stdio::InboxReader& inbox, GroupGuard& guard, const OnFirst& on_first) {
  OpenExchange& exchange = context.exchange;
  Answers answers(exchange, post);
  runtime::Timer deadline(exchange.waiter()), ping(exchange.waiter());
  deadline.arm(context.server->settings.call_timeout);
  if (!post.starts_session()) ping.arm(kPing);
  const Refusal timeout{504, kInternalError, "timeout", "The server did not answer in time", {}};
  bool alive = true, first = true;
  while (alive && !answers.done()) {
    if (exchange.cut() != nullptr) {
      guard.cancel();
      alive = co_await answers.fail_open(*exchange.cut());
    } else if (std::optional<Event> event = inbox.pop()) {
      if (std::exchange(first, false) && on_first) on_first(*event, answers.headers());
      alive = co_await answers.take(std::move(*event));
    } else if (exchange.client_gone()) {
      alive = false;
    } else if (deadline.expired()) {
      guard.cancel();
      alive = co_await answers.fail_open(timeout);
    } else if (ping.expired()) {
      ping.arm(kPing);
      alive = co_await answers.keep_alive();
    } else {
      co_await exchange.waiter().wait();
    }
  }
  if (alive) co_await answers.finish();
  Outcome outcome = answers.outcome();
  if (!answers.done()) outcome = {"cancelled", "client_gone"};
  co_return outcome;
}

// Names the exchange, and gives the submission a mailbox when it asks for answers. From here on it is only read, also by the
// lane's thread.
std::shared_ptr<const stdio::Submission> address(Context& context, const Post& post, const std::shared_ptr<Lane>& lane) {
  post.submission->group = context.shared.new_key();
  if (!post.request_ids().empty())
    post.submission->inbox = make_inbox(lane, context.exchange.loop(), post.submission->group, context.config->settings.max_queue_bytes);
  return post.submission;
}

runtime::Task<Outcome> accept(Context& context) {
  http::Response accepted;
  accepted.status = 202;
  co_await context.exchange.respond(std::move(accepted));
  co_return Outcome{};
}

// One child per (server, principal), on the same loop for all.
std::shared_ptr<Lane> lane_of(const Context& context) {
  const std::size_t hash = std::hash<std::string>()(context.server->settings.name + '\n' + context.principal());
  return context.lanes[hash % context.lanes.size()];
}

runtime::Task<Outcome> start_session(Context& context, Post post) {
  std::unique_ptr<Directory::Place> place;
  if (const Refusal refusal = reserve_session(context, &place)) {
    co_await refuse(context.exchange, refusal, post.id(), context.shared);
    co_return Outcome{"transport_error", std::string(refusal.reason)};
  }
  runtime::Loop& loop = context.exchange.loop();
  const std::shared_ptr<Lane> lane = context.lanes[loop.index()];
  const auto submission = address(context, post, lane);
  const std::uint64_t key = submission->group;
  StartGuard started(lane, loop, key);
  GroupGuard guard(lane, loop, submission->group, false);
  stdio::InboxReader inbox(submission->inbox, context.exchange.waiter());
  lane->children().start_session(context.server->child, submission);
  const OnFirst open = [&](Event& event, http::Headers& headers) {
    if (event.type != Event::Type::kResponse || event.error_code) return;
    Agreed agreed = agreed_version(scan(event.bytes, {.max_depth = kServerDepth}));
    if (agreed.refusal) {
      event.type = Event::Type::kFailed;
      event.refusal = std::move(agreed.refusal);
      return;
    }
    SessionFacts facts = facts_of(context, std::move(agreed.version));
    facts.child = key;
    const auto session = context.shared.directory.open(*place, std::move(facts), context.clock());
    headers.emplace_back("Mcp-Session-Id", session->id);
    started.commit();
    if (!lane->children().bind(key, session->id)) context.shared.directory.close(session->id);
  };
  co_return co_await answer(context, post, inbox, guard, open);
}

// On another loop the child is met too late for the answer; what it does not take then is counted there.
runtime::Task<Outcome> pass_notification(Context& context, std::shared_ptr<Lane> lane, std::uint64_t child,
                                         std::shared_ptr<const stdio::Submission> submission) {
  Refusal refusal;
  if (lane->is_on(context.exchange.loop()))
    refusal = lane->children().submit(child, submission);
  else
    lane->post([child, submission](Lane& own) { own.children().submit(child, submission); });
  if (!refusal) co_return co_await accept(context);
  co_await refuse(context.exchange, refusal, {}, context.shared);
  co_return Outcome{"transport_error", std::string(refusal.reason)};
}

runtime::Task<Outcome> post_in_session(Context& context, Post post, std::shared_ptr<Session> session) {
  const SessionUse use(session, context.clock());
  runtime::Loop& loop = context.exchange.loop();
  const std::shared_ptr<Lane> lane = context.lanes[use->facts.lane];
  const auto submission = address(context, post, lane);
  if (!submission->inbox) co_return co_await pass_notification(context, lane, use->facts.child, submission);
  const auto submit = [key = use->facts.child, submission](Lane& own) { own.children().submit(key, submission); };
  GroupGuard guard(lane, loop, submission->group, false);
  stdio::InboxReader inbox(submission->inbox, context.exchange.waiter());
  lane->run_on(loop, submit);
  const OnFirst gone = [&](Event& event, http::Headers&) {
    if (event.type == Event::Type::kFailed && event.refusal.reason == "session_gone") context.shared.directory.close(session->id);
  };
  co_return co_await answer(context, post, inbox, guard, gone);
}

runtime::Task<Outcome> post_modern(Context& context, Post post) {
  runtime::Loop& loop = context.exchange.loop();
  const std::shared_ptr<Lane> lane = lane_of(context);
  const auto submission = address(context, post, lane);
  const stdio::Owner owner{context.principal(), context.exchange.principal().user_id};
  const auto submit = [submission, server = context.server->child, owner](Lane& own) {
    own.children().submit_shared(server, owner, submission);
  };
  if (!submission->inbox) {
    // What a client cancels it cancels by closing its stream; a request id alone names nothing on a shared connection.
    if (post.first().method != "notifications/cancelled") lane->run_on(loop, submit);
    co_return co_await accept(context);
  }
  GroupGuard guard(lane, loop, submission->group, true);
  stdio::InboxReader inbox(submission->inbox, context.exchange.waiter());
  lane->run_on(loop, submit);
  co_return co_await answer(context, post, inbox, guard, {});
}

}  // namespace

runtime::Task<Outcome> post_to_child(Context& context, Post post) {
  if (post.era == Era::kModern) co_return co_await post_modern(context, std::move(post));
  if (post.starts_session()) co_return co_await start_session(context, std::move(post));
  std::shared_ptr<Session> session = find_session(context);
  if (!session) {
    const bool named = context.exchange.request().fields.find(http::FieldId::kMcpSessionId) != nullptr;
    const Refusal missing{400, kInvalidRequest, "session_required", "Bad Request: Mcp-Session-Id is required", {}};
    const Refusal refusal = named ? session_not_found() : missing;
    co_await refuse(context.exchange, refusal, post.id(), context.shared);
    co_return Outcome{"transport_error", std::string(refusal.reason)};
  }
  co_return co_await post_in_session(context, std::move(post), std::move(session));
}

runtime::Task<void> get_from_child(Context& context, std::shared_ptr<Session> session) {
  const SessionUse use(session, context.clock());
  OpenExchange& exchange = context.exchange;
  runtime::Loop& loop = exchange.loop();
  const std::shared_ptr<Lane> lane = context.lanes[use->facts.lane];
  const std::uint64_t group = context.shared.new_key();
  const auto mailbox = make_inbox(lane, loop, group, context.config->settings.max_queue_bytes);
  GroupGuard guard(lane, loop, group, false);
  stdio::InboxReader inbox(mailbox, exchange.waiter());
  lane->run_on(loop, [key = use->facts.child, group, mailbox](Lane& own) { own.children().listen(key, group, mailbox); });
  http::Response head = sse_head();
  if (!co_await exchange.begin_stream(std::move(head))) co_return;
  runtime::Timer ping(exchange.waiter());
  ping.arm(kPing);
  bool alive = true, open = true;
  while (alive && open) {
    const std::optional<Event> event = inbox.pop();
    if (event && event->type == Event::Type::kMessage) {
      std::string bytes;
      http::write_sse_event(bytes, {}, "message", event->bytes);
      alive = co_await exchange.send(bytes);
    } else if (event || exchange.draining() || exchange.cut() != nullptr) {
      open = false;
    } else if (exchange.client_gone()) {
      alive = false;
    } else if (ping.expired()) {
      ping.arm(kPing);
      alive = co_await exchange.send(kPingComment);
    } else {
      co_await exchange.waiter().wait();
    }
  }
  if (alive) co_await exchange.end_stream();
}

}  // namespace gatehouse::mcp
