#include "gatehouse/http/sse.h"

#include <charconv>

#include "chars.h"

namespace gatehouse::http {
namespace {

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

std::size_t find_line_end(std::string_view text) noexcept { return text.find_first_of("\r\n"); }

bool fits_one_line(std::string_view text) noexcept {
  return !text.empty() && text.find_first_of(std::string_view("\r\n\0", 3)) == std::string_view::npos;
}

}  // namespace

void SseEvent::clear() noexcept {
  event.clear();
  data.clear();
  id.clear();
  retry.reset();
  has_data = has_id = comment = false;
}

SseStep SseParser::next(std::string_view& input) {
  if (refusal_ != nullptr) return SseStep::kRefused;
  if (yielded_) event_.clear();
  yielded_ = false;
  while (!input.empty()) {
    if (skip_lf_ && input.front() == '\n') input.remove_prefix(1);
    skip_lf_ = false;
    const std::size_t end = std::min(find_line_end(input), input.size());
    if (line_.size() + end > limits_.line_bytes) refusal_ = "sse_line_too_large";
    if (refusal_ != nullptr) return SseStep::kRefused;
    const bool complete = end < input.size();
    if (!complete || !line_.empty()) line_.append(input.substr(0, end));
    if (!complete) {
      input = {};
      return SseStep::kNeedMore;
    }
    const std::string_view line = line_.empty() ? input.substr(0, end) : std::string_view(line_);
    skip_lf_ = input[end] == '\r';
    yielded_ = take_line(line);
    line_.clear();
    input.remove_prefix(end + 1);
    if (refusal_ != nullptr) return SseStep::kRefused;
    if (yielded_) return SseStep::kEvent;
  }
  return SseStep::kNeedMore;
}

bool SseParser::take_line(std::string_view line) {
  if (first_line_ && line.starts_with(kByteOrderMark)) line.remove_prefix(kByteOrderMark.size());
  first_line_ = false;
  if (line.empty()) {
    if (event_.has_id) last_event_id_ = event_.id;
    const bool says_something = pending_;
    pending_ = false;
    return says_something;
  }
  const std::size_t colon = std::min(line.find(':'), line.size());
  std::string_view value = line.substr(std::min(colon + 1, line.size()));
  if (value.starts_with(' ')) value.remove_prefix(1);
  pending_ |= take_field(line.substr(0, colon), value);
  return false;
}

bool SseParser::take_field(std::string_view name, std::string_view value) {
  if (name.empty()) {
    event_.comment = true;
  } else if (name == "data") {
    if (event_.data.size() + (event_.has_data ? 1 : 0) + value.size() > limits_.event_bytes) {
      refusal_ = "sse_event_too_large";
      return false;
    }
    if (event_.has_data) event_.data.push_back('\n');
    event_.data.append(value);
    event_.has_data = true;
  } else if (name == "event") {
    event_.event = value;
  } else if (name == "id" && value.find('\0') == std::string_view::npos) {
    event_.id = value;
    event_.has_id = true;
  } else if (name == "retry" && !value.empty() && value.size() <= 12 && all_are(value, kDigit)) {
    std::uint64_t milliseconds = 0;
    std::from_chars(value.data(), value.data() + value.size(), milliseconds);
    event_.retry = milliseconds;
  } else {
    return false;
  }
  return true;
}

void write_sse_event(std::string& out, std::string_view id, std::string_view event, std::string_view data) {
  if (fits_one_line(id)) out.append("id: ").append(id).push_back('\n');
  if (fits_one_line(event)) out.append("event: ").append(event).push_back('\n');
  while (true) {
    const std::size_t end = std::min(find_line_end(data), data.size());
    out.append("data: ").append(data.substr(0, end)).push_back('\n');
    if (end == data.size()) break;
    const bool pair = data.substr(end).starts_with("\r\n");
    data.remove_prefix(end + (pair ? 2 : 1));
  }
  out.push_back('\n');
}

}  // namespace gatehouse::http
