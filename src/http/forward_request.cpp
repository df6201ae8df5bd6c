#include "chars.h"
#include "field_rules.h"
#include "gatehouse/http/forward.h"
#include "gatehouse/http/target.h"
#include "head_writer.h"

namespace gatehouse::http {
namespace {

// W3C Trace Context, sections 3.3.1.1 and 3.3.1.5: what is larger may be dropped, and then as a whole.
bool tracestate_fits(const Fields& fields) noexcept {
  constexpr std::size_t kMembers = 32, kBytes = 512;
  std::size_t members = 0, bytes = 0;
  for (const Field& field : fields) {
    if (field.id != FieldId::kTracestate) continue;
    bytes += field.value.size() + (bytes > 0 ? 1 : 0);
    if (bytes > kBytes) return false;
    for (std::string_view list = field.value; !list.empty();)
      if (!take_member(list).empty() && ++members > kMembers) return false;
  }
  return true;
}

bool keeps(const Field& field, const RequestHead& head, const ForwardContext& context, bool nominations) noexcept {
  if (context.strip_credentials && (field.id == FieldId::kAuthorization || field.id == FieldId::kXApiKey)) return false;
  switch (rule_of(field.id)) {
    case Rule::kKeep:
    case Rule::kServer:
    case Rule::kDate: break;
    case Rule::kHop:
    case Rule::kHost:
    case Rule::kLength:
    case Rule::kForwarding: return false;
    case Rule::kRequestId: return context.request_id.empty();
    case Rule::kTraceparent: return context.traceparent.empty();
    case Rule::kTracestate:
      if (!context.keep_tracestate || !tracestate_fits(head.fields)) return false;
      break;
    case Rule::kUnknown:
      if (forgeable(field.name, context.client_trusted, context.keep_underscore_names)) return false;
      break;
  }
  return !nominations || !nominated(head.fields, field);
}

// `name: <what the trusted proxy sent>, ` or just `name: `; all fields of that id become one.
void begin_list(HeadWriter& out, const RequestHead& head, bool trusted, FieldId id, std::string_view name) noexcept {
  out.put(name, ": ");
  if (!trusted) return;
  for (const Field& field : head.fields)
    if (field.id == id && !field.value.empty()) out.put(field.value, ", ");
}

void put_forwarded_node(HeadWriter& out, std::string_view address) noexcept {
  if (address.find(':') != std::string_view::npos) return out.put("\"[", address, "]\"");
  const bool v4 = !address.empty() && address.find_first_not_of("0123456789.") == std::string_view::npos;
  out.put(v4 ? address : "unknown");
}

std::string_view trusted_value(const RequestHead& head, const ForwardContext& context, FieldId id) noexcept {
  return context.client_trusted ? head.fields.value(id) : std::string_view();
}

std::string_view outer_scheme(const RequestHead& head, const ForwardContext& context) noexcept {
  const std::string_view told = trusted_value(head, context, FieldId::kXForwardedProto);
  return equals_ignoring_case(told, "http") || equals_ignoring_case(told, "https") ? told : context.scheme;
}

std::string_view outer_host(const RequestHead& head, const ForwardContext& context) noexcept {
  std::string_view host, port;
  const std::string_view told = trusted_value(head, context, FieldId::kXForwardedHost);
  if (!split_authority(told, host, port)) return head.authority;
  return port.empty() ? host : told;
}

void put_port(HeadWriter& out, const RequestHead& head, const ForwardContext& context) noexcept {
  const std::string_view told = trusted_value(head, context, FieldId::kXForwardedPort);
  out.put("X-Forwarded-Port: ");
  if (!told.empty() && told.size() <= 5 && all_are(told, kDigit)) out.put(told);
  else out.number(context.listener_port);
  out.put("\r\n");
}

void put_forwarding(HeadWriter& out, const RequestHead& head, const ForwardContext& context) noexcept {
  const std::string_view scheme = outer_scheme(head, context);
  const std::string_view host = outer_host(head, context);
  begin_list(out, head, context.client_trusted, FieldId::kXForwardedFor, "X-Forwarded-For");
  out.put(context.peer_address, "\r\nX-Forwarded-Proto: ", scheme, "\r\n");
  if (!host.empty()) out.line("X-Forwarded-Host", host);
  put_port(out, head, context);
  out.line("X-Real-IP", context.client_address);
  begin_list(out, head, context.client_trusted, FieldId::kForwarded, "Forwarded");
  out.put("for=");
  put_forwarded_node(out, context.peer_address);
  if (!head.authority.empty()) out.put(";host=\"", head.authority, "\"");
  out.put(";proto=", context.scheme, "\r\n");
}

void put_connection(HeadWriter& out, const RequestHead& head, const ForwardContext& context) noexcept {
  if (context.upgrade) out.put("Connection: Upgrade\r\nUpgrade: ", head.fields.value(FieldId::kUpgrade), "\r\n");
  else if (head.accepts_trailers) out.put("Connection: TE\r\nTE: trailers\r\n");  // RFC 9110 section 10.1.4
}

}  // namespace

std::size_t write_request_head(std::span<char> buffer, const RequestHead& head, const ForwardContext& context) {
  HeadWriter out(buffer);
  const std::string_view host = context.host_override.empty() ? head.authority : context.host_override;
  out.put(head.method, " ", head.path, head.query, " HTTP/1.1\r\nHost: ", host, "\r\n");
  const bool nominations = nominates(head.fields);
  for (const Field& field : head.fields)
    if (keeps(field, head, context, nominations)) out.keep(field);
  out.flush();
  put_framing(out, context.framing, context.content_length);
  put_connection(out, head, context);
  put_forwarding(out, head, context);
  if (!context.request_id.empty()) out.line("X-Request-Id", context.request_id);
  if (!context.traceparent.empty()) out.line("traceparent", context.traceparent);
  if (!context.extra.empty()) out.put(context.extra);
  return out.finish();
}

}  // namespace gatehouse::http
