#include "pump.h"

namespace gatehouse::edge {

void Pump::start(BodySource& source, tls::Stream& sink, std::string_view head, bool chunked,
                 BeforeRefusal before_refusal) noexcept {
  source_ = &source;
  sink_ = &sink;
  first_ = count_ = chunks_ = 0;
  written_ = 0;
  head_size_ = head.size();
  chunked_ = chunked;
  sends_before_refusal_ = before_refusal == BeforeRefusal::kSend;
  ended_ = false;
  push(head);
}

void Pump::push(std::string_view bytes) noexcept {
  if (!bytes.empty()) pieces_[first_ + count_++] = {const_cast<char*>(bytes.data()), bytes.size()};
}

void Pump::push_end() noexcept {
  const std::string_view trailers = source_->take_trailers();
  if (trailers.empty()) return push(http::kLastChunk);
  push("0\r\n");
  push(trailers);
  push("\r\n");
}

// Takes pieces that are at hand. Payload views stay valid because fill() is called only when nothing is queued.
void Pump::gather() noexcept {
  while (!ended_ && first_ + count_ + 3 <= kPieces) {
    const BodySource::Piece piece = source_->next();
    if (piece.state == BodySource::State::kEnd) {
      ended_ = true;
      if (chunked_) push_end();
    } else if (piece.state == BodySource::State::kPiece) {
      if (chunked_) push(http::write_chunk_head(std::span<char, 18>(chunk_heads_[chunks_++]), piece.bytes.size()));
      push(piece.bytes);
      if (chunked_) push("\r\n");
    } else {
      result_ = piece.state == BodySource::State::kRefused ? State::kSourceRefused : State::kNeedsInput;
      return;
    }
  }
}

bool Pump::write() noexcept {
  const auto put = sink_->write(std::span(pieces_ + first_, count_));
  if (put.state != tls::IoState::kDone) {
    result_ = put.state == tls::IoState::kWouldBlock ? State::kNeedsRoom : State::kSinkFailed;
    return false;
  }
  written_ += put.bytes;
  std::size_t left = put.bytes;
  while (count_ > 0 && left >= pieces_[first_].iov_len) {
    left -= pieces_[first_].iov_len;
    ++first_;
    --count_;
  }
  if (count_ == 0) {
    first_ = chunks_ = 0;
  } else {
    pieces_[first_].iov_base = static_cast<char*>(pieces_[first_].iov_base) + left;
    pieces_[first_].iov_len -= left;
  }
  return true;
}

Pump::State Pump::step() noexcept {
  const std::uint64_t turn_end = written_ + kTurnBytes;
  while (written_ < turn_end) {
    result_ = State::kBusy;
    if (first_ == 0) gather();
    const State gathered = result_;
    if (gathered == State::kSourceRefused && !sends_before_refusal_) return gathered;
    if (count_ > 0) {
      if (!write()) return result_;
      continue;
    }
    if (ended_) return State::kDone;
    if (gathered == State::kSourceRefused) return gathered;
    if (gathered != State::kNeedsInput) continue;
    const tls::IoState got = source_->fill();
    if (got != tls::IoState::kDone) return got == tls::IoState::kWouldBlock ? State::kNeedsInput : State::kSourceFailed;
  }
  return State::kBusy;
}

}  // namespace gatehouse::edge
