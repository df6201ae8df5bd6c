#include "wire.h"

namespace gatehouse::dns {

namespace {

constexpr std::size_t kMaxName = 255;  // bytes in wire form

void append_label(std::string& name, std::string_view label) {
  if (!name.empty()) name.push_back('.');
  for (const char c : label) {
    if (c >= 'A' && c <= 'Z') {
      name.push_back(static_cast<char>(c - 'A' + 'a'));
    } else if (c > ' ' && c <= '~' && c != '.' && c != '\\') {
      name.push_back(c);
    } else {
      const auto byte = static_cast<unsigned char>(c);
      name.push_back('\\');
      for (const int unit : {100, 10, 1}) name.push_back(static_cast<char>('0' + byte / unit % 10));
    }
  }
}

}  // namespace

unsigned Cursor::u8() noexcept {
  const std::string_view taken = bytes(1);
  return taken.empty() ? 0 : static_cast<unsigned char>(taken[0]);
}

unsigned Cursor::u16() noexcept {
  const unsigned high = u8();
  return high << 8 | u8();
}

std::uint32_t Cursor::u32() noexcept {
  const std::uint32_t high = u16();
  return high << 16 | u16();
}

std::string_view Cursor::bytes(std::size_t count) noexcept {
  if (failed_ || count > message_.size() - at_) {
    fail();
    return {};
  }
  const std::string_view taken = message_.substr(at_, count);
  at_ += count;
  return taken;
}

std::string Cursor::name() {
  std::string text;
  std::size_t used = 0;
  std::size_t lowest = at_;  // a pointer leads to before this
  std::size_t behind = 0;    // where reading goes on: behind the first pointer
  for (;;) {
    const unsigned size = u8();
    if (failed_ || size == 0) break;
    if ((size & 0xc0) == 0xc0) {
      const std::size_t target = (size & 0x3f) << 8 | u8();
      if (behind == 0) behind = at_;
      if (failed_ || target >= lowest) fail();
      if (failed_) break;
      at_ = lowest = target;
      continue;
    }
    used += size + 1;
    if (size > 63 || used >= kMaxName) fail();
    append_label(text, bytes(size));
    if (failed_) break;
  }
  if (behind != 0 && !failed_) at_ = behind;
  return text;
}

}  // namespace gatehouse::dns
