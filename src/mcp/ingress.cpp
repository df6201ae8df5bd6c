#include "ingress.h"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "gatehouse/base/encoding.h"
#include "gatehouse/http/media.h"
#include "protocol.h"

namespace gatehouse::mcp {

namespace {

using http::FieldId;

Refusal version_refusal(std::string_view requested) {
  std::string data = R"({"supported":)" + std::string(kSupportedVersions) + R"(,"requested":)";
  append_json_string(data, requested);
  return {400, kUnsupportedVersion, "unsupported_version", "Unsupported protocol version", std::move(data += '}')};
}

struct Row {
  int status;
  int code;
  const char* reason;
  const char* message;
  bool (*fails)(const http::RequestHead&, const Envelope&);
};

const Raw& name_source(const Envelope& envelope) noexcept {
  static constexpr Raw kNone;
  struct Source {
    std::string_view method;
    Raw Envelope::*member;
  };
  static constexpr std::array<Source, 6> kSources = {{{"tools/call", &Envelope::name},
                                                      {"prompts/get", &Envelope::name},
                                                      {"resources/read", &Envelope::uri},
                                                      {"tasks/get", &Envelope::task_id},
                                                      {"tasks/update", &Envelope::task_id},
                                                      {"tasks/cancel", &Envelope::task_id}}};
  for (const Source& source : kSources)
    if (source.method == envelope.method) return envelope.*source.member;
  return kNone;
}

bool no_meta(const http::RequestHead&, const Envelope& envelope) {
  const bool request = envelope.kind == Kind::kRequest;
  if (!request && envelope.meta_version.empty()) return false;
  return envelope.meta_version.empty() || envelope.meta_version.front() != '"';
}

bool no_capabilities(const http::RequestHead&, const Envelope& envelope) {
  return envelope.kind == Kind::kRequest && !envelope.meta_capabilities.starts_with('{');
}

std::string meta_version(const Envelope& envelope) { return decode_string(envelope.meta_version).value_or(""); }

bool version_header_differs(const http::RequestHead& head, const Envelope& envelope) {
  const http::Field* header = head.fields.find(FieldId::kMcpProtocolVersion);
  if (header == nullptr) return envelope.kind == Kind::kRequest;
  return header->value != kModern;
}

bool method_header_differs(const http::RequestHead& head, const Envelope& envelope) {
  const http::Field* header = head.fields.find(FieldId::kMcpMethod);
  if (header == nullptr) return envelope.kind == Kind::kRequest;
  return header->value != envelope.method;
}

bool name_header_differs(const http::RequestHead& head, const Envelope& envelope) {
  const http::Field* header = head.fields.find(FieldId::kMcpName);
  const Raw source = name_source(envelope);
  if (source.empty() || envelope.kind != Kind::kRequest) return false;
  const std::optional<std::string> expected = decode_string(source);
  if (!expected) return false;  // not a string: invalid parameters, for the server to say
  std::string decoded;
  return header == nullptr || !decode_header_value(header->value, decoded) || decoded != *expected;
}

bool param_header_malformed(const http::RequestHead& head, const Envelope&) {
  std::string decoded;
  for (const http::Field& field : head.fields)
    if (is_param_header(field.name) && !decode_header_value(field.value, decoded)) return true;
  return false;
}

bool repeated(const http::RequestHead& head, std::initializer_list<FieldId> ids) {
  return std::any_of(ids.begin(), ids.end(), [&](FieldId id) {
    return std::count_if(head.fields.begin(), head.fields.end(), [id](const auto& field) { return field.id == id; }) > 1;
  });
}

bool repeated_header(const http::RequestHead& head, const Envelope&) {
  return repeated(head, {FieldId::kMcpProtocolVersion, FieldId::kMcpMethod, FieldId::kMcpName});
}

bool is_removed(const http::RequestHead&, const Envelope& envelope) {
  return envelope.kind == Kind::kRequest && is_removed_in_modern(envelope.method);
}

bool is_response(const http::RequestHead&, const Envelope& envelope) { return envelope.kind == Kind::kResponse; }

constexpr Row kBeforeVersion[] = {
    {400, kInvalidRequest, "response_not_allowed", "Responses are not sent in this protocol version", is_response},
    {400, kInvalidParams, "meta_missing", "Missing io.modelcontextprotocol/protocolVersion in params._meta", no_meta},
    {400, kInvalidParams, "capabilities_missing", "Missing io.modelcontextprotocol/clientCapabilities in params._meta",
     no_capabilities},
};

constexpr Row kAfterVersion[] = {
    {400, kHeaderMismatch, "header_repeated", "A header of the protocol is repeated", repeated_header},
    {400, kHeaderMismatch, "version_header", "MCP-Protocol-Version is missing or differs from params._meta",
     version_header_differs},
    {400, kHeaderMismatch, "method_header", "Mcp-Method is missing or differs from the method", method_header_differs},
    {400, kHeaderMismatch, "name_header", "Mcp-Name is missing, malformed or differs from the parameters",
     name_header_differs},
    {400, kHeaderMismatch, "param_header", "An Mcp-Param header is malformed", param_header_malformed},
    {404, kMethodNotFound, "method_removed", "Method not found", is_removed},
};

template <std::size_t N>
Refusal first_failing(const Row (&rows)[N], const http::RequestHead& head, const Envelope& envelope) {
  for (const Row& row : rows)
    if (row.fails(head, envelope)) return {row.status, row.code, row.reason, row.message, {}};
  return {};
}

}  // namespace

Refusal check_media(const http::RequestHead& head) {
  if (!http::is_media_type(head.fields.value(FieldId::kContentType), "application/json"))
    return {415, kInvalidRequest, "content_type", "Content-Type must be application/json", {}};
  if (const http::Field* coding = head.fields.find(FieldId::kContentEncoding);
      coding != nullptr && !http::equals_ignoring_case(coding->value, "identity"))
    return {415, kInvalidRequest, "content_encoding", "Content-Encoding is not supported", {}};
  const std::string_view accept = head.fields.value(FieldId::kAccept);
  if (!http::accepts(accept, "application/json") || !http::accepts(accept, "text/event-stream"))
    return {406, kInvalidRequest, "accept", "Accept must allow application/json and text/event-stream", {}};
  return {};
}

Era era_of(const http::RequestHead& head, const Envelope& envelope) noexcept {
  if (!envelope.meta_version.empty() && envelope.kind != Kind::kResponse) return Era::kModern;
  return head.fields.value(FieldId::kMcpProtocolVersion) == kModern ? Era::kModern : Era::kLegacy;
}

Refusal check_shape(const http::RequestHead& head, const Envelope& envelope) {
  switch (envelope.kind) {
    case Kind::kBadJson: return {400, kParseError, "bad_json", "Parse error: " + std::string(envelope.problem), {}};
    case Kind::kBadShape: return {400, kInvalidRequest, "bad_message", "Invalid request: " + std::string(envelope.problem), {}};
    case Kind::kBatch: {
      const http::Field* version = head.fields.find(FieldId::kMcpProtocolVersion);
      if (version == nullptr || version->value == kLegacyWithBatches) return {};
      return {400, kInvalidRequest, "batch", "Batches are not supported in this protocol version", {}};
    }
    case Kind::kRequest:
    case Kind::kNotification:
    case Kind::kResponse: return {};
  }
  return {};
}

Refusal check_modern(const http::RequestHead& head, const Envelope& envelope) {
  if (Refusal refusal = first_failing(kBeforeVersion, head, envelope)) return refusal;
  if (!envelope.meta_version.empty()) {
    const std::string version = meta_version(envelope);
    if (version != kModern) return version_refusal(version);
  }
  return first_failing(kAfterVersion, head, envelope);
}

Refusal check_legacy(const http::RequestHead& head) {
  if (repeated(head, {FieldId::kMcpProtocolVersion, FieldId::kMcpSessionId}))
    return {400, kInvalidRequest, "header_repeated", "A header of the protocol is repeated", {}};
  const http::Field* header = head.fields.find(FieldId::kMcpProtocolVersion);
  if (header == nullptr || is_legacy_version(header->value)) return {};
  Refusal refusal = version_refusal(header->value);
  refusal.code = kInvalidRequest;  // -32022 belongs to 2026-07-28
  refusal.message = "Bad Request: Unsupported protocol version (supported versions: 2025-11-25, 2025-06-18, 2025-03-26)";
  return refusal;
}

std::string subject_of(const Envelope& envelope) { return decode_string(name_source(envelope)).value_or(""); }

Refusal draining_refusal() { return {503, kInternalError, "draining", "The gateway is shutting down", {}}; }

http::Response refusal_response(const Refusal& refusal, Raw id) {
  http::Response response;
  response.status = refusal.status;
  response.content_type = "application/json";
  response.body = error_body(id, refusal);
  if (refusal.status == 405) response.headers.emplace_back("Allow", refusal.reason == kOnlyPost ? "POST" : "GET, POST, DELETE");
  if (refusal.status == 429 || refusal.status == 503) response.headers.emplace_back("Retry-After", "5");
  if (refusal.status == 401) response.headers.emplace_back("WWW-Authenticate", "Bearer");
  return response;
}

}  // namespace gatehouse::mcp
