// Reading what Podman answers. Strict where a decision hangs on it, silent about what is not known. Pure functions.
// Slug "podman-bad-answer".
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "gatehouse/base/result.h"
#include "gatehouse/podman/types.h"

namespace gatehouse::podman {

// What an answer with an error status says: "podman-not-found", "podman-conflict" or "podman-refused"; the message is Podman's.
Error parse_error(int status, std::string_view body);

Result<Version> parse_version(std::string_view text);  // "4.3.1", "5.0.0-rc1"
Result<std::vector<Listed>> parse_list(std::string_view body);
Result<Details> parse_details(std::string_view body);
Result<std::string> parse_created(std::string_view body);
Result<std::vector<NetworkInfo>> parse_networks(std::string_view body);
Result<std::vector<std::string>> parse_volumes(std::string_view body);
Result<std::vector<std::string>> parse_secrets(std::string_view body);
Result<Labels> parse_secret_labels(std::string_view body);
Result<std::string> parse_image(std::string_view body);
std::string image_id(std::string_view id);  // with its "sha256:"
struct ExecState {
  bool running = false;
  int exit_code = 0;
};
Result<ExecState> parse_exec(std::string_view body);
Result<HealthRun> parse_health_run(std::string_view body);
Result<PullProgress> parse_pull_line(std::string_view line);
Result<Event> parse_event(std::string_view line);      // an error object in the stream is an error

// Lines of a stream of JSON values. A line longer than the limit is an error.
class LineSplitter {
 public:
  explicit LineSplitter(std::size_t max_line) : max_line_(max_line) {}

  bool feed(std::string_view bytes);  // false: a line is too long
  bool next(std::string& line);       // the next complete one, without the line end
  std::string rest() const { return buffer_.substr(at_); }

 private:
  std::size_t max_line_;
  std::string buffer_;
  std::size_t at_ = 0;
};

// The frames of logs, attach and exec: one byte for the stream, three zero, a big-endian length, and so many bytes. Gives the
// pieces as they come.
class FrameReader {
 public:
  template <class Take>  // (bool error_stream, std::string_view bytes)
  Status feed(std::string_view bytes, Take take) {
    while (!bytes.empty()) {
      const std::string_view piece = bytes.substr(0, left_ == 0 ? kHeader - header_.size() : left_);
      bytes.remove_prefix(piece.size());
      if (left_ != 0) {
        left_ -= piece.size();
        take(error_stream_, piece);
      } else if ((header_ += piece).size() == kHeader) {
        if (Status taken = take_header(); !taken) return taken;
      }
    }
    return {};
  }
  bool whole() const noexcept { return left_ == 0 && header_.empty(); }  // not in the middle of a frame

 private:
  static constexpr std::size_t kHeader = 8;
  Status take_header();

  std::string header_;
  std::size_t left_ = 0;  // of the frame
  bool error_stream_ = false;
};

// The same, as lines; the pieces of a long line are put together up to the limit, beyond which it is cut in two.
class LogReader {
 public:
  explicit LogReader(std::size_t max_line) : max_line_(max_line) {}

  Status feed(std::string_view bytes, std::vector<LogLine>& out);
  void finish(std::vector<LogLine>& out);  // lines without an end

 private:
  void take(bool error_stream, std::string_view bytes, std::vector<LogLine>& out);

  std::size_t max_line_;
  FrameReader frames_;
  std::string lines_[2];
};

}  // namespace gatehouse::podman
