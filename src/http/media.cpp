#include "gatehouse/http/media.h"

#include <algorithm>

#include "gatehouse/http/message.h"

namespace gatehouse::http {

namespace {

std::string_view trim(std::string_view text) noexcept {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

std::string_view without_parameters(std::string_view value) noexcept { return trim(value.substr(0, value.find(';'))); }

// "text/*" and "*/*" match whole families.
bool matches(std::string_view range, std::string_view type) noexcept {
  if (range == "*/*" || equals_ignoring_case(range, type)) return true;
  return range.ends_with("/*") && equals_ignoring_case(range.substr(0, range.size() - 1), type.substr(0, range.size() - 1));
}

bool has_zero_quality(std::string_view range) noexcept {
  for (std::size_t at = range.find(';'); at != std::string_view::npos; at = range.find(';', at + 1)) {
    const std::string_view parameter = trim(range.substr(at + 1, range.find(';', at + 1) - at - 1));
    if (parameter.size() > 2 && equals_ignoring_case(parameter.substr(0, 2), "q="))
      return parameter.substr(2).find_first_not_of("0.") == std::string_view::npos;
  }
  return false;
}

// Of those that are wanted at all.
template <typename Predicate>
bool any_range(std::string_view accept, Predicate predicate) noexcept {
  while (!accept.empty()) {
    const std::size_t comma = std::min(accept.find(','), accept.size());
    const std::string_view range = accept.substr(0, comma);
    if (predicate(without_parameters(range)) && !has_zero_quality(range)) return true;
    accept.remove_prefix(std::min(comma + 1, accept.size()));
  }
  return false;
}

}  // namespace

bool is_media_type(std::string_view content_type, std::string_view type) noexcept {
  return equals_ignoring_case(without_parameters(content_type), type);
}

bool accepts(std::string_view accept, std::string_view type) noexcept {
  if (trim(accept).empty()) return true;
  return any_range(accept, [type](std::string_view range) { return matches(range, type); });
}

bool names(std::string_view accept, std::string_view type) noexcept {
  return any_range(accept, [type](std::string_view range) { return equals_ignoring_case(range, type); });
}

}  // namespace gatehouse::http
