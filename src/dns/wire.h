// Reading and writing the pieces of a DNS message.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace gatehouse::dns {

inline void put_u16(std::string& out, unsigned value) {
  out.push_back(static_cast<char>(value >> 8 & 0xff));
  out.push_back(static_cast<char>(value & 0xff));
}
inline void put_u32(std::string& out, std::uint32_t value) {
  put_u16(out, value >> 16);
  put_u16(out, value & 0xffff);
}
inline void put_u48(std::string& out, std::uint64_t value) {
  put_u16(out, static_cast<unsigned>(value >> 32 & 0xffff));
  put_u32(out, static_cast<std::uint32_t>(value & 0xffffffff));
}

// A place in a message. After a read past the end everything fails, and numbers are zero.
class Cursor {
 public:
  explicit Cursor(std::string_view message, std::size_t at = 0) noexcept : message_(message), at_(at) {}

  bool failed() const noexcept { return failed_; }
  bool at_end() const noexcept { return at_ == message_.size(); }
  std::size_t at() const noexcept { return at_; }

  unsigned u8() noexcept;
  unsigned u16() noexcept;
  std::uint32_t u32() noexcept;
  std::string_view bytes(std::size_t count) noexcept;
  std::string name();  // follows pointers, which only lead backwards (RFC 1035, section 4.1.4)

 private:
  bool fail() noexcept {
    failed_ = true;
    return false;
  }

  std::string_view message_;
  std::size_t at_;
  bool failed_ = false;
};

}  // namespace gatehouse::dns
