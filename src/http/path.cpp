#include "path.h"

#include <cstring>

#include "chars.h"
#include "gatehouse/base/encoding.h"

namespace gatehouse::http {
namespace {

// After a slash: another slash, or a segment that is, or could be taken for, a dot segment.
bool slash_needs_work(const char* after, const char* end) noexcept {
  if (after == end) return false;
  if (*after == '/') return true;
  if (*after != '.') return false;
  return after + 1 == end || std::memchr("/.?;%", after[1], 5) != nullptr;
}

// Two escaped bytes that decode to a character with a shorter form: "%C0%AF" is another '/' for a lax decoder.
bool overlong(int lead, int next) noexcept {
  if (next < 0x80 || next > 0xbf) return false;
  return lead == 0xc0 || lead == 0xc1 || (lead == 0xe0 && next < 0xa0) || (lead == 0xf0 && next < 0x90);
}

const char* escape_problem(int value, int lead) noexcept {
  if (value < 0) return "bad_percent";
  if (value < 0x20 || value == 0x7f) return "percent_control";
  if (value == '/') return "encoded_slash";
  if (value == '\\') return "encoded_backslash";
  return overlong(lead, value) ? "overlong_utf8" : nullptr;
}

Refusal decode(std::string_view path, std::string& out) {
  static constexpr char kUpper[] = "0123456789ABCDEF";
  out.clear();
  int lead = 0;
  for (std::size_t i = 0; i < path.size(); ++i) {
    const char c = path[i];
    if (c == '/' || is(c, kPathPlain)) {
      out.push_back(c);
      lead = 0;
      continue;
    }
    if (c != '%') return {400, c == '\\' ? "backslash" : "bad_target"};
    const int value = percent_value(path, i);
    if (const char* problem = escape_problem(value, lead)) return {400, problem};
    i += 2;
    lead = value;
    if (is(static_cast<char>(value), kUnreserved)) {
      out.push_back(static_cast<char>(value));
    } else {
      const char escape[] = {'%', kUpper[value >> 4], kUpper[value & 15]};
      out.append(escape, 3);
    }
  }
  return {};
}

// RFC 3986 section 5.2.4 in place; runs of slashes count as one.
Refusal remove_dot_segments(std::string& path) {
  std::size_t written = 0;
  bool trailing_slash = false;
  for (std::size_t start = 1, end = 0; start <= path.size(); start = end + 1) {
    end = std::min(path.find('/', start), path.size());
    const std::string_view segment(path.data() + start, end - start);
    trailing_slash = segment.empty() || segment == "." || segment == "..";
    if (segment.starts_with(".;") || segment.starts_with("..;")) return {400, "dot_parameter"};
    if (segment == "..") {
      if (written == 0) return {400, "path_above_root"};
      written = path.rfind('/', written - 1);
    } else if (!trailing_slash) {
      path[written] = '/';
      std::memmove(path.data() + written + 1, segment.data(), segment.size());
      written += 1 + segment.size();
    }
  }
  path.resize(written);
  if (trailing_slash) path.push_back('/');
  return {};
}

}  // namespace

PathScan scan_path(std::string_view text, std::size_t& end) noexcept {
  const char* at = text.data();
  const char* const stop = at + text.size();
  while (true) {
    while (at != stop && is(*at, kPathPlain)) ++at;
    end = static_cast<std::size_t>(at - text.data());
    if (at == stop || *at == '?') return PathScan::kNormal;
    if (*at == '%') return PathScan::kNeedsWork;
    if (*at != '/') return PathScan::kRefused;
    if (slash_needs_work(++at, stop)) return PathScan::kNeedsWork;
  }
}

Refusal normalise_path(std::string_view path, std::string& storage) {
  const Refusal refusal = decode(path, storage);
  return refusal.refused() ? refusal : remove_dot_segments(storage);
}

}  // namespace gatehouse::http
