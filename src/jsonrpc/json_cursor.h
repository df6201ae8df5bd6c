// A strict cursor over JSON text (RFC 8259): validates while it moves, keeps nothing but a position and one bit per open
// container. No recursion on input, no allocation.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace gatehouse::jsonrpc {

class JsonCursor {
 public:
  JsonCursor(std::string_view text, std::uint32_t max_depth) noexcept;

  bool failed() const noexcept { return problem_ != nullptr; }
  const char* problem() const noexcept { return problem_ == nullptr ? "" : problem_; }
  std::size_t offset() const noexcept { return static_cast<std::size_t>(at_ - begin_); }

  std::string_view since(std::size_t start) const noexcept { return {begin_ + start, offset() - start}; }
  char peek() noexcept;                          // first byte of the next token; 0 at the end
  bool at_end() noexcept;                        // nothing but white space is left
  bool value(std::string_view* raw) noexcept;    // any value; its bytes
  bool string(std::string_view* raw) noexcept;   // a string, quotes included

  // Walks the members (elements) of the object (array) that starts here. `on_member(key)` must consume the value; keys
  // are raw, with quotes. At most a few levels deep, by the shape of the caller.
  template <class OnMember>
  bool object(OnMember&& on_member) {
    if (!open('{')) return false;
    for (bool more = peek() != '}'; more;) {
      std::string_view key;
      if (!string(&key) || !expect(':', "colon") || !on_member(key)) return false;
      if (!next('}', &more)) return false;
    }
    return close('}');
  }
  template <class OnElement>
  bool array(OnElement&& on_element) {
    if (!open('[')) return false;
    for (bool more = peek() != ']'; more;) {
      if (!on_element()) return false;
      if (!next(']', &more)) return false;
    }
    return close(']');
  }

  bool fail(const char* problem) noexcept {
    if (problem_ == nullptr) problem_ = problem;
    return false;
  }

 private:
  static constexpr std::uint32_t kMaxDepth = 1024;

  void skip_space() noexcept;
  bool expect(char c, const char* problem) noexcept;
  bool open(char bracket) noexcept;
  bool close(char bracket) noexcept;
  bool next(char bracket, bool* more) noexcept;  // a comma (more), or the closing bracket in sight
  bool scalar() noexcept;
  bool skip_string() noexcept;
  bool skip_escape() noexcept;
  bool skip_utf8() noexcept;
  bool skip_number() noexcept;
  bool skip_digits() noexcept;
  bool skip_word(std::string_view word) noexcept;
  bool nested() noexcept;                        // the container that starts here, to its end
  bool after_value(std::uint32_t floor) noexcept;
  bool member_start() noexcept;

  bool in_object() const noexcept { return (bits_[depth_ / 64] >> (depth_ % 64) & 1) != 0; }
  void push(bool object) noexcept;

  const char* begin_;
  const char* at_;
  const char* end_;
  const char* problem_ = nullptr;
  std::uint32_t depth_ = 0;
  std::uint32_t max_depth_;
  std::array<std::uint64_t, kMaxDepth / 64 + 1> bits_{};  // by depth: is that container an object?
};

}  // namespace gatehouse::jsonrpc
