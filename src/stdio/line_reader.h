// LineReader: lines of at most `limit` bytes out of a stream of bytes. Of a longer one only its beginning and its end are kept.
// Sans-IO.
#pragma once

#include <algorithm>
#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

namespace gatehouse::stdio {

class LineReader {
 public:
  static constexpr std::size_t kHead = 4096, kTail = 256;  // kept of a line that is too long

  explicit LineReader(std::size_t limit) : limit_(limit) {}

  // Takes all of `bytes`; calls on_line(line) for each complete one, without its CR LF, empty ones not; and
  // on_too_long(head, tail) in place of a longer one.
  template <class OnLine, class OnTooLong>
  void feed(std::string_view bytes, OnLine&& on_line, OnTooLong&& on_too_long) {
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
        on_too_long(std::string_view(buffer_), std::string_view(tail_));
      else
        emit(buffer_, on_line);
      forget();
    }
  }
  template <class OnLine>
  void feed(std::string_view bytes, OnLine&& on_line) {
    feed(bytes, on_line, [](std::string_view, std::string_view) {});
  }

 private:
  static constexpr std::size_t kCapacity = 256 * 1024;  // a larger buffer is given back

  template <class OnLine>
  static void emit(std::string_view line, OnLine&& on_line) {
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (!line.empty()) on_line(line);
  }

  void keep(std::string_view piece) {
    if (!skipping_ && buffer_.size() + piece.size() <= limit_) {
      buffer_.append(piece);
      return;
    }
    if (!std::exchange(skipping_, true)) {
      keep_end(buffer_);
      buffer_ = buffer_.substr(0, kHead);  // gives the rest back
    }
    buffer_.append(piece.substr(0, kHead - buffer_.size()));
    keep_end(piece);
  }

  void keep_end(std::string_view piece) {
    tail_.append(piece.substr(piece.size() - std::min(piece.size(), kTail)));
    if (tail_.size() > kTail) tail_.erase(0, tail_.size() - kTail);
  }

  void forget() {
    buffer_.clear();
    tail_.clear();
    skipping_ = false;
    if (buffer_.capacity() > kCapacity) buffer_.shrink_to_fit();
  }

  std::size_t limit_;
  std::string buffer_;
  std::string tail_;       // of the line that is skipped
  bool skipping_ = false;
};

}  // namespace gatehouse::stdio
