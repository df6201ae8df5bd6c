#include "head_lines.h"

#include "chars.h"
#include "scan.h"

namespace gatehouse::http {
namespace {

Refusal control_refusal(char c) noexcept {
  if (c == '\n') return {400, "bare_lf"};
  if (c == '\0') return {400, "nul"};
  return {400, "control_byte"};
}

Refusal bad_name(std::string_view name) noexcept {
  const bool space = !name.empty() && (name.back() == ' ' || name.back() == '\t');
  return {400, space ? "space_before_colon" : "bad_field_name"};
}

}  // namespace

ParseState next_line(std::string_view buffer, const LineLimit& limit, std::size_t head_bytes, HeadProgress& progress,
                     std::string_view& line, Refusal& refusal) {
  const char* const begin = buffer.data();
  const char* const end = begin + buffer.size();
  const char* const stop = find_control(begin + progress.scanned, end);
  const auto at = static_cast<std::size_t>(stop - begin);
  progress.scanned = at;
  // Sizes come before bytes, so that a head in one piece and one in drops are refused for the same reason.
  const std::size_t length = at - progress.line_start;
  const bool head_full = at + 2 > head_bytes;
  if (length > limit.bytes || head_full) {
    const bool line_first = length > limit.bytes && progress.line_start + limit.bytes + 2 <= head_bytes;
    refusal = line_first ? limit.exceeded : limit.head_full;
    return ParseState::kRefused;
  }
  if (stop == end) return ParseState::kIncomplete;
  if (*stop != '\r') {
    refusal = control_refusal(*stop);
    return ParseState::kRefused;
  }
  if (stop + 1 == end) return ParseState::kIncomplete;
  if (stop[1] != '\n') {
    refusal = {400, "bare_cr"};
    return ParseState::kRefused;
  }
  line = buffer.substr(progress.line_start, length);
  progress.line_start = progress.scanned = at + 2;
  return ParseState::kComplete;
}

Refusal parse_field_line(std::string_view line, const char* readable, Field& field) {
  if (line.front() == ' ' || line.front() == '\t') return {400, "obs_fold"};
  const char* const end = line.data() + line.size();
  const char* const colon = find_colon(line.data(), end, readable);
  if (colon == end) return {400, "missing_colon"};
  field.name = {line.data(), static_cast<std::size_t>(colon - line.data())};
  field.id = classify_field(field.name);
  // A name that was recognised is a token; only the others are looked at byte by byte.
  if (field.id == FieldId::kOther && (field.name.empty() || !all_are(field.name, kTchar))) return bad_name(field.name);
  field.value = trim({colon + 1, static_cast<std::size_t>(end - colon - 1)});
  return {};
}

ParseState read_fields(std::string_view buffer, const HeadLimits& limits, HeadProgress& progress, Fields& fields,
                       Refusal& refusal) {
  const LineLimit limit{limits.field_bytes, {431, "field_too_large"}, {431, "head_too_large"}};
  const char* const readable = buffer.data() + buffer.size();
  while (true) {
    std::string_view line;
    const ParseState state = next_line(buffer, limit, limits.head_bytes, progress, line, refusal);
    if (state != ParseState::kComplete || line.empty()) return state;
    Field field;
    refusal = parse_field_line(line, readable, field);
    if (!refusal.refused() && !fields.add(field)) refusal = {431, "too_many_fields"};
    if (refusal.refused()) return ParseState::kRefused;
    progress.repeated |= progress.seen & bit(field.id);
    progress.seen |= bit(field.id);
  }
}

void rebase(std::string_view& view, const char* from, const char* to) noexcept {
  const auto offset = reinterpret_cast<std::uintptr_t>(view.data()) - reinterpret_cast<std::uintptr_t>(from);
  view = {to + offset, view.size()};
}

void rebase(Fields& fields, const char* from, const char* to) noexcept {
  Fields moved;
  for (Field field : fields) {
    rebase(field.name, from, to);
    rebase(field.value, from, to);
    moved.add(field);
  }
  fields = moved;
}

}  // namespace gatehouse::http
