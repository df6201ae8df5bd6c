// BodySource: one message body as it arrives on a stream: bytes in, payload pieces out. Framing by length, chunked, or the
// end of the connection (RFC 9112, section 6). Nothing is copied: pieces are views into the reader's buffer, valid until
// the next fill().
//
//   body.start(stream, buffer, head.size, bytes_read, head.size, head.framing, head.content_length);
//   for (;;) {
//     const auto piece = body.next();
//     if (piece.state == BodySource::State::kNeedMore) { …body.fill(), or wait until the stream can be read… }
//     …
//   }
//
// Owner: a connection. Thread: its loop. Nothing to stop.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "gatehouse/http/h1.h"
#include "gatehouse/tls/stream.h"

namespace gatehouse::http {

class BodySource {
 public:
  enum class State { kPiece, kEnd, kNeedMore, kRefused };
  struct Piece {
    State state;
    std::string_view bytes;
  };

  // buffer[begin, end) holds what was read behind the head; [0, floor) is never overwritten.
  void start(tls::Stream& stream, std::span<char> buffer, std::size_t begin, std::size_t end, std::size_t floor,
             Framing framing, std::uint64_t length) noexcept;

  Piece next() noexcept;
  // Call when next() said kNeedMore. kDone: look again; kError: broken or cut short; never kEnd.
  tls::IoState fill() noexcept;
  void limit(std::uint64_t bytes) noexcept { limit_ = bytes; }  // more payload is kRefused; start() lifts it
  void keep_trailers(std::span<char> storage) noexcept { decoder_.keep_trailers(storage); }  // start() ends it
  std::string_view take_trailers() noexcept;  // after kEnd, once: lines that may be forwarded; none without storage
  bool over_limit() const noexcept { return payload_ > limit_; }

  bool done() const noexcept { return done_; }
  Framing framing() const noexcept { return framing_; }
  const Refusal& refusal() const noexcept { return decoder_.refusal(); }
  std::uint64_t payload_bytes() const noexcept { return payload_; }
  std::string_view unread() const noexcept { return {buffer_.data() + begin_, end_ - begin_}; }

 private:
  tls::Stream* stream_ = nullptr;
  std::span<char> buffer_;
  std::size_t begin_ = 0, end_ = 0, floor_ = 0;
  Framing framing_ = Framing::kNone;
  ChunkedDecoder decoder_;
  std::uint64_t remaining_ = 0;
  std::uint64_t payload_ = 0;
  std::uint64_t limit_ = UINT64_MAX;
  bool done_ = true;
};

}  // namespace gatehouse::http
