#include "chars.h"
#include "field_rules.h"
#include "gatehouse/http/forward.h"
#include "head_writer.h"
#include "scan.h"

namespace gatehouse::http {
namespace {

bool informational(int status) noexcept { return status < 200 && status != 101; }

void put_status_line(HeadWriter& out, int status, std::string_view reason) noexcept {
  const char code[] = {static_cast<char>('0' + status / 100 % 10), static_cast<char>('0' + status / 10 % 10),
                       static_cast<char>('0' + status % 10), ' '};
  out.put("HTTP/1.1 ", std::string_view(code, 4), reason, "\r\n");
}

bool replaced(std::string_view name, const ResponseContext& context) noexcept {
  for (const std::string_view other : context.replaced)
    if (equals_ignoring_case(name, other)) return true;
  return false;
}

bool reveals_server(std::string_view name) noexcept {
  return equals_ignoring_case(name, "x-powered-by") || equals_ignoring_case(name, "x-aspnet-version");
}

bool keeps(const Field& field, const ResponseHead& head, const ResponseContext& context, bool nominations) noexcept {
  switch (rule_of(field.id)) {
    case Rule::kKeep:
    case Rule::kHost:
    case Rule::kForwarding:
    case Rule::kTraceparent:
    case Rule::kTracestate:
      if (field.id == FieldId::kXAccelBuffering) return false;
      break;
    case Rule::kHop: return context.trailers && field.id == FieldId::kTrailer;
    case Rule::kLength: return false;
    case Rule::kRequestId: return context.request_id.empty();
    case Rule::kDate: return true;
    case Rule::kServer:
      if (context.strip_server) return false;
      break;
    case Rule::kUnknown:
      if (context.strip_server && reveals_server(field.name)) return false;
      break;
  }
  if (replaced(field.name, context)) return false;
  return !nominations || !nominated(head.fields, field);
}

// A message without body may still say how long the body would be (P-19).
void put_response_framing(HeadWriter& out, const ResponseHead& head, const ResponseContext& context) noexcept {
  if (context.framing != Framing::kNone) return put_framing(out, context.framing, context.content_length);
  const bool may_tell = context.request == Method::kHead ? head.status != 204 : head.status == 304;
  if (may_tell && head.fields.find(FieldId::kContentLength) != nullptr && head.fields.find(FieldId::kTransferEncoding) == nullptr)
    put_framing(out, Framing::kLength, head.content_length);
}

void put_connection(HeadWriter& out, bool close, std::uint8_t client_minor_version) noexcept {
  if (close) out.put("Connection: close\r\n");
  else if (client_minor_version == 0) out.put("Connection: keep-alive\r\n");
}

// A handler's own field: framing and connection are the codec's, broken ones would split the head.
bool may_write(std::string_view name, std::string_view value) noexcept {
  const Rule rule = rule_of(classify_field(name));
  if (name.empty() || !all_are(name, kTchar) || rule == Rule::kHop || rule == Rule::kLength) return false;
  return find_control(value.data(), value.data() + value.size()) == value.data() + value.size();
}

}  // namespace

std::size_t write_response_head(std::span<char> buffer, const ResponseHead& head, const ResponseContext& context) {
  HeadWriter out(buffer);
  put_status_line(out, head.status, head.reason);
  const bool nominations = nominates(head.fields);
  for (const Field& field : head.fields)
    if (keeps(field, head, context, nominations)) out.keep(field);
  out.flush();
  if (informational(head.status)) return out.finish();
  put_response_framing(out, head, context);
  if (context.upgrade) out.put("Connection: Upgrade\r\nUpgrade: ", head.fields.value(FieldId::kUpgrade), "\r\n");
  else put_connection(out, context.close || context.framing == Framing::kUntilClose, context.client_minor_version);
  if (!context.date.empty() && head.fields.find(FieldId::kDate) == nullptr) out.line("Date", context.date);
  if (!context.request_id.empty()) out.line("X-Request-Id", context.request_id);
  if (!context.extra.empty()) out.put(context.extra);
  return out.finish();
}

std::size_t write_own_head(std::span<char> buffer, const OwnHead& head) {
  HeadWriter out(buffer);
  put_status_line(out, head.status, reason_phrase(head.status));
  if (!head.content_type.empty()) out.line("Content-Type", head.content_type);
  const bool no_length = head.status < 200 || head.status == 204;
  if (!no_length) put_framing(out, head.framing, head.content_length);
  if (!head.date.empty()) out.line("Date", head.date);
  put_connection(out, head.close || head.framing == Framing::kUntilClose, head.client_minor_version);
  if (!head.request_id.empty()) out.line("X-Request-Id", head.request_id);
  for (const auto& [name, value] : head.headers)
    if (may_write(name, value)) out.line(name, value);
  if (!head.extra.empty()) out.put(head.extra);
  return out.finish();
}

}  // namespace gatehouse::http
