#include "gatehouse/client/sse.h"

namespace gatehouse::client {

bool SseReader::feed(std::string_view piece, const std::function<bool(const SseEvent&)>& sink) {
  for (const char c : piece) {
    const bool second_half = after_cr_ && c == '\n';
    after_cr_ = c == '\r';
    if (second_half) continue;
    if (c == '\n' || c == '\r') {
      if (!line(sink)) return false;
      continue;
    }
    if (line_.size() + event_.data.size() >= limit_) return false;
    line_ += c;
  }
  return true;
}

bool SseReader::line(const std::function<bool(const SseEvent&)>& sink) {
  std::string_view text = line_;
  if (first_line_ && text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  first_line_ = false;
  if (!text.empty()) {
    const std::size_t colon = text.find(':');
    std::string_view value = colon == text.npos ? std::string_view() : text.substr(colon + 1);
    if (value.starts_with(' ')) value.remove_prefix(1);
    field(text.substr(0, colon), value);
    line_.clear();
    return true;
  }
  line_.clear();
  bool go_on = true;
  if (has_data_) {
    event_.data.pop_back();
    if (event_.name.empty()) event_.name = "message";
    go_on = sink(event_);
  }
  event_.name.clear();
  event_.data.clear();
  has_data_ = false;
  return go_on;
}

void SseReader::field(std::string_view name, std::string_view value) {
  if (name == "data") {
    event_.data.append(value).push_back('\n');
    has_data_ = true;
  } else if (name == "event") {
    event_.name = value;
  } else if (name == "id" && value.find('\0') == value.npos) {
    event_.id = value;
  }
}

}  // namespace gatehouse::client
