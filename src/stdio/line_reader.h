// LineReader: lines of at most `limit` bytes out of a stream of bytes. A longer one is skipped to its end and counted.
// Sans-IO.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

namespace gatehouse::stdio {

class LineReader {
 public:
  explicit LineReader(std::size_t limit) : limit_(limit) {}

  // Takes all of `bytes`; calls on_line(line) for each complete one, without its CR LF, empty ones not.
  template <class OnLine>
  void feed(std::string_view bytes, OnLine&& on_line) {
    while (!bytes.empty()) {
      const std::size_t end = bytes.find('\n');
      const std::string_view piece = bytes.substr(0, end);
      if (end == std::string_view::npos) return keep(piece);
      bytes.remove_prefix(end + 1);
      if (buffer_.empty() && !skipping_ && piece.size() <= limit_) {
        emit(piece, on_line);
        continue;
      }
      keep(piece);
      if (skipping_)
        ++too_long_;
      else
        emit(buffer_, on_line);
      buffer_.clear();
      skipping_ = false;
    }
  }

  std::size_t take_too_long() noexcept { return std::exchange(too_long_, 0); }

 private:
  template <class OnLine>
  static void emit(std::string_view line, OnLine&& on_line) {
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (!line.empty()) on_line(line);
  }

  void keep(std::string_view piece) {
    if (skipping_) return;
    if (buffer_.size() + piece.size() > limit_) {
      skipping_ = true;
      buffer_.clear();
      return;
    }
    buffer_.append(piece);
  }

  std::size_t limit_;
  std::string buffer_;
  std::size_t too_long_ = 0;
  bool skipping_ = false;
};

}  // namespace gatehouse::stdio
