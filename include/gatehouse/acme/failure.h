// Why something with a certificate authority did not work, and what follows from it: whether to come back soon, to wait for a
// person, or to wait as long as the authority says. Outcome<T> is a Result with a Failure instead of an Error.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "gatehouse/acme/documents.h"
#include "gatehouse/base/check.h"
#include "gatehouse/base/result.h"
#include "gatehouse/runtime/clock.h"

namespace gatehouse::acme {

enum class FailureKind : std::uint8_t {
  kTransient,    // the network, the authority's inside (5xx), our own storage: nothing was spent, come back soon
  kValidation,   // the authority looked and did not find: it counts, come back later
  kRefused,      // the request itself: it will not work until a person changes something
  kRateLimited,  // not before `not_before`
};

std::string_view to_text(FailureKind kind) noexcept;  // "transient", "validation", "refused", "rate_limited"

struct Failure {
  FailureKind kind = FailureKind::kTransient;
  Error error{};
  std::string problem{};                          // type of the authority's problem document; empty when it gave none
  int status = 0;                                 // of the answer; 0: there was none
  std::optional<runtime::WallTime> not_before{};  // from Retry-After
};

// Of an answer that is not 2xx.
Failure failure_of(const Answer& answer, runtime::WallTime now);
Failure failure_of(const Problem& problem);  // inside a document of an order, an authorization or a challenge
Failure transient(Error error);

template <class T>
class [[nodiscard]] Outcome {
 public:
  Outcome(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  Outcome(Failure failure) : state_(std::in_place_index<1>, std::move(failure)) {}

  explicit operator bool() const noexcept { return state_.index() == 0; }
  T& operator*() & { return *GATEHOUSE_CHECK_NOT_NULL(std::get_if<0>(&state_)); }
  T&& operator*() && { return std::move(*GATEHOUSE_CHECK_NOT_NULL(std::get_if<0>(&state_))); }
  T* operator->() { return GATEHOUSE_CHECK_NOT_NULL(std::get_if<0>(&state_)); }
  Failure& failure() & { return *GATEHOUSE_CHECK_NOT_NULL(std::get_if<1>(&state_)); }
  Failure&& failure() && { return std::move(*GATEHOUSE_CHECK_NOT_NULL(std::get_if<1>(&state_))); }

 private:
  std::variant<T, Failure> state_;
};

struct Done {};  // for an outcome without a value

}  // namespace gatehouse::acme
