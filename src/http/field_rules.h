// Which fields pass, one rule for each FieldId. Private to the room.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "gatehouse/http/message.h"

namespace gatehouse::http {

enum class Rule : std::uint8_t {
  kKeep,
  kHop,         // of this hop alone (P-15), or written anew: never copied
  kHost,
  kForwarding,  // X-Forwarded-…, X-Real-IP, Forwarded: written by us in a request
  kRequestId,
  kTraceparent,
  kTracestate,
  kServer,
  kDate,
  kLength,
  kUnknown,     // by name
};
inline constexpr std::size_t kFieldIds = static_cast<std::size_t>(FieldId::kXRequestId) + 1;

consteval std::array<Rule, kFieldIds> make_rules() {
  std::array<Rule, kFieldIds> rules{};
  auto set = [&rules](Rule rule, auto... ids) { ((rules[static_cast<std::size_t>(ids)] = rule), ...); };
  set(Rule::kUnknown, FieldId::kOther);
  set(Rule::kHop, FieldId::kConnection, FieldId::kExpect, FieldId::kHttp2Settings, FieldId::kKeepAlive,
      FieldId::kProxyAuthenticate, FieldId::kProxyAuthorization, FieldId::kProxyConnection, FieldId::kTe,
      FieldId::kTrailer, FieldId::kTransferEncoding, FieldId::kUpgrade, FieldId::kXGatehouseHops);
  set(Rule::kHost, FieldId::kHost);
  set(Rule::kLength, FieldId::kContentLength);
  set(Rule::kForwarding, FieldId::kForwarded, FieldId::kXForwardedFor, FieldId::kXForwardedHost,
      FieldId::kXForwardedPort, FieldId::kXForwardedProto, FieldId::kXRealIp);
  set(Rule::kRequestId, FieldId::kXRequestId);
  set(Rule::kTraceparent, FieldId::kTraceparent);
  set(Rule::kTracestate, FieldId::kTracestate);
  set(Rule::kServer, FieldId::kServer);
  set(Rule::kDate, FieldId::kDate);
  return rules;
}
inline constexpr std::array<Rule, kFieldIds> kRules = make_rules();
inline Rule rule_of(FieldId id) noexcept { return kRules[static_cast<std::size_t>(id)]; }

// True: Connection names something besides close, keep-alive, upgrade and te.
bool nominates(const Fields& fields) noexcept;
// True: some Connection field of `fields` names this one and it may be removed for that (P-15).
bool nominated(const Fields& fields, const Field& field) noexcept;

// A name of kind kOther that must not reach the upstream. `trusted`: the peer is a trusted proxy.
bool forgeable(std::string_view name, bool trusted, bool keep_underscore_names) noexcept;

}  // namespace gatehouse::http
