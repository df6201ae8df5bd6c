#include "gatehouse/acme/renewal.h"

#include <gtest/gtest.h>

#include "fakes/scripted_random.h"
#include "gatehouse/base/timestamp.h"

namespace gatehouse::acme {
namespace {

using namespace std::chrono_literals;
using runtime::Duration;
using runtime::WallTime;

const WallTime kNow = *parse_rfc3339("2026-03-01T12:00:00Z");
constexpr std::chrono::microseconds kTick = 1min;

Lifetime lives(Duration whole) { return {kNow, kNow + std::chrono::duration_cast<std::chrono::microseconds>(whole)}; }

RenewalAnswer window(Duration start, Duration end, std::optional<std::chrono::seconds> retry_after = 6h) {
  const auto at = [](Duration offset) { return kNow + std::chrono::duration_cast<std::chrono::microseconds>(offset); };
  return {RenewalWindow{at(start), at(end), ""}, retry_after};
}

Failure failed(FailureKind kind, std::optional<WallTime> not_before = {}, int status = 400) {
  return {.kind = kind, .error = make_error("x", "it failed"), .problem = "connection", .status = status, .not_before = not_before};
}

TEST(RenewalTest, KeepsAThirdOrAHalf) {  // 3.3, 3.4
  const RenewalState state{.renewal_id = "a.b"};
  EXPECT_EQ(renewal_time(lives(90 * 24h), state, kNow, kTick), kNow + 60 * 24h);
  EXPECT_EQ(renewal_time(lives(45 * 24h), state, kNow, kTick), kNow + 30 * 24h);
  EXPECT_EQ(renewal_time(lives(160h), state, kNow, kTick), kNow + 80h);
  EXPECT_EQ(renewal_time(lives(60s), state, kNow, 1s), kNow + 30s);
}

TEST(RenewalTest, CountsFromWhenWeGotIt) {
  const Lifetime backdated{kNow - 1h, kNow + 60s};
  EXPECT_TRUE(renewal_due(backdated, {.renewal_id = "a.b"}, kNow, 1s)) << "nobody knows when we got it";
  const RenewalState state{.renewal_id = "a.b", .obtained = kNow};
  EXPECT_FALSE(renewal_due(backdated, state, kNow, 1s));
  EXPECT_EQ(renewal_time(backdated, state, kNow, 1s), kNow + 30s);
  EXPECT_EQ(renewal_time(backdated, {.renewal_id = "a.b", .obtained = kNow + 80 * 24h}, kNow - 59min, 1s), kNow - 29min - 30s)
      << "written by a clock that was wrong";
}

TEST(RenewalTest, KnowsCertificatesThatNeverExpire) {
  const Lifetime lifetime{*parse_rfc3339("0001-01-01T00:00:00Z"), *parse_rfc3339("9999-12-31T23:59:59Z")};
  RenewalState state{.renewal_id = "a.b", .share = UINT32_MAX};
  EXPECT_FALSE(renewal_due(lifetime, state, kNow, kTick));
  EXPECT_EQ(expiry_of(lifetime, kNow, 30 * 24h, true), Expiry::kOk);
  fakes::ConstantRandom random(0xff);
  note_window(state, {RenewalWindow{lifetime.not_before, lifetime.not_after, ""}, 6h}, kNow, random);
  EXPECT_GT(state.selected, kNow);
}

TEST(RenewalTest, SpreadsCertificatesOfOneMoment) {
  fakes::SeededRandom random(1);
  std::set<WallTime> times;
  for (int i = 0; i < 100; ++i) {
    const WallTime time = renewal_time(lives(90 * 24h), renewal_state_for("", random), kNow, kTick);
    EXPECT_LE(time, kNow + 60 * 24h);
    EXPECT_GE(time, kNow + 60 * 24h - 90 * 24h / 50);
    times.insert(time);
  }
  EXPECT_GT(times.size(), 95U);
}

TEST(RenewalTest, ComesWithinATick) {
  const RenewalState state{.renewal_id = "a.b"};
  const Lifetime lifetime = lives(90 * 24h);
  EXPECT_FALSE(renewal_due(lifetime, state, kNow + 60 * 24h - 1min, kTick));
  EXPECT_TRUE(renewal_due(lifetime, state, kNow + 60 * 24h - 1min + 1s, kTick));
  EXPECT_TRUE(renewal_due(lifetime, state, kNow + 89 * 24h, kTick));
  EXPECT_TRUE(renewal_due(lifetime, state, kNow + 100 * 24h, kTick));
}

TEST(RenewalTest, DrawsATimeFromTheWindowOnce) {  // RFC 9773, section 4.2
  fakes::SeededRandom random(7);
  RenewalState state{.renewal_id = "a.b"};
  const Lifetime lifetime = lives(90 * 24h);
  EXPECT_TRUE(note_window(state, window(50 * 24h, 52 * 24h), kNow, random));
  const WallTime selected = state.selected;
  EXPECT_GE(selected, kNow + 50 * 24h);
  EXPECT_LT(selected, kNow + 52 * 24h);
  EXPECT_EQ(renewal_time(lifetime, state, kNow, kTick), selected);
  EXPECT_FALSE(note_window(state, window(50 * 24h, 52 * 24h), kNow + 6h, random));
  EXPECT_EQ(state.selected, selected);
  EXPECT_TRUE(note_window(state, window(50 * 24h, 53 * 24h), kNow + 12h, random));
  EXPECT_NE(state.selected, selected);
}

TEST(RenewalTest, DrawsEvenly) {
  fakes::SeededRandom random(3);
  int buckets[4] = {};
  for (int i = 0; i < 4000; ++i) {
    RenewalState state{.renewal_id = "a.b"};
    note_window(state, window(0h, 4h), kNow, random);
    ++buckets[(state.selected - kNow) / 1h];
  }
  for (const int count : buckets) EXPECT_NEAR(count, 1000, 120);
}

TEST(RenewalTest, RenewsAtOnceWhenTheWindowIsOver) {  // mass revocation
  fakes::SeededRandom random(7);
  RenewalState state{.renewal_id = "a.b"};
  EXPECT_TRUE(note_window(state, window(-48h, -24h), kNow + 1h, random));
  EXPECT_TRUE(renewal_due(lives(90 * 24h), state, kNow + 1h, kTick));
}

TEST(RenewalTest, FollowsALateWindowButNotIntoAnEmergency) {
  fakes::ConstantRandom random(0);
  RenewalState state{.renewal_id = "a.b"};
  note_window(state, window(87 * 24h, 88 * 24h), kNow, random);
  const Lifetime lifetime = lives(90 * 24h);
  EXPECT_FALSE(renewal_due(lifetime, state, kNow + 70 * 24h, kTick));
  EXPECT_FALSE(renewal_due(lifetime, state, kNow + 85 * 24h, kTick));
  EXPECT_TRUE(renewal_due(lifetime, state, kNow + 86 * 24h, kTick));  // a twentieth of 90 days is left
  EXPECT_TRUE(renewal_due(lives(60s), state, kNow + 56s, 1s));        // five ticks are left
}

TEST(RenewalTest, AsksWhenItIsTold) {  // RFC 9773, section 4.3
  fakes::SeededRandom random(7);
  const Lifetime lifetime = lives(90 * 24h);
  RenewalState state{.renewal_id = "a.b"};
  EXPECT_TRUE(question_due(lifetime, state, kNow));  // right after issuance
  const auto pause = [&](std::optional<std::chrono::seconds> retry_after) {
    note_window(state, window(50 * 24h, 52 * 24h, retry_after), kNow, random);
    return state.next_question - kNow;
  };
  EXPECT_EQ(pause(6h), 6h);
  EXPECT_EQ(pause(0s), 1min);
  EXPECT_EQ(pause(48h), 24h);
  EXPECT_EQ(pause(std::nullopt), 6h);
  EXPECT_FALSE(question_due(lifetime, state, kNow + 5h));
  EXPECT_TRUE(question_due(lifetime, state, kNow + 6h));
  EXPECT_FALSE(question_due(lifetime, state, kNow + 91 * 24h));  // expired
  EXPECT_FALSE(question_due(lifetime, RenewalState{}, kNow));    // no name to ask by
}

TEST(RenewalTest, KeepsItsWindowWhenTheAnswerIsNone) {
  fakes::SeededRandom random(7);
  RenewalState state{.renewal_id = "a.b"};
  note_window(state, window(50 * 24h, 52 * 24h), kNow, random);
  EXPECT_FALSE(note_window(state, {std::nullopt, 60s}, kNow, random));
  EXPECT_TRUE(state.window);
  EXPECT_EQ(state.next_question, kNow + 6h);
}

TEST(RenewalTest, AsksAgainSoonAfterTemporaryErrors) {
  RenewalState state{.renewal_id = "a.b"};
  std::vector<Duration> pauses;
  for (int i = 0; i < 8; ++i) {
    note_unanswered(state, failed(FailureKind::kTransient, {}, 503), kNow);
    pauses.push_back(state.next_question - kNow);
  }
  EXPECT_EQ(pauses, (std::vector<Duration>{1min, 2min, 4min, 8min, 16min, 32min, 64min, 64min}));
  note_unanswered(state, failed(FailureKind::kRefused, {}, 404), kNow);
  EXPECT_EQ(state.next_question, kNow + 6h);
  note_unanswered(state, failed(FailureKind::kTransient, {}, 0), kNow);  // unreachable
  EXPECT_EQ(state.next_question, kNow + 6h);
  note_unanswered(state, failed(FailureKind::kTransient, kNow + 1h, 503), kNow);
  EXPECT_EQ(state.next_question, kNow + 1h);
}

std::vector<Duration> delays(FailureKind kind, int count) {
  RenewalState state;
  std::vector<Duration> list;
  WallTime now = kNow;
  for (int i = 0; i < count; ++i) {
    note_failure(state, failed(kind), now);
    EXPECT_FALSE(attempt_allowed(state, now));
    EXPECT_TRUE(attempt_allowed(state, state.not_before));
    list.push_back(state.not_before - now);
    now = state.not_before;
  }
  return list;
}

TEST(RenewalTest, BacksOffFromFailedValidations) {
  for (const FailureKind kind : {FailureKind::kValidation, FailureKind::kRefused}) {
    EXPECT_EQ(delays(kind, 6), (std::vector<Duration>{1min, 10min, 100min, 24h, 24h, 24h}));
  }
}

TEST(RenewalTest, ComesBackSoonerAfterTransientFailures) {
  const auto list = delays(FailureKind::kTransient, 30);
  EXPECT_EQ(std::vector<Duration>(list.begin(), list.begin() + 4), (std::vector<Duration>{1min, 2min, 2min, 5min}));
  EXPECT_TRUE(std::is_sorted(list.begin(), list.end()));
  EXPECT_EQ(list.back(), 6h);
}

TEST(RenewalTest, HonoursRetryAfter) {
  RenewalState state;
  note_failure(state, failed(FailureKind::kRateLimited, kNow + 34h), kNow);
  EXPECT_EQ(state.not_before, kNow + 34h);
  note_failure(state, failed(FailureKind::kRateLimited), kNow);
  EXPECT_EQ(state.not_before, kNow + 1h);
  note_failure(state, failed(FailureKind::kTransient, kNow + 2h), kNow);
  EXPECT_EQ(state.not_before, kNow + 2h);
  note_failure(state, failed(FailureKind::kRateLimited, kNow + 365 * 24h), kNow);
  EXPECT_EQ(state.not_before, kNow + 8 * 24h);
}

TEST(RenewalTest, BecomesRareAfterAMonthOfFailures) {
  RenewalState state;
  note_failure(state, failed(FailureKind::kTransient), kNow);
  note_failure(state, failed(FailureKind::kTransient), kNow + 30 * 24h);
  EXPECT_EQ(state.not_before, kNow + 31 * 24h);
}

TEST(RenewalTest, SpreadsRetries) {
  RenewalState state{.renewal_id = "", .share = UINT32_MAX};
  note_failure(state, failed(FailureKind::kValidation), kNow);
  EXPECT_GT(state.not_before, kNow + 65s);
  EXPECT_LE(state.not_before, kNow + 66s);
}

// At most five failed validations of a name per hour and account are allowed; two of the acceptance in ten minutes.
TEST(RenewalTest, StaysBelowTheLimitsOfAuthorities) {
  const auto list = delays(FailureKind::kValidation, 5);
  EXPECT_GT(list[0] + list[1], 10min);
  EXPECT_GT(list[0] + list[1] + list[2], 1h);
}

TEST(RenewalTest, IsNotHeldUpByAClockThatWasWrong) {
  RenewalState state{.renewal_id = "a.b"};
  note_failure(state, failed(FailureKind::kValidation), kNow + 80 * 24h);
  EXPECT_TRUE(attempt_allowed(state, kNow));
  fakes::ConstantRandom random(0);
  note_window(state, window(50 * 24h, 52 * 24h), kNow + 80 * 24h, random);
  EXPECT_TRUE(question_due(lives(90 * 24h), state, kNow));
  note_failure(state, failed(FailureKind::kValidation), kNow);
  EXPECT_EQ(state.first_failure, kNow);
}

TEST(RenewalTest, RehearsesAfterAFailedValidation) {
  const std::vector<bool> staging{true, false};
  RenewalState state;
  EXPECT_EQ(tries(staging, state), (std::vector<Try>{{0, false}, {1, false}}));
  note_failure(state, failed(FailureKind::kTransient), kNow);
  EXPECT_EQ(tries(staging, state), (std::vector<Try>{{0, false}, {1, false}}));
  note_failure(state, failed(FailureKind::kValidation), kNow);
  EXPECT_EQ(tries(staging, state), (std::vector<Try>{{0, true}, {0, false}, {1, false}}));
}

TEST(RenewalTest, IsStoredWhole) {
  fakes::SeededRandom random(5);
  RenewalState state = renewal_state_for("aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE", random);
  state.obtained = kNow;
  note_window(state, window(50 * 24h, 52 * 24h), kNow, random);
  note_failure(state, failed(FailureKind::kValidation), kNow);
  const auto read = parse_renewal_state(to_json(state));
  ASSERT_TRUE(read) << read.error().message;
  EXPECT_EQ(to_json(*read), to_json(state));
  EXPECT_EQ(read->selected, state.selected);
  EXPECT_EQ(read->share, state.share);
  EXPECT_EQ(read->obtained, state.obtained);
  EXPECT_EQ(read->not_before, state.not_before);
  EXPECT_EQ(to_json(*parse_renewal_state("{}")), to_json(RenewalState{}));
  for (const char* text : {"", "[]", R"({"share":-1})", R"({"share":4294967296})", R"({"transient_failures":-1})", R"({"selected":"x"})",
                           R"({"window":{"start":"2026-03-01T12:00:00Z","end":"2026-03-01T12:00:00Z"}})"}) {
    EXPECT_FALSE(parse_renewal_state(text)) << text;
  }
}

TEST(ExpiryTest, WarnsInTime) {  // R8
  const Lifetime lifetime = lives(90 * 24h);
  const auto state = [&](Duration left, bool ours) { return to_text(expiry_of(lifetime, lifetime.not_after - std::chrono::duration_cast<std::chrono::microseconds>(left), 30 * 24h, ours)); };
  EXPECT_EQ(state(31 * 24h, false), "OK");
  EXPECT_EQ(state(29 * 24h, false), "WARNING");
  EXPECT_EQ(state(29 * 24h, true), "OK");  // being renewed
  EXPECT_EQ(state(22 * 24h, true), "WARNING");
  EXPECT_EQ(state(71h, false), "CRITICAL");
  EXPECT_EQ(state(0s, false), "CRITICAL");
  EXPECT_EQ(state(-1h, true), "CRITICAL");
}

TEST(ExpiryTest, LeavesShortLivedCertificatesInPeace) {
  const Lifetime lifetime = lives(160h);
  EXPECT_EQ(expiry_of(lifetime, kNow, 30 * 24h, true), Expiry::kOk);
  EXPECT_EQ(expiry_of(lifetime, kNow + 85h, 30 * 24h, true), Expiry::kOk);
  EXPECT_EQ(expiry_of(lifetime, kNow + 121h, 30 * 24h, true), Expiry::kWarning);
  EXPECT_EQ(expiry_of(lifetime, kNow + 157h, 30 * 24h, true), Expiry::kCritical);
}

}  // namespace
}  // namespace gatehouse::acme
