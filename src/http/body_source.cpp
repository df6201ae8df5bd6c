#include "gatehouse/http/body_source.h"

#include "gatehouse/http/forward.h"

namespace gatehouse::http {

void BodySource::start(tls::Stream& stream, std::span<char> buffer, std::size_t begin, std::size_t end, std::size_t floor,
                       Framing framing, std::uint64_t length) noexcept {
  stream_ = &stream;
  buffer_ = buffer;
  begin_ = begin;
  end_ = end;
  floor_ = floor;
  framing_ = framing;
  decoder_.reset();
  remaining_ = framing == Framing::kLength ? length : 0;
  payload_ = 0;
  limit_ = UINT64_MAX;
  done_ = framing == Framing::kNone || (framing == Framing::kLength && length == 0);
}

BodySource::Piece BodySource::next() noexcept {
  if (done_) return {State::kEnd, {}};
  if (begin_ == end_) return {State::kNeedMore, {}};
  if (framing_ != Framing::kChunked) {
    std::string_view bytes = unread();
    if (framing_ == Framing::kLength) {
      bytes = bytes.substr(0, remaining_);
      remaining_ -= bytes.size();
      done_ = remaining_ == 0;
    }
    begin_ += bytes.size();
    payload_ += bytes.size();
    if (over_limit()) return {State::kRefused, {}};
    return {State::kPiece, bytes};
  }
  while (begin_ < end_) {
    const auto step = decoder_.feed(unread());
    begin_ += step.consumed;
    payload_ += step.payload.size();
    if (step.state == ParseState::kRefused || over_limit()) return {State::kRefused, {}};
    if (decoder_.done()) done_ = true;
    if (!step.payload.empty()) return {State::kPiece, step.payload};
    if (done_) return {State::kEnd, {}};
  }
  return {State::kNeedMore, {}};
}

std::string_view BodySource::take_trailers() noexcept { return keep_allowed_trailers(decoder_.trailers()); }

tls::IoState BodySource::fill() noexcept {
  begin_ = end_ = floor_;
  const auto got = stream_->read(buffer_.subspan(floor_));
  if (got.state == tls::IoState::kDone) end_ += got.bytes;
  if (got.state != tls::IoState::kEnd) return got.state;
  // Only a body that ends with the connection may end so (RFC 9112, section 8).
  done_ = framing_ == Framing::kUntilClose;
  return done_ ? tls::IoState::kDone : tls::IoState::kError;
}

}  // namespace gatehouse::http
