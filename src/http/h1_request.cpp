#include <charconv>
#include <cstring>

#include "chars.h"
#include "framing.h"
#include "gatehouse/http/h1.h"
#include "gatehouse/http/target.h"
#include "head_lines.h"

namespace gatehouse::http {
namespace {

constexpr std::size_t kLongestMethod = 32;
constexpr std::size_t kVersionSize = 8;  // HTTP/1.1

Method method_of(std::string_view name) noexcept {
  struct Known {
    std::string_view name;
    Method id;
  };
  static constexpr Known kKnown[] = {{"GET", Method::kGet},       {"POST", Method::kPost},   {"PUT", Method::kPut},
                                     {"HEAD", Method::kHead},     {"DELETE", Method::kDelete}, {"OPTIONS", Method::kOptions},
                                     {"PATCH", Method::kPatch},   {"TRACE", Method::kTrace}, {"CONNECT", Method::kConnect}};
  for (const Known& known : kKnown)
    if (name == known.name) return known.id;
  return Method::kOther;
}

Refusal parse_version(std::string_view text, std::uint8_t& minor) noexcept {
  if (text.size() != kVersionSize || !text.starts_with("HTTP/") || !is(text[5], kDigit) || text[6] != '.' ||
      !is(text[7], kDigit))
    return {400, "bad_version"};
  if (text[5] == '0') return {400, "bad_version"};
  if (text[5] != '1') return {505, "unsupported_version"};
  minor = text[7] == '0' ? 0 : 1;  // 1.2 … 1.9 are answered as 1.1 (P-2)
  return {};
}

// Refuses the method of a line, complete or not.
Refusal check_method(std::string_view name) noexcept {
  if (name.empty() || !all_are(name.substr(0, kLongestMethod + 1), kTchar)) return {400, "bad_method"};
  if (name.size() > kLongestMethod) return {501, "method_too_long"};
  return {};
}

Refusal parse_request_line(std::string_view line, const HeadLimits& limits, RequestHead& head) {
  const std::size_t method_end = std::min(line.find(' '), line.size());
  head.method = line.substr(0, method_end);
  if (const Refusal bad = check_method(head.method); bad.refused()) return bad;
  if (method_end == line.size()) return {400, "bad_request_line"};
  const std::size_t target_end = line.find(' ', method_end + 1);
  head.target = line.substr(method_end + 1, target_end - method_end - 1);
  if (target_end == std::string_view::npos) return {400, "http_09"};
  if (const Refusal bad = parse_version(line.substr(target_end + 1), head.minor_version); bad.refused()) return bad;
  if (head.target.empty()) return {400, "bad_request_line"};
  if (head.target.size() > limits.target_bytes) return {414, "uri_too_long"};
  head.method_id = method_of(head.method);
  if (head.method_id == Method::kConnect || head.method_id == Method::kTrace) return {405, "method_not_allowed"};
  return {};
}

// Skips leading blank lines (at most two, P-1), then takes the request line.
ParseState read_request_line(std::string_view buffer, const HeadLimits& limits, HeadProgress& progress, RequestHead& head,
                             Refusal& refusal) {
  const std::size_t longest = kLongestMethod + 1 + limits.target_bytes + 1 + kVersionSize;
  const LineLimit limit{longest, {414, "uri_too_long"}, {414, "uri_too_long"}};
  std::string_view line;
  while (true) {
    const ParseState state = next_line(buffer, limit, limits.head_bytes, progress, line, refusal);
    if (state == ParseState::kRefused && refusal.status == 414) {
      const std::string_view start = buffer.substr(progress.line_start, kLongestMethod + 1);
      if (const Refusal bad = check_method(start.substr(0, start.find(' '))); bad.refused()) refusal = bad;
    }
    if (state != ParseState::kComplete) return state;
    if (!line.empty()) break;
    if (++progress.blank_lines > 2) {
      refusal = {400, "empty_request_line"};
      return ParseState::kRefused;
    }
  }
  refusal = parse_request_line(line, limits, head);
  progress.first_line_done = true;
  return refusal.refused() ? ParseState::kRefused : ParseState::kComplete;
}

Refusal take_host(const HeadProgress& progress, RequestHead& head) {
  if ((progress.repeated & bit(FieldId::kHost)) != 0) return {400, "duplicate_host"};
  std::string_view port;
  if (const Field* field = (progress.seen & bit(FieldId::kHost)) != 0 ? head.fields.find(FieldId::kHost) : nullptr) {
    if (!split_authority(field->value, head.host, port)) return {400, "bad_host"};
    if (head.authority.empty()) {
      head.authority = port.empty() ? head.host : field->value;
      return {};
    }
  } else if (head.minor_version >= 1) {
    return {400, "missing_host"};
  }
  if (!head.authority.empty()) split_authority(head.authority, head.host, port);  // the absolute form wins (P-4)
  return {};
}

Refusal take_transfer_encoding(const HeadProgress& progress, RequestHead& head) {
  if (head.minor_version == 0) return {400, "transfer_encoding_in_http_10"};
  if ((progress.seen & bit(FieldId::kContentLength)) != 0) return {400, "length_and_transfer_encoding"};
  if ((progress.repeated & bit(FieldId::kTransferEncoding)) != 0) return {400, "duplicate_transfer_encoding"};
  head.framing = Framing::kChunked;
  switch (classify_transfer_encoding(head.fields.value(FieldId::kTransferEncoding))) {
    case Coding::kChunked: return {};
    case Coding::kUnknownBeforeChunked: return {501, "unknown_transfer_coding"};
    case Coding::kInvalid: break;
  }
  return {400, "bad_transfer_encoding"};
}

Refusal take_framing(const HeadProgress& progress, RequestHead& head) {
  if ((progress.seen & bit(FieldId::kTransferEncoding)) != 0) return take_transfer_encoding(progress, head);
  if ((progress.seen & bit(FieldId::kContentLength)) == 0) return {};
  if ((progress.repeated & bit(FieldId::kContentLength)) != 0) return {400, "duplicate_content_length"};
  if (!parse_content_length(head.fields.value(FieldId::kContentLength), head.content_length))
    return {400, "bad_content_length"};
  head.framing = Framing::kLength;
  return {};
}

Refusal take_connection(const HeadProgress& progress, RequestHead& head) {
  ConnectionOptions options;
  if ((progress.seen & bit(FieldId::kConnection)) != 0)
    for (const Field& field : head.fields)
      if (field.id == FieldId::kConnection && !add_connection_options(field.value, options))
        return {400, "bad_connection"};
  head.keep_alive = keeps_alive(options, head.minor_version);
  head.upgrade = options.upgrade && (progress.seen & bit(FieldId::kUpgrade)) != 0 && head.method_id == Method::kGet &&
                 head.minor_version >= 1 && head.framing == Framing::kNone;
  return {};
}

Refusal take_expectations(const HeadProgress& progress, RequestHead& head) {
  if ((progress.seen & bit(FieldId::kTe)) != 0 && head.minor_version > 0)
    for (const Field& field : head.fields)
      for (std::string_view list = field.id == FieldId::kTe ? field.value : std::string_view(); !list.empty();)
        head.accepts_trailers |= equals_ignoring_case(take_member(list), "trailers");
  if ((progress.seen & bit(FieldId::kExpect)) == 0 || head.minor_version == 0) return {};
  const std::string_view value = head.fields.value(FieldId::kExpect);
  if ((progress.repeated & bit(FieldId::kExpect)) != 0 || !equals_ignoring_case(value, "100-continue"))
    return {417, "unknown_expectation"};
  head.expects_continue = head.framing == Framing::kChunked || head.content_length > 0;
  return {};
}

// Whoever sends it can only make the count larger.
void take_hops(const HeadProgress& progress, RequestHead& head) noexcept {
  if ((progress.seen & bit(FieldId::kXGatehouseHops)) == 0) return;
  const std::string_view value = head.fields.value(FieldId::kXGatehouseHops);
  const bool repeated = (progress.repeated & bit(FieldId::kXGatehouseHops)) != 0;
  head.hops = 255;
  if (!repeated && !value.empty() && value.size() <= 2 && all_are(value, kDigit))
    std::from_chars(value.data(), value.data() + value.size(), head.hops);
}

Refusal finish(const HeadProgress& progress, RequestHead& head) {
  take_hops(progress, head);
  head.size = progress.line_start;
  Target target;
  if (const Refusal bad = parse_target(head.target, head.method_id, head.path_storage, target); bad.refused()) return bad;
  head.path = target.path;
  head.query = target.query;
  head.authority = target.authority;
  using Step = Refusal (*)(const HeadProgress&, RequestHead&);
  for (const Step step : {&take_host, &take_framing, &take_connection, &take_expectations})
    if (const Refusal bad = step(progress, head); bad.refused()) return bad;
  return {};
}

void clear(RequestHead& head) noexcept {
  head.method = head.target = head.path = head.query = head.authority = head.host = {};
  head.fields.clear();
  head.content_length = head.size = 0;
  head.method_id = Method::kOther;
  head.minor_version = 1;
  head.hops = 0;
  head.framing = Framing::kNone;
  head.keep_alive = true;
  head.expects_continue = head.upgrade = head.accepts_trailers = false;
}

}  // namespace

ParseState RequestParser::parse(std::string_view buffer, RequestHead& head) {
  if (refusal_.refused()) return ParseState::kRefused;
  if (progress_.base == nullptr) clear(head);
  if (progress_.first_line_done && progress_.base != buffer.data()) {
    rebase(head.method, progress_.base, buffer.data());
    rebase(head.target, progress_.base, buffer.data());
    rebase(head.fields, progress_.base, buffer.data());
  }
  progress_.base = buffer.data();
  if (!progress_.first_line_done) {
    const ParseState state = read_request_line(buffer, limits_, progress_, head, refusal_);
    if (state != ParseState::kComplete) return state;
  }
  const ParseState state = read_fields(buffer, limits_, progress_, head.fields, refusal_);
  if (state != ParseState::kComplete) return state;
  refusal_ = finish(progress_, head);
  return refusal_.refused() ? ParseState::kRefused : ParseState::kComplete;
}

}  // namespace gatehouse::http
