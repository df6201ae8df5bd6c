#include "remains.h"

#include "json_cursor.h"
#include "json_text.h"

namespace gatehouse::jsonrpc {

namespace {

constexpr std::uint32_t kDepth = 1024;

std::string_view trimmed(std::string_view text) noexcept {
  const std::size_t last = text.find_last_not_of(" \t\r\n");
  return text.substr(0, last + 1);
}

bool take_suffix(std::string_view& text, std::string_view suffix) noexcept {
  text = trimmed(text);
  if (!text.ends_with(suffix)) return false;
  text.remove_suffix(suffix.size());
  return true;
}

// The id of a message whose last member it is: `"id":7}`. Inside a string the quotes would have backslashes.
Raw trailing_id(std::string_view tail) noexcept {
  if (!take_suffix(tail, "}")) return {};
  tail = trimmed(tail);
  const bool text = tail.ends_with('"');
  const std::size_t before = text ? tail.rfind('"', tail.size() - 2) : tail.find_last_not_of("-0123456789");
  if (before == std::string_view::npos || tail.size() < 2) return {};
  const Raw id = tail.substr(text ? before : before + 1);
  tail.remove_suffix(id.size());
  if (!take_suffix(tail, ":") || !take_suffix(tail, "\"id\"") || tail.ends_with('\\')) return {};
  return is_id(id) ? id : Raw();
}

}  // namespace

Remains remains_of(std::string_view head, std::string_view tail) {
  Remains found;
  JsonCursor cursor(head, kDepth);
  const auto member = [&](Raw key) {
    Raw value;
    if (key == "\"method\"") found.has_method = true;
    if (key == "\"result\"" || key == "\"error\"") found.has_outcome = true;
    if (!cursor.value(&value)) return false;
    const bool whole = cursor.offset() < head.size();  // a number at the end may go on
    if (key == "\"id\"" && whole && found.id.empty() && is_id(value)) found.id = value;
    return true;
  };
  if (cursor.peek() == '{') cursor.object(member);
  if (found.id.empty()) found.id = trailing_id(tail);
  return found;
}

}  // namespace gatehouse::jsonrpc
