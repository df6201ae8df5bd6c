// Pump: moves one body from its source to another stream, in that stream's framing, gathering what is at hand into one
// write. step() does what can be done without waiting.
#pragma once

#include <cstdint>
#include <string_view>

#include "gatehouse/http/body_source.h"

namespace gatehouse::edge {

using http::BodySource;

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

  // `head` is sent before the body, in the same write as its first bytes where these are at hand. A body that is refused at
  // once is not begun, unless what came before the fault is worth sending (an answer).
  enum class BeforeRefusal { kHold, kSend };
  void start(BodySource& source, tls::Stream& sink, std::string_view head, bool chunked,
             BeforeRefusal before_refusal = BeforeRefusal::kHold) noexcept;
  State step() noexcept;

  bool done() const noexcept { return ended_ && count_ == 0; }
  bool head_sent() const noexcept { return written_ >= head_size_; }
  std::uint64_t written() const noexcept { return written_; }  // wire bytes, head included

 private:
  static constexpr std::size_t kPieces = 16;
  static constexpr std::size_t kTurnBytes = 256 * 1024;

  void gather() noexcept;
  void push(std::string_view bytes) noexcept;
  void push_end() noexcept;
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
  bool sends_before_refusal_ = false;
  bool ended_ = false;
};

}  // namespace gatehouse::edge
