// What waits on a connection.
#include "connection.h"

namespace gatehouse::client {

namespace {

constexpr std::size_t kTurnBytes = 256 * 1024;  // then others run

void arm(runtime::Timer& timer, std::chrono::milliseconds time) {
  if (time != kForever) timer.arm(time);
}

Error too_long(const std::string& who, std::string_view what, std::chrono::milliseconds time) {
  return make_error("timeout", who + std::string(what) + std::to_string(time.count()) + " ms");
}

}  // namespace

runtime::Task<Result<std::string_view>> Connection::await(Step step, std::chrono::milliseconds idle) {
  runtime::Waiter waiter(loop);
  runtime::Timer timer(waiter);
  arm(timer, idle);
  const Watch watch(*this, waiter);
  if (turn_bytes_ >= kTurnBytes) {
    turn_bytes_ = 0;
    co_await waiter.yield();
  }
  for (;;) {
    const Piece piece = (this->*step)();
    switch (piece.state) {
      case Piece::State::kBytes:
        turn_bytes_ += piece.bytes.size();
        co_return piece.bytes;
      case Piece::State::kEnd:
        co_return std::string_view();
      case Piece::State::kError:
        co_return error;
      case Piece::State::kWouldBlock:
        break;
    }
    if (timer.expired()) co_return too_long(who, " sent nothing for ", idle);
    turn_bytes_ = 0;
    co_await waiter.wait();
  }
}

runtime::Task<Result<std::string>> Connection::collect(std::size_t max_body) {
  body.limit(max_body);
  std::string all;
  for (;;) {
    auto piece = co_await await(&Connection::read_body, kForever);
    if (!piece) co_return std::move(piece).error();
    if (piece->empty()) co_return all;
    all += *piece;
  }
}

runtime::Task<Status> Connection::write(std::string_view bytes, std::chrono::milliseconds time) {
  runtime::Waiter waiter(loop);
  runtime::Timer timer(waiter);
  arm(timer, time);
  const Watch watch(*this, waiter);
  while (!bytes.empty()) {
    auto put = write_raw(bytes);
    if (!put) co_return std::move(put).error();
    bytes.remove_prefix(*put);
    turn_bytes_ += *put;
    if (*put > 0 && turn_bytes_ < kTurnBytes) continue;
    if (timer.expired()) {
      fail(too_long(who, " did not take what was sent within ", time));
      co_return error;
    }
    const bool blocked = *put == 0;
    turn_bytes_ = 0;
    if (blocked) {
      co_await waiter.wait();
    } else {
      co_await waiter.yield();
    }
  }
  co_return Status();
}

}  // namespace gatehouse::client
