#include "upload.h"

#include <array>

#include "gatehouse/http/h1.h"
#include "request_head.h"

namespace gatehouse::client {

namespace {

constexpr std::size_t kTurnBytes = 256 * 1024;
constexpr std::size_t kOneWrite = 16 * 1024;  // bodies up to this size go out together with the head

std::string chunk_of(const std::string& piece) {
  std::array<char, 18> head;
  return std::string(http::write_chunk_head(head, piece.size())) + piece + "\r\n";
}

}  // namespace

Upload::Upload(Request& request)
    : out_(request_head(request)), body_(std::move(request.body)), pieces_(std::move(request.pieces)),
      left_(request.pieces_size) {
  if (body_.size() <= kOneWrite) out_ += std::exchange(body_, {});
}

Upload::State Upload::step(tls::Stream& stream) {
  if (over()) return state_;
  for (std::size_t budget = kTurnBytes; budget > 0;) {
    if (sent_ == out_.size() && !load()) return state_;
    const iovec rest{out_.data() + sent_, out_.size() - sent_};
    const tls::IoResult put = stream.write({&rest, 1});
    if (put.state == tls::IoState::kWouldBlock) return state_;
    if (put.state != tls::IoState::kDone) return state_ = State::kBroken;
    sent_ += put.bytes;
    budget -= std::min(budget, put.bytes);
  }
  if (waiter_ != nullptr) tasks_.spawn(come_back(*this, waiter_->loop()));
  return state_;
}

// Puts what comes next into out_; false: there is nothing, state_ says why.
bool Upload::load() {
  sent_ = 0;
  out_ = std::exchange(body_, {});
  if (!out_.empty()) return true;
  if (!pieces_) {
    state_ = State::kDone;
    return false;
  }
  if (!std::exchange(pulling_, true)) tasks_.spawn(pull(*this));
  if (!pulled_) return false;
  pulling_ = false;
  auto piece = *std::exchange(pulled_, std::nullopt);
  if (piece) return take(*std::move(piece));
  error_ = std::move(piece).error();
  state_ = State::kFailed;
  return false;
}

bool Upload::take(std::string piece) {
  const bool last = piece.empty();
  if (left_ && (piece.size() > *left_ || (last && *left_ > 0))) {
    error_ = make_error("bad-request", "the pieces of the body are not as many bytes as was said");
    state_ = State::kFailed;
    return false;
  }
  if (last) pieces_ = nullptr;
  if (!left_) {
    out_ = last ? std::string(http::kLastChunk) : chunk_of(piece);
  } else {
    *left_ -= piece.size();
    out_ = std::move(piece);
  }
  return true;
}

runtime::Task<void> Upload::pull(Upload& upload) {
  auto piece = co_await upload.pieces_();
  upload.pulled_.emplace(std::move(piece));
  if (upload.waiter_ != nullptr) upload.waiter_->notify();
}

runtime::Task<void> Upload::come_back(Upload& upload, runtime::Loop& loop) {
  runtime::Waiter waiter(loop);
  co_await waiter.yield();
  if (upload.waiter_ != nullptr) upload.waiter_->notify();
}

void Upload::stop() {
  tasks_.stop();
  pieces_ = nullptr;
  body_.clear();
  state_ = State::kDone;
}

}  // namespace gatehouse::client
