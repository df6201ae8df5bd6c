// Writes a head into a buffer of fixed size. Private to the room.
#pragma once

#include <charconv>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

#include "gatehouse/http/message.h"

namespace gatehouse::http {

class HeadWriter {
 public:
  explicit HeadWriter(std::span<char> out) noexcept : begin_(out.data()), at_(begin_), end_(begin_ + out.size()) {}

  template <class... Parts>
  void put(const Parts&... parts) noexcept {
    const std::size_t needed = (std::string_view(parts).size() + ...);
    if (needed > static_cast<std::size_t>(end_ - at_)) return void(overflow_ = true);
    (copy(std::string_view(parts)), ...);
  }
  void line(std::string_view name, std::string_view value) noexcept { put(name, ": ", value, "\r\n"); }
  void number(std::uint64_t value) noexcept {
    char digits[20];
    put(std::string_view(digits, std::to_chars(digits, digits + sizeof digits, value).ptr));
  }
  // A field as it was received. Neighbours in the received head are copied in one piece.
  void keep(const Field& field) noexcept {
    const char* const name_end = field.name.data() + field.name.size();
    const bool plain = field.value.data() == name_end + 2 && name_end[0] == ':' && name_end[1] == ' ';
    if (!plain) {
      flush();
      return line(field.name, field.value);
    }
    const bool adjoins = run_end_ != nullptr && field.name.data() == run_end_ + 2 && run_end_[0] == '\r' && run_end_[1] == '\n';
    if (!adjoins) {
      flush();
      run_ = field.name.data();
    }
    run_end_ = field.value.data() + field.value.size();
  }
  void flush() noexcept {
    if (run_end_ != nullptr) put(std::string_view(run_, static_cast<std::size_t>(run_end_ - run_)), "\r\n");
    run_end_ = nullptr;
  }
  std::size_t finish() noexcept {
    flush();
    put("\r\n");
    return overflow_ ? 0 : static_cast<std::size_t>(at_ - begin_);
  }

 private:
  void copy(std::string_view text) noexcept {
    if (text.empty()) return;
    std::memcpy(at_, text.data(), text.size());
    at_ += text.size();
  }

  char* begin_;
  char* at_;
  char* end_;
  const char* run_ = nullptr;
  const char* run_end_ = nullptr;
  bool overflow_ = false;
};

// Content-Length or Transfer-Encoding.
inline void put_framing(HeadWriter& out, Framing framing, std::uint64_t length) noexcept {
  if (framing == Framing::kChunked) return out.put("Transfer-Encoding: chunked\r\n");
  if (framing != Framing::kLength) return;
  out.put("Content-Length: ");
  out.number(length);
  out.put("\r\n");
}

}  // namespace gatehouse::http
