// The sending half of a call: head, then the body, piece by piece. It never waits itself: step() does what can be done, and the
// waiter is woken when the next piece is there.
#pragma once

#include <optional>
#include <string>

#include "gatehouse/client/fetch.h"
#include "gatehouse/tls/stream.h"

namespace gatehouse::client {

class Upload {
 public:
  enum class State : std::uint8_t {
    kDone,
    kWaits,   // for room in the socket, for the next piece, or until others have run
    kFailed,  // no piece: see error()
    kBroken,  // the peer takes no more
  };

  explicit Upload(Request& request);  // takes the body out of it
  Upload(const Upload&) = delete;
  Upload& operator=(const Upload&) = delete;

  State step(tls::Stream& stream);
  void stop();  // what is left is not sent
  bool done() const noexcept { return state_ == State::kDone; }
  bool over() const noexcept { return state_ != State::kWaits; }
  const Error& error() const noexcept { return error_; }
  void set_waiter(runtime::Waiter* waiter) noexcept { waiter_ = waiter; }

 private:
  static runtime::Task<void> pull(Upload& upload);
  static runtime::Task<void> come_back(Upload& upload, runtime::Loop& loop);
  bool load();
  bool take(std::string piece);

  std::string out_;   // being sent
  std::size_t sent_ = 0;
  std::string body_;  // the next to be sent
  Pieces pieces_;     // those after it; null: no more
  std::optional<std::uint64_t> left_;  // of pieces whose size is known
  std::optional<Result<std::string>> pulled_;
  bool pulling_ = false;
  State state_ = State::kWaits;
  Error error_;
  runtime::Waiter* waiter_ = nullptr;
  runtime::TaskGroup tasks_;
};

}  // namespace gatehouse::client
