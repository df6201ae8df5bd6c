// Result<T>: a value, or the reason why there is none.
//
// Everything that depends on the outside (network, files, users) returns a Result; exceptions do not cross a room's
// door. Add what was attempted and on what with `context()`; log once, where the error is handled.
//
//   Result<Address> parse_address(std::string_view text);
//   auto address = parse_address(text);
//   if (!address) return std::move(address).error().context("listeners.http.address");
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>

#include "gatehouse/base/check.h"

namespace gatehouse {

// `slug` is stable and searchable ("port-in-use"); `message` is for people, without a trailing full stop; `help` says
// what to do next and may be empty.
struct Error {
  std::string slug;
  std::string message;
  std::string help;

  Error context(std::string_view where) && {
    message.insert(0, std::string(where) + ": ");
    return std::move(*this);
  }
};

inline Error make_error(std::string_view slug, std::string message, std::string help = {}) {
  return Error{std::string(slug), std::move(message), std::move(help)};
}

// "cannot open /x: No such file or directory" from errno.
Error system_error(std::string_view slug, std::string_view attempted, int error_number);

template <class T>
class [[nodiscard]] Result {
 public:
  using value_type = T;

  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}

  bool ok() const noexcept { return state_.index() == 0; }
  explicit operator bool() const noexcept { return ok(); }

  T& operator*() & { return checked(); }
  const T& operator*() const& { return const_cast<Result*>(this)->checked(); }
  T&& operator*() && { return std::move(checked()); }
  T* operator->() { return &checked(); }
  const T* operator->() const { return &const_cast<Result*>(this)->checked(); }

  const Error& error() const& { return *GATEHOUSE_CHECK_NOT_NULL(std::get_if<1>(&state_)); }
  Error&& error() && { return std::move(*GATEHOUSE_CHECK_NOT_NULL(std::get_if<1>(&state_))); }

 private:
  T& checked() { return *GATEHOUSE_CHECK_NOT_NULL(std::get_if<0>(&state_)); }
  std::variant<T, Error> state_;
};

// A Result without a value: `return {};` is success.
template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : error_(std::move(error)) {}

  bool ok() const noexcept { return !error_; }
  explicit operator bool() const noexcept { return ok(); }
  const Error& error() const& { return *GATEHOUSE_CHECK_NOT_NULL(error_ ? &*error_ : nullptr); }
  Error&& error() && { return std::move(*GATEHOUSE_CHECK_NOT_NULL(error_ ? &*error_ : nullptr)); }

 private:
  std::optional<Error> error_;
};

using Status = Result<void>;

}  // namespace gatehouse
