// When to renew, when to ask, when to try again: pure functions of a certificate's lifetime, what is stored beside it, the time
// and randomness. Sources: RFC 9773 section 4; the integration guide of Let's Encrypt for retries after failed validations.
//
//   own schedule   when a third of the lifetime is left, half when it is shorter than ten days; up to 2 % of it earlier, by
//                  a share that each certificate draws once, so that many do not come at one moment. The lifetime counts
//                  from when we got it: an authority that dates certificates back makes none that is due at once
//   the authority  its window comes first: a time drawn evenly from it once, kept until the window changes. It is ignored
//                  when less than a twentieth of the lifetime is left
//   failures       validation 1 min, 10 min, 100 min, then every 24 h; transient 1 min growing to 6 h; Retry-After is
//                  honoured up to 8 days; after 30 days of failures once a day
//
// Times that lie further ahead than these rules can put them were written by a clock that was wrong, and do not count.
// Thread: any.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gatehouse/acme/documents.h"
#include "gatehouse/acme/failure.h"
#include "gatehouse/acme/session.h"
#include "gatehouse/runtime/clock.h"
#include "gatehouse/runtime/random.h"

namespace gatehouse::acme {

struct Lifetime {
  runtime::WallTime not_before, not_after;
  // Microseconds: a certificate may live longer than nanoseconds can count.
  std::chrono::microseconds whole() const { return not_after - not_before; }
  std::chrono::microseconds left(runtime::WallTime now) const { return not_after - now; }
};

// Kept beside a certificate; survives the process and is shared by nodes.
struct RenewalState {
  std::string renewal_id;               // of the certificate that the window is about
  std::string directory{};              // of the authority that issued it
  std::uint32_t share = 0;              // drawn once; of 2^32
  runtime::WallTime obtained{};         // when it was issued to us; zero: not known
  std::optional<RenewalWindow> window{};
  runtime::WallTime selected{};         // in it
  runtime::WallTime next_question{};    // to the authority, about the window
  int unanswered = 0;                   // questions in a row

  int transient_failures = 0;           // since the last success
  int validation_failures = 0;
  runtime::WallTime first_failure{}, last_failure{};
  runtime::WallTime not_before{};       // no attempt before
  std::string last_error{};             // for people
  std::string last_problem{};

  int failures() const noexcept { return transient_failures + validation_failures; }
};

// For a certificate that was just installed.
RenewalState renewal_state_for(std::string renewal_id, runtime::Random& random);

std::string to_json(const RenewalState& state);
Result<RenewalState> parse_renewal_state(std::string_view text);  // slug "bad-document"

// `tick` is how often the caller looks.
runtime::WallTime renewal_time(const Lifetime& lifetime, const RenewalState& state, runtime::WallTime now, std::chrono::microseconds tick);
bool renewal_due(const Lifetime& lifetime, const RenewalState& state, runtime::WallTime now, std::chrono::microseconds tick);
bool attempt_allowed(const RenewalState& state, runtime::WallTime now);

bool question_due(const Lifetime& lifetime, const RenewalState& state, runtime::WallTime now);
// True: there is a new window, worth a line in the log.
bool note_window(RenewalState& state, const RenewalAnswer& answer, runtime::WallTime now, runtime::Random& random);
void note_unanswered(RenewalState& state, const Failure& failure, runtime::WallTime now);

void note_failure(RenewalState& state, const Failure& failure, runtime::WallTime now);

// With which authorities to try, in this order. After a failed validation an authority with a staging directory is first asked
// there, where nothing is counted; when that fails, its own turn is passed over.
struct Try {
  std::size_t authority = 0;
  bool rehearsal = false;
  bool operator==(const Try&) const = default;
};
std::vector<Try> tries(const std::vector<bool>& has_staging, const RenewalState& state);

enum class Expiry : std::uint8_t { kOk, kWarning, kCritical };
std::string_view to_text(Expiry expiry) noexcept;  // "OK", "WARNING", "CRITICAL"

// CRITICAL: expired, or less than a tenth of the warning time is left. A certificate that we renew ourselves warns when a
// quarter of its lifetime is left at the latest: short-lived ones are not in danger all the time.
Expiry expiry_of(const Lifetime& lifetime, runtime::WallTime now, std::chrono::hours warning, bool renewed_by_us);

}  // namespace gatehouse::acme
