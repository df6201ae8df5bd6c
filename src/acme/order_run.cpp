#include "order_run.h"

#include <algorithm>

#include "gatehouse/base/encoding.h"
#include "gatehouse/pki/request.h"
#include "json.h"

namespace gatehouse::acme {

namespace {

constexpr int kMaxOrders = 3;
constexpr int kMaxRuns = 5;            // calls on one order; what hangs that long is begun anew
constexpr int kMaxFinalizations = 3;
constexpr int kMaxStrikes = 3;         // transient failures in a row while polling

Failure refused(std::string_view slug, std::string message, std::string help = {}) {
  return {.kind = FailureKind::kRefused, .error = make_error(slug, std::move(message), std::move(help))};
}

bool is_final(const Failure& failure) {
  return failure.kind == FailureKind::kValidation || failure.kind == FailureKind::kRefused;
}

Json order_wish(const Plan& plan, bool replaces) {
  Json wish = {{"identifiers", Json::array()}};
  for (const pki::Name& name : plan.names) wish["identifiers"].push_back({{"type", name.is_ip ? "ip" : "dns"}, {"value", name.text}});
  if (!plan.profile.empty()) wish["profile"] = plan.profile;
  if (replaces) wish["replaces"] = plan.replaces;
  return wish;
}

}  // namespace

runtime::Task<Outcome<Issued>> obtain(Session& session, Environment& environment, Slot& order_slot, Plan plan) {
  OrderRun run(session, environment, order_slot, std::move(plan));
  co_return co_await run.run();
}

OrderRun::OrderRun(Session& session, Environment& environment, Slot& slot, Plan plan)
    : session_(session), environment_(environment), slot_(slot), plan_(std::move(plan)),
      deadline_(environment.clock().now() + plan_.limits.overall), pause_(plan_.limits.first_poll) {}

runtime::Task<Outcome<Issued>> OrderRun::run() {
  if (auto restored = co_await restore(); !restored) co_return std::move(restored).failure();
  bool account_lost = false;
  for (int orders = 1;;) {
    alternative_ = false;
    auto issued = co_await attempt();
    if (issued) co_return issued;
    Failure failure = std::move(issued).failure();
    if (failure.problem == "accountDoesNotExist" && !account_lost) {
      account_lost = true;
      session_.lose_account();
      state_.forget_order();
      resumed_ = false;
      continue;
    }
    if (!is_final(failure)) co_return failure;
    const bool another = resumed_ || (failure.kind == FailureKind::kValidation && alternative_ && ++orders <= kMaxOrders);
    if (!another) state_.failed_types.clear();  // the next call may try them again
    co_await give_up_order();
    if (!another) co_return failure;
    resumed_ = false;  // an order of the past says nothing about a new one
  }
}

bool OrderRun::is_of_this_plan(const OrderState& state) const {
  return state.directory == session_.authority().directory && state.names == plan_.names && state.profile == plan_.profile &&
         state.key.has_value() == !state.url.empty() && state.runs < kMaxRuns;
}

// What another process left behind: its challenges come down, its order goes on.
runtime::Task<Outcome<Done>> OrderRun::restore() {
  auto text = co_await slot_.load();
  if (!text) co_return transient(std::move(text).error());
  if (*text) {
    auto stored = OrderState::parse(**text);
    if (stored) state_ = *std::move(stored);
  }
  co_await clean_up();
  if (!is_of_this_plan(state_)) state_ = OrderState{};
  state_.directory = session_.authority().directory;
  state_.names = plan_.names;
  state_.profile = plan_.profile;
  resumed_ = !state_.url.empty();
  co_return co_await save();
}

runtime::Task<Outcome<Done>> OrderRun::save() {
  Secret text = state_.text();
  Status saved = co_await slot_.save(std::move(text));
  if (!saved) co_return transient(std::move(saved).error());
  co_return Done{};
}

runtime::Task<Outcome<Issued>> OrderRun::attempt() {
  auto order = co_await open_order();
  while (order) {
    switch (order->status) {
      case OrderStatus::kPending: {
        if (auto authorized = co_await authorize(*order); !authorized) co_return std::move(authorized).failure();
        order = co_await read_order();
        break;
      }
      case OrderStatus::kReady: order = co_await finalize(*std::move(order)); break;
      case OrderStatus::kProcessing: order = co_await read_order(); break;
      case OrderStatus::kValid: co_return co_await download(*std::move(order));
      case OrderStatus::kInvalid: {
        const Problem unknown{.type = "unauthorized", .detail = "the order has become invalid", .instance = {}, .subproblems = {}};
        co_return failure_of(order->error.value_or(unknown));
      }
    }
  }
  co_return std::move(order).failure();
}

runtime::Task<Outcome<Order>> OrderRun::open_order() {
  auto account = co_await session_.account();
  if (!account) co_return std::move(account).failure();
  if (state_.url.empty()) co_return co_await create_order(*account);
  auto answer = co_await session_.post(state_.url, {});
  if (!answer) co_return std::move(answer).failure();
  auto order = take_order(*answer);
  if (!order) co_return transient(std::move(order).error());
  ++state_.runs;
  if (auto saved = co_await save(); !saved) co_return std::move(saved).failure();
  const bool expired = order->expires && *order->expires <= environment_.clock().wall() && order->status != OrderStatus::kValid;
  if (!expired) co_return *std::move(order);
  state_.forget_order();
  resumed_ = false;
  co_return co_await create_order(*account);
}

runtime::Task<Outcome<Order>> OrderRun::create_order(const AccountKey& account) {
  auto directory = co_await session_.directory();
  if (!directory) co_return std::move(directory).failure();
  const auto& profiles = directory->profiles;
  if (!plan_.profile.empty() && std::find(profiles.begin(), profiles.end(), plan_.profile) == profiles.end()) {
    co_return refused("acme-invalidProfile", account.url + ": the authority offers no profile '" + plan_.profile + "'",
                      "set certificates.acme.profile to one that it offers, or leave it out");
  }
  std::optional<pki::Key> key = plan_.key;
  if (!key) {
    auto made = co_await environment_.make_key(plan_.key_type);
    if (!made) co_return transient(std::move(made).error());
    key = *std::move(made);
  }
  const bool replaces = !plan_.replaces.empty() && !directory->renewal_info.empty();
  auto answer = co_await session_.post(directory->new_order, dump(order_wish(plan_, replaces)));
  if (!answer && replaces && (answer.failure().problem == "alreadyReplaced" || answer.failure().status == 409)) {
    answer = co_await session_.post(directory->new_order, dump(order_wish(plan_, false)));
  }
  if (!answer) co_return std::move(answer).failure();
  const std::string_view url = answer->header("Location");
  if (!is_https_url(url)) co_return transient(make_error("acme-order", "the authority did not say where the order is"));
  finalizations_ = 0;
  state_.url = url;
  state_.key = *std::move(key);
  state_.runs = 1;
  if (auto saved = co_await save(); !saved) co_return std::move(saved).failure();
  auto order = take_order(*answer);
  if (!order) co_return transient(std::move(order).error());
  pki::Names wanted = plan_.names;
  std::sort(wanted.begin(), wanted.end());
  std::sort(order->names.begin(), order->names.end());
  if (wanted != order->names) co_return refused("acme-order", "the authority made an order for other names");
  co_return *std::move(order);
}

Result<Order> OrderRun::take_order(const Answer& answer) {
  note_pause(answer);
  return parse_order(answer.body);
}

runtime::Task<Outcome<Order>> OrderRun::read_order() {
  auto answer = co_await poll(state_.url);
  if (!answer) co_return std::move(answer).failure();
  auto order = take_order(*answer);
  if (!order) co_return transient(std::move(order).error());
  co_return *std::move(order);
}

// An authority that is not ready, or whose answer got lost, is asked how the order stands.
runtime::Task<Outcome<Order>> OrderRun::finalize(Order order) {
  if (++finalizations_ > kMaxFinalizations) co_return transient(make_error("acme-order", "the authority does not get on with the order"));
  const auto request = pki::certificate_request(*state_.key, plan_.names);
  if (!request) co_return Failure{.kind = FailureKind::kRefused, .error = request.error()};
  const Json wish = {{"csr", encode_base64url(*request)}};
  auto answer = co_await session_.post(order.finalize, dump(wish));
  if (!answer && answer.failure().problem != "orderNotReady") co_return std::move(answer).failure();
  if (answer) {
    auto next = take_order(*answer);
    if (next && next->status != OrderStatus::kReady) co_return *std::move(next);
  }
  co_return co_await read_order();
}

// Best effort: what stays pending with the authority counts against the account (RFC 8555, section 7.5.2).
runtime::Task<void> OrderRun::give_up_order() {
  for (const std::string& url : std::exchange(open_authorizations_, {})) {
    auto answer = co_await session_.post(url, R"({"status":"deactivated"})");
    if (!answer && answer.failure().kind == FailureKind::kTransient) break;
  }
  state_.forget_order();
  auto saved = co_await save();
  static_cast<void>(saved);  // an order that is over is found to be so again
}

void OrderRun::note_pause(const Answer& answer) { asked_pause_ = retry_after(answer, environment_.clock().wall()); }

// The pause before the next look: what the authority asked for, or one that grows.
std::chrono::milliseconds OrderRun::next_pause() {
  const std::chrono::milliseconds own = std::exchange(pause_, std::min(pause_ * 2, plan_.limits.last_poll));
  const auto asked = std::exchange(asked_pause_, std::nullopt);
  return asked ? std::max<std::chrono::milliseconds>(*asked, plan_.limits.first_poll) : own;
}

runtime::Task<Outcome<Answer>> OrderRun::poll(std::string url) {
  std::optional<Failure> last;
  for (int strikes = 0; strikes < kMaxStrikes; ++strikes) {
    const std::chrono::milliseconds pause = next_pause();
    if (environment_.clock().now() + pause > deadline_) {
      if (last) break;
      Failure late = transient(make_error("acme-timeout", "the authority has not finished with " + url));
      late.not_before = environment_.clock().wall() + pause;
      co_return late;
    }
    co_await environment_.wait(pause);
    auto answer = co_await session_.post(url, {});
    if (answer) {
      note_pause(*answer);
      co_return answer;
    }
    last = std::move(answer).failure();
    if (is_final(*last)) break;
    if (last->not_before) asked_pause_ = std::chrono::ceil<std::chrono::seconds>(*last->not_before - environment_.clock().wall());
  }
  co_return *std::move(last);
}

}  // namespace gatehouse::acme
