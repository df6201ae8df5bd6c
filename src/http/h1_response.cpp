#include "chars.h"
#include "framing.h"
#include "gatehouse/http/h1.h"
#include "head_lines.h"

namespace gatehouse::http {
namespace {

constexpr Refusal kBadStatusLine{502, "bad_status_line"};

// "HTTP/1.1 200 OK"; the reason may be empty, and the space before it missing.
Refusal parse_status_line(std::string_view line, ResponseHead& head) {
  if (line.size() < 12 || !line.starts_with("HTTP/1.") || !is(line[7], kDigit) || line[8] != ' ') return kBadStatusLine;
  head.minor_version = line[7] == '0' ? 0 : 1;
  const std::string_view code = line.substr(9, 3);
  if (!all_are(code, kDigit) || code[0] < '1' || code[0] > '5') return kBadStatusLine;
  if (line.size() > 12 && line[12] != ' ') return kBadStatusLine;
  head.status = (code[0] - '0') * 100 + (code[1] - '0') * 10 + (code[2] - '0');
  head.reason = line.size() > 13 ? line.substr(13) : std::string_view();
  return {};
}

bool has_body(int status, Method request) noexcept {
  if (request == Method::kHead || status < 200 || status == 204 || status == 304) return false;
  return request != Method::kConnect || status >= 300;
}

// P-11. A message that says both, or a length where there can be no body, is not followed by another on its connection.
Refusal take_framing(const HeadProgress& progress, Method request, ResponseHead& head) {
  const bool length = (progress.seen & bit(FieldId::kContentLength)) != 0;
  const bool coding = (progress.seen & bit(FieldId::kTransferEncoding)) != 0;
  if ((progress.repeated & bit(FieldId::kContentLength)) != 0) return {502, "duplicate_content_length"};
  if (length && !parse_content_length(head.fields.value(FieldId::kContentLength), head.content_length))
    return {502, "bad_content_length"};
  if (coding) {
    if (head.minor_version == 0) return {502, "transfer_encoding_in_http_10"};
    if ((progress.repeated & bit(FieldId::kTransferEncoding)) != 0) return {502, "duplicate_transfer_encoding"};
    if (classify_transfer_encoding(head.fields.value(FieldId::kTransferEncoding)) != Coding::kChunked)
      return {502, "bad_transfer_encoding"};
    if (length) head.keep_alive = false;
  }
  if (!has_body(head.status, request)) {
    const bool lies = (head.status < 200 || head.status == 204) && (coding || head.content_length > 0);
    if (lies) head.keep_alive = false;
    head.framing = Framing::kNone;
    return {};
  }
  head.framing = coding ? Framing::kChunked : length ? Framing::kLength : Framing::kUntilClose;
  if (coding) head.content_length = 0;
  if (head.framing == Framing::kUntilClose) head.keep_alive = false;
  return {};
}

Refusal finish(const HeadProgress& progress, Method request, ResponseHead& head) {
  head.size = progress.line_start;
  ConnectionOptions options;
  for (const Field& field : head.fields)
    if (field.id == FieldId::kConnection && !add_connection_options(field.value, options)) return {502, "bad_connection"};
  head.keep_alive = keeps_alive(options, head.minor_version);
  return take_framing(progress, request, head);
}

void clear(ResponseHead& head) noexcept {
  head.reason = {};
  head.fields.clear();
  head.content_length = head.size = 0;
  head.status = 0;
  head.minor_version = 1;
  head.framing = Framing::kNone;
  head.keep_alive = true;
}

ParseState read_head(std::string_view buffer, Method request, const HeadLimits& limits, HeadProgress& progress,
                     ResponseHead& head, Refusal& refusal) {
  if (!progress.first_line_done) {
    const LineLimit limit{limits.target_bytes, kBadStatusLine, {502, "head_too_large"}};
    std::string_view line;
    const ParseState state = next_line(buffer, limit, limits.head_bytes, progress, line, refusal);
    if (state != ParseState::kComplete) return state;
    refusal = parse_status_line(line, head);
    if (refusal.refused()) return ParseState::kRefused;
    progress.first_line_done = true;
  }
  const ParseState state = read_fields(buffer, limits, progress, head.fields, refusal);
  if (state != ParseState::kComplete) return state;
  refusal = finish(progress, request, head);
  return refusal.refused() ? ParseState::kRefused : ParseState::kComplete;
}

}  // namespace

ParseState ResponseParser::parse(std::string_view buffer, Method request, ResponseHead& head) {
  if (refusal_.refused()) return ParseState::kRefused;
  if (progress_.base == nullptr) clear(head);
  if (progress_.first_line_done && progress_.base != buffer.data()) {
    if (!head.reason.empty()) rebase(head.reason, progress_.base, buffer.data());
    rebase(head.fields, progress_.base, buffer.data());
  }
  progress_.base = buffer.data();
  const ParseState state = read_head(buffer, request, limits_, progress_, head, refusal_);
  if (state == ParseState::kRefused) refusal_.status = 502;
  return state;
}

}  // namespace gatehouse::http
