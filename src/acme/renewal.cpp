#include "gatehouse/acme/renewal.h"

#include <algorithm>
#include <array>

namespace gatehouse::acme {

namespace {

using namespace std::chrono_literals;
using Span = std::chrono::microseconds;
using runtime::WallTime;

constexpr Span kShortLifetime = 10 * 24h;
constexpr int kSpread = 50;       // own schedule: up to 1/50 of the lifetime earlier
constexpr int kEmergency = 20;    // 1/20 of the lifetime is left
constexpr int kEmergencyTicks = 5;

constexpr Span kValidationDelays[] = {1min, 10min, 100min, 24h};
constexpr Span kTransientDelays[] = {1min,  2min,  2min,  5min,  10min, 10min, 10min, 20min, 20min, 20min, 20min, 30min, 30min,
                                         30min, 30min, 30min, 30min, 1h,    1h,    1h,    2h,    2h,    3h,    3h,    6h};
constexpr Span kRateLimitDelay = 1h;
constexpr Span kLongestDelay = 8 * 24h;
constexpr Span kPatience = 30 * 24h;  // of failures, then once a day
constexpr Span kPolite = 24h;

constexpr Span kSoonestQuestion = 1min;
constexpr Span kLatestQuestion = 24h;
constexpr Span kQuestionLater = 6h;
constexpr int kMaxDoublings = 6;

// `part` of the way, as a share of 2^32.
Span share_of(Span whole, std::uint32_t part) {
  return Span(static_cast<Span::rep>(static_cast<long double>(whole.count()) * part / 4294967296.0L));
}

std::uint32_t draw(runtime::Random& random) {
  std::array<std::uint8_t, 4> bytes{};
  random.fill(bytes);
  return static_cast<std::uint32_t>(bytes[0]) | static_cast<std::uint32_t>(bytes[1]) << 8 |
         static_cast<std::uint32_t>(bytes[2]) << 16 | static_cast<std::uint32_t>(bytes[3]) << 24;
}

template <std::size_t Size>
Span delay_after(int failures, const Span (&delays)[Size]) {
  return delays[std::min<std::size_t>(static_cast<std::size_t>(std::max(failures, 1)) - 1, Size - 1)];
}

WallTime own_time(const Lifetime& lifetime, const RenewalState& state) {
  const Span whole = lifetime.whole();
  const Span left = whole < kShortLifetime ? whole / 2 : whole / 3;
  return lifetime.not_after - left - share_of(whole / kSpread, state.share);
}

// What was left of it when we got it.
Lifetime ours(const Lifetime& lifetime, const RenewalState& state) {
  const bool within = lifetime.not_before < state.obtained && state.obtained < lifetime.not_after;
  return {within ? state.obtained : lifetime.not_before, lifetime.not_after};
}

// A time that was noted: not before it, unless it lies further ahead than anything we note.
bool has_come(WallTime noted, WallTime now, Span furthest) { return noted <= now || noted > now + furthest; }

}  // namespace

RenewalState renewal_state_for(std::string renewal_id, runtime::Random& random) {
  RenewalState state;
  state.renewal_id = std::move(renewal_id);
  state.share = draw(random);
  return state;
}

WallTime renewal_time(const Lifetime& issued, const RenewalState& state, WallTime now, Span tick) {
  const Lifetime lifetime = ours(issued, state);
  const bool emergency = lifetime.left(now) < std::max(lifetime.whole() / kEmergency, kEmergencyTicks * tick);
  if (emergency) return std::min(now, own_time(lifetime, state));
  return state.window ? state.selected : own_time(lifetime, state);
}

bool renewal_due(const Lifetime& lifetime, const RenewalState& state, WallTime now, Span tick) {
  return renewal_time(lifetime, state, now, tick) < now + tick;
}

bool attempt_allowed(const RenewalState& state, WallTime now) { return has_come(state.not_before, now, kLongestDelay); }

bool question_due(const Lifetime& lifetime, const RenewalState& state, WallTime now) {
  return !state.renewal_id.empty() && lifetime.not_after > now && has_come(state.next_question, now, kLatestQuestion);
}

bool note_window(RenewalState& state, const RenewalAnswer& answer, WallTime now, runtime::Random& random) {
  state.unanswered = 0;
  const bool usable = answer.window && answer.retry_after;
  const Span pause = usable ? std::clamp<Span>(*answer.retry_after, kSoonestQuestion, kLatestQuestion) : kQuestionLater;
  state.next_question = now + pause;
  if (!answer.window) return false;
  if (state.window && state.window->start == answer.window->start && state.window->end == answer.window->end) return false;
  state.window = answer.window;
  state.selected = answer.window->start + share_of(answer.window->end - answer.window->start, draw(random));
  return true;
}

// RFC 9773, section 4.3.2: what is over soon is asked again soon, anything else after six hours.
void note_unanswered(RenewalState& state, const Failure& failure, WallTime now) {
  const bool temporary = failure.status >= 500 || failure.error.slug == "timeout";
  const int doublings = std::min(state.unanswered++, kMaxDoublings);
  state.next_question = now + (temporary ? Span(kSoonestQuestion * (1 << doublings)) : kQuestionLater);
  if (failure.not_before) {
    state.next_question = std::clamp(*failure.not_before, now + kSoonestQuestion, now + kLatestQuestion);
  }
}

void note_failure(RenewalState& state, const Failure& failure, WallTime now) {
  if (state.failures() == 0 || state.first_failure > now) state.first_failure = now;
  state.last_failure = now;
  state.last_error = failure.error.message;
  state.last_problem = failure.problem;
  Span delay = kRateLimitDelay;
  switch (failure.kind) {
    case FailureKind::kTransient: delay = delay_after(++state.transient_failures, kTransientDelays); break;
    case FailureKind::kValidation:
    case FailureKind::kRefused:
      state.transient_failures = 0;  // the authority was reached
      delay = delay_after(++state.validation_failures, kValidationDelays);
      break;
    case FailureKind::kRateLimited:
      ++state.transient_failures;
      if (failure.not_before) delay = 1min;
      break;
  }
  if (now - state.first_failure >= kPatience) delay = std::max(delay, kPolite);
  delay += share_of(delay / 10, state.share);
  state.not_before = now + delay;
  if (failure.not_before) state.not_before = std::max(state.not_before, *failure.not_before);
  state.not_before = std::min(state.not_before, now + kLongestDelay);
}

std::vector<Try> tries(const std::vector<bool>& has_staging, const RenewalState& state) {
  std::vector<Try> list;
  for (std::size_t authority = 0; authority < has_staging.size(); ++authority) {
    if (has_staging[authority] && state.validation_failures > 0) list.push_back({authority, true});
    list.push_back({authority, false});
  }
  return list;
}

std::string_view to_text(Expiry expiry) noexcept {
  switch (expiry) {
    case Expiry::kOk: return "OK";
    case Expiry::kWarning: return "WARNING";
    case Expiry::kCritical: return "CRITICAL";
  }
  return {};
}

Expiry expiry_of(const Lifetime& lifetime, WallTime now, std::chrono::hours warning, bool renewed_by_us) {
  Span early = warning;
  if (renewed_by_us) early = std::min(early, lifetime.whole() / 4);
  const Span left = lifetime.left(now);
  if (left <= Span(0) || left < early / 10) return Expiry::kCritical;
  return left < early ? Expiry::kWarning : Expiry::kOk;
}

}  // namespace gatehouse::acme
