// HTTP messages as the edge sees them: views into the bytes that were received, nothing copied.
// Sources: RFC 9110 (semantics), RFC 9112 (HTTP/1.1). Lifetime: a head's views are valid while its buffer is.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace gatehouse::http {

enum class Method : std::uint8_t { kGet, kHead, kPost, kPut, kDelete, kOptions, kPatch, kTrace, kConnect, kOther };
inline constexpr std::size_t kMethods = 10;

// Fields that some part of the daemon looks at; found by length and first letters, no hashing, no allocation.
enum class FieldId : std::uint8_t {
  kOther, kAccept, kAuthorization, kConnection, kContentLength, kContentType, kContentEncoding, kCookie, kDate, kExpect,
  kForwarded, kHost, kHttp2Settings, kKeepAlive, kLastEventId, kMaxForwards, kMcpMethod, kMcpName, kMcpProtocolVersion,
  kMcpSessionId, kOrigin, kProxyAuthenticate, kProxyAuthorization, kProxyConnection, kServer, kSetCookie, kTe,
  kTraceparent, kTracestate, kTrailer, kTransferEncoding, kUpgrade, kUserAgent, kVia, kXAccelBuffering, kXApiKey,
  kXForwardedFor, kXForwardedHost, kXForwardedPort, kXForwardedProto, kXGatehouseHops, kXRealIp, kXRequestId,
};

struct Field {
  std::string_view name;   // as received, case kept
  std::string_view value;  // without surrounding white space
  FieldId id = FieldId::kOther;
};

inline constexpr std::size_t kMaxFields = 100;

class Fields {
 public:
  bool add(const Field& field) noexcept {  // false: there are kMaxFields already
    if (size_ == kMaxFields) return false;
    fields_[size_++] = field;
    return true;
  }
  void clear() noexcept { size_ = 0; }
  const Field* begin() const noexcept { return fields_.data(); }
  const Field* end() const noexcept { return fields_.data() + size_; }
  std::size_t size() const noexcept { return size_; }
  const Field* find(FieldId id) const noexcept {
    for (const Field& field : *this)
      if (field.id == id) return &field;
    return nullptr;
  }
  const Field* only(FieldId id) const noexcept {  // null when absent or repeated
    const Field* field = find(id);
    for (const Field* other = field; other != nullptr && ++other != end();)
      if (other->id == id) return nullptr;
    return field;
  }
  std::string_view value(FieldId id) const noexcept {  // empty when absent
    const Field* field = find(id);
    return field == nullptr ? std::string_view() : field->value;
  }
  const Field* find(std::string_view name) const noexcept;  // any name, case-insensitive

 private:
  std::array<Field, kMaxFields> fields_;
  std::size_t size_ = 0;
};

enum class Framing : std::uint8_t { kNone, kLength, kChunked, kUntilClose };  // kUntilClose: responses only

struct RequestHead {
  std::string_view method;
  std::string_view target;     // as received
  std::string_view path;       // normalised (P-14); what is routed, authorised and forwarded. "*" for OPTIONS *
  std::string_view query;      // with its leading '?', or empty
  std::string_view authority;  // host[:port] of the absolute form, else of Host; empty only in HTTP/1.0
  std::string_view host;       // authority without port, as received; compare case-insensitively
  Fields fields;
  std::string path_storage;    // holds `path` when normalising changed it; capacity is kept from request to request
  std::uint64_t content_length = 0;
  std::size_t size = 0;        // bytes of the head in the buffer, blank line included
  Method method_id = Method::kOther;
  std::uint8_t minor_version = 1;
  std::uint8_t hops = 0;       // daemons like this one that it passed (X-Gatehouse-Hops); 255: nobody knows
  Framing framing = Framing::kNone;
  bool keep_alive = true;
  bool expects_continue = false;
  bool upgrade = false;        // Connection names upgrade, Upgrade is present, GET, HTTP/1.1
  bool accepts_trailers = false;  // TE: trailers
};

struct ResponseHead {
  std::string_view reason;
  Fields fields;
  std::uint64_t content_length = 0;
  std::size_t size = 0;
  int status = 0;
  std::uint8_t minor_version = 1;
  Framing framing = Framing::kNone;
  bool keep_alive = true;
};

struct HeadLimits {
  std::size_t head_bytes = 32 * 1024;
  std::size_t target_bytes = 8 * 1024;
  std::size_t field_bytes = 16 * 1024;
};

std::string_view reason_phrase(int status) noexcept;  // "Not Found"; "Unknown" for what has no phrase
bool equals_ignoring_case(std::string_view a, std::string_view b) noexcept;  // ASCII
FieldId classify_field(std::string_view name) noexcept;

}  // namespace gatehouse::http
