#include "chars.h"
#include "field_rules.h"
#include "gatehouse/http/forward.h"
#include "gatehouse/http/target.h"
#include "head_writer.h"
#include "hops.h"

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
      if (field.id == FieldId::kMaxForwards && head.method_id == Method::kOptions) return false;
      break;
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

std::string_view valid_scheme(std::string_view told) noexcept {
  return equals_ignoring_case(told, "http") || equals_ignoring_case(told, "https") ? told : std::string_view();
}

std::string_view valid_authority(std::string_view told) noexcept {
  std::string_view host, port;
  if (!split_authority(told, host, port)) return {};
  return port.empty() ? host : told;
}

// How the client asked, as the outermost trusted proxy saw it; empty: nobody told.
struct Outer {
  std::string_view scheme, host, port;
};

// Which hop, from the right, is about the client: what stands left of it may be forged. Their number when there is none.
std::size_t client_hop(const Hops& hops, const ForwardContext& context) noexcept {
  for (std::size_t i = 0; i < hops.size(); ++i) {
    const std::string_view address = address_of(hops.from_right(i).node);
    if (address.empty() || address == context.client_address) return i;
  }
  return hops.size();
}

bool tells_plainly(const Fields& fields) noexcept {
  for (const Field& field : fields)
    if (field.id == FieldId::kXForwardedFor || field.id == FieldId::kXForwardedHost || field.id == FieldId::kXForwardedPort ||
        field.id == FieldId::kXForwardedProto)
      return true;
  return false;
}

Outer outer_of_forwarded(const Fields& fields, const ForwardContext& context) noexcept {
  const Hops hops = hops_of(fields, FieldId::kForwarded);
  const std::size_t client = client_hop(hops, context);
  if (client == hops.size()) return {};
  const Hop& hop = hops.from_right(client);
  Outer outer{valid_scheme(hop.proto), valid_authority(hop.host), {}};
  std::string_view host;
  if (!split_authority(outer.host, host, outer.port)) outer.port = {};
  if (outer.port.empty() && !outer.scheme.empty()) outer.port = outer.scheme.size() == 4 ? "80" : "443";
  return outer;
}

// A proxy that speaks of one family may pass the other one on unseen, so that they are never mixed.
Outer outer_of(const RequestHead& head, const ForwardContext& context) noexcept {
  if (!context.client_trusted) return {};
  if (!tells_plainly(head.fields)) return outer_of_forwarded(head.fields, context);
  const std::string_view port = head.fields.value(FieldId::kXForwardedPort);
  return {valid_scheme(head.fields.value(FieldId::kXForwardedProto)),
          valid_authority(head.fields.value(FieldId::kXForwardedHost)),
          port.size() <= 5 && all_are(port, kDigit) ? port : std::string_view()};
}

void put_forwarded_for(HeadWriter& out, const RequestHead& head, const ForwardContext& context) noexcept {
  begin_list(out, head, context.client_trusted, FieldId::kXForwardedFor, "X-Forwarded-For");
  if (context.client_trusted && head.fields.find(FieldId::kXForwardedFor) == nullptr) {
    const Hops hops = hops_of(head.fields, FieldId::kForwarded);
    for (std::size_t i = hops.size(); i-- > 0;) {
      const std::string_view address = address_of(hops.from_right(i).node);
      out.put(address.empty() ? std::string_view("unknown") : address, ", ");
    }
  }
  out.put(context.peer_address, "\r\n");
}

void put_forwarded(HeadWriter& out, const RequestHead& head, const ForwardContext& context, const Outer& outer) noexcept {
  begin_list(out, head, context.client_trusted, FieldId::kForwarded, "Forwarded");
  if (context.client_trusted && head.fields.find(FieldId::kForwarded) == nullptr) {
    const Hops hops = hops_of(head.fields, FieldId::kXForwardedFor);
    const std::size_t client = client_hop(hops, context);
    for (std::size_t i = hops.size(); i-- > 0;) {
      out.put("for=");
      put_forwarded_node(out, address_of(hops.from_right(i).node));
      if (i == client) {
        if (!outer.host.empty()) out.put(";host=\"", outer.host, "\"");
        if (!outer.scheme.empty()) out.put(";proto=", outer.scheme);
      }
      out.put(", ");
    }
  }
  out.put("for=");
  put_forwarded_node(out, context.peer_address);
  if (!head.authority.empty()) out.put(";host=\"", head.authority, "\"");
  out.put(";proto=", context.scheme, "\r\n");
}

void put_forwarding(HeadWriter& out, const RequestHead& head, const ForwardContext& context) noexcept {
  const Outer outer = outer_of(head, context);
  const std::string_view host = outer.host.empty() ? head.authority : outer.host;
  put_forwarded_for(out, head, context);
  out.line("X-Forwarded-Proto", outer.scheme.empty() ? context.scheme : outer.scheme);
  if (!host.empty()) out.line("X-Forwarded-Host", host);
  out.put("X-Forwarded-Port: ");
  if (outer.port.empty()) out.number(context.listener_port);
  else out.put(outer.port);
  out.put("\r\n");
  out.line("X-Real-IP", context.client_address);
  put_forwarded(out, head, context, outer);
}

void put_connection(HeadWriter& out, const RequestHead& head, const ForwardContext& context) noexcept {
  if (context.upgrade) out.put("Connection: Upgrade\r\nUpgrade: ", head.fields.value(FieldId::kUpgrade), "\r\n");
  else if (head.accepts_trailers) out.put("Connection: TE\r\nTE: trailers\r\n");  // RFC 9110 section 10.1.4
}

void put_hops(HeadWriter& out, const RequestHead& head) noexcept {
  out.put("X-Gatehouse-Hops: ");
  out.number(head.hops + 1u);
  out.put("\r\n");
  const std::optional<std::uint64_t> forwards = max_forwards(head);
  if (!forwards) return;
  out.put("Max-Forwards: ");
  out.number(*forwards - (*forwards > 0 ? 1 : 0));
  out.put("\r\n");
}

}  // namespace

std::optional<std::uint64_t> max_forwards(const RequestHead& head) noexcept {
  if (head.method_id != Method::kOptions) return std::nullopt;
  const Field* field = head.fields.only(FieldId::kMaxForwards);
  if (field == nullptr || field->value.empty() || !all_are(field->value, kDigit)) return std::nullopt;
  std::uint64_t value = 0;
  const char* const end = field->value.data() + field->value.size();
  const bool fits = std::from_chars(field->value.data(), end, value).ec == std::errc();
  return fits ? value : UINT64_MAX;
}

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
  put_hops(out, head);
  if (!context.request_id.empty()) out.line("X-Request-Id", context.request_id);
  if (!context.traceparent.empty()) out.line("traceparent", context.traceparent);
  if (!context.extra.empty()) out.put(context.extra);
  return out.finish();
}

}  // namespace gatehouse::http
