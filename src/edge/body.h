// BodySource: one message body as it arrives on a stream: bytes in, payload pieces out. Framing by length, chunked, or
// the end of the connection. Payload views point into the buffer and are valid until the next fill().
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "gatehouse/http/h1.h"
#include "gatehouse/tls/stream.h"

namespace gatehouse::edge {

class BodySource {
 public:
  enum class State { kPiece, kEnd, kNeedMore, kRefused };
  struct Piece {
    State state;
    std::string_view bytes;
  };

  // buffer[begin, end) holds what was read behind the head; [0, floor) is never overwritten.
  void start(tls::Stream& stream, std::span<char> buffer, std::size_t begin, std::size_t end, std::size_t floor,
             http::Framing framing, std::uint64_t length) noexcept;

  Piece next() noexcept;
  tls::IoState fill() noexcept;  // call when next() said kNeedMore
  void end_by_close() noexcept { done_ = true; }
  void limit(std::uint64_t bytes) noexcept { limit_ = bytes; }  // more payload is kRefused; start() lifts it

  bool done() const noexcept { return done_; }
  http::Framing framing() const noexcept { return framing_; }
  const http::Refusal& refusal() const noexcept { return decoder_.refusal(); }
  std::uint64_t payload_bytes() const noexcept { return payload_; }
  std::string_view unread() const noexcept { return {buffer_.data() + begin_, end_ - begin_}; }

 private:
  tls::Stream* stream_ = nullptr;
  std::span<char> buffer_;
  std::size_t begin_ = 0, end_ = 0, floor_ = 0;
  http::Framing framing_ = http::Framing::kNone;
  http::ChunkedDecoder decoder_;
  std::uint64_t remaining_ = 0;
  std::uint64_t payload_ = 0;
  std::uint64_t limit_ = UINT64_MAX;
  bool done_ = true;
};

// Pump: moves one body from its source to another stream, in that stream's framing, gathering what is at hand into one
// write. step() does what can be done without waiting.
class Pump {
 public:
  enum class State {
    kNeedsInput,   // wait until the source's stream can be read
    kNeedsRoom,    // wait until the sink can be written
    kBusy,         // more could be done at once; let others run first
    kDone,
    kSourceFailed, // truncated or reset
    kSourceRefused,
    kSinkFailed,
  };

  // `head` is sent before the body, in the same write as its first bytes where these are at hand.
  void start(BodySource& source, tls::Stream& sink, std::string_view head, bool chunked) noexcept;
  State step() noexcept;

  bool done() const noexcept { return ended_ && count_ == 0; }
  bool head_sent() const noexcept { return written_ >= head_size_; }
  std::uint64_t written() const noexcept { return written_; }  // wire bytes, head included

 private:
  static constexpr std::size_t kPieces = 16;
  static constexpr std::size_t kTurnBytes = 256 * 1024;

  void gather() noexcept;
  void push(std::string_view bytes) noexcept;
  bool write() noexcept;  // false: see result_

  BodySource* source_ = nullptr;
  tls::Stream* sink_ = nullptr;
  iovec pieces_[kPieces];
  char chunk_heads_[kPieces / 2][18];
  std::size_t first_ = 0, count_ = 0, chunks_ = 0;
  std::uint64_t written_ = 0;
  std::size_t head_size_ = 0;
  State result_ = State::kBusy;
  bool chunked_ = false;
  bool ended_ = false;
};

}  // namespace gatehouse::edge
