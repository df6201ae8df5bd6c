#include <algorithm>
#include <bit>
#include <cstring>

#include "gatehouse/http/message.h"

namespace gatehouse::http {
namespace {

// A name of up to 24 bytes as three overlapping words. `letters` has 0x20 where the name has a letter: or-ed into the
// words of an unknown name it folds the case of just these places, so one comparison per word is exact.
struct Words {
  std::uint64_t first = 0, middle = 0, last = 0;
};

constexpr std::uint64_t word(std::string_view name, std::size_t at, std::size_t bytes) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < bytes; ++i)
    value |= static_cast<std::uint64_t>(static_cast<unsigned char>(name[at + i])) << (8 * i);
  return value;
}

constexpr Words words_of(std::string_view name) {
  const std::size_t size = name.size();
  if (size < 4) return {word(name, 0, size), 0, 0};
  if (size < 8) return {word(name, 0, 4), 0, word(name, size - 4, 4)};
  return {word(name, 0, 8), size > 16 ? word(name, 8, 8) : 0, word(name, size - 8, 8)};
}

template <class Word>
std::uint64_t load(const char* at) noexcept {
  Word value;
  std::memcpy(&value, at, sizeof value);
  return value;
}

Words load_words(std::string_view name) noexcept {
  if constexpr (std::endian::native != std::endian::little) return words_of(name);
  const std::size_t size = name.size();
  const char* at = name.data();
  if (size < 4) return words_of(name);
  if (size < 8) return {load<std::uint32_t>(at), 0, load<std::uint32_t>(at + size - 4)};
  return {load<std::uint64_t>(at), size > 16 ? load<std::uint64_t>(at + 8) : 0, load<std::uint64_t>(at + size - 8)};
}

struct Name {
  std::string_view text;
  FieldId id;
};

constexpr Name kNames[] = {  // by length
    {"te", FieldId::kTe}, {"via", FieldId::kVia}, {"host", FieldId::kHost}, {"date", FieldId::kDate},
    {"accept", FieldId::kAccept}, {"cookie", FieldId::kCookie}, {"origin", FieldId::kOrigin},
    {"server", FieldId::kServer}, {"expect", FieldId::kExpect}, {"upgrade", FieldId::kUpgrade},
    {"trailer", FieldId::kTrailer}, {"mcp-name", FieldId::kMcpName}, {"x-real-ip", FieldId::kXRealIp},
    {"x-api-key", FieldId::kXApiKey}, {"forwarded", FieldId::kForwarded}, {"user-agent", FieldId::kUserAgent},
    {"connection", FieldId::kConnection}, {"keep-alive", FieldId::kKeepAlive}, {"set-cookie", FieldId::kSetCookie},
    {"tracestate", FieldId::kTracestate}, {"mcp-method", FieldId::kMcpMethod},
    {"traceparent", FieldId::kTraceparent}, {"content-type", FieldId::kContentType},
    {"x-request-id", FieldId::kXRequestId}, {"max-forwards", FieldId::kMaxForwards},
    {"authorization", FieldId::kAuthorization}, {"last-event-id", FieldId::kLastEventId},
    {"content-length", FieldId::kContentLength}, {"mcp-session-id", FieldId::kMcpSessionId},
    {"http2-settings", FieldId::kHttp2Settings}, {"x-forwarded-for", FieldId::kXForwardedFor},
    {"content-encoding", FieldId::kContentEncoding}, {"x-forwarded-host", FieldId::kXForwardedHost},
    {"x-forwarded-port", FieldId::kXForwardedPort}, {"proxy-connection", FieldId::kProxyConnection},
    {"x-gatehouse-hops", FieldId::kXGatehouseHops},
    {"transfer-encoding", FieldId::kTransferEncoding}, {"x-forwarded-proto", FieldId::kXForwardedProto},
    {"x-accel-buffering", FieldId::kXAccelBuffering}, {"proxy-authenticate", FieldId::kProxyAuthenticate},
    {"proxy-authorization", FieldId::kProxyAuthorization}, {"mcp-protocol-version", FieldId::kMcpProtocolVersion},
};
static_assert(std::ranges::is_sorted(kNames, {}, [](const Name& name) { return name.text.size(); }));
constexpr std::size_t kCount = std::size(kNames);
constexpr std::size_t kLongest = 20;

struct Entry {
  Words name, letters;
};

struct Table {
  std::array<Entry, kCount> entries;
  std::array<std::uint8_t, kLongest + 2> first;  // entries of length n: first[n] … first[n + 1] - 1
};

consteval Table make_table() {
  Table table{};
  for (std::size_t i = 0; i < kCount; ++i) {
    char letters[kLongest] = {};
    const std::string_view text = kNames[i].text;
    for (std::size_t k = 0; k < text.size(); ++k) letters[k] = text[k] >= 'a' && text[k] <= 'z' ? 0x20 : 0;
    table.entries[i] = {words_of(text), words_of({letters, text.size()})};
    for (std::size_t n = text.size() + 1; n < table.first.size(); ++n) table.first[n] = static_cast<std::uint8_t>(i + 1);
  }
  return table;
}

constexpr Table kTable = make_table();

}  // namespace

FieldId classify_field(std::string_view name) noexcept {
  const std::size_t size = name.size();
  if (size > kLongest) return FieldId::kOther;
  const std::size_t begin = kTable.first[size];
  const std::size_t end = kTable.first[size + 1];
  if (begin == end) return FieldId::kOther;
  const Words given = load_words(name);
  for (std::size_t i = begin; i < end; ++i) {
    const Entry& entry = kTable.entries[i];
    if ((given.first | entry.letters.first) == entry.name.first && (given.last | entry.letters.last) == entry.name.last &&
        (given.middle | entry.letters.middle) == entry.name.middle)
      return kNames[i].id;
  }
  return FieldId::kOther;
}

}  // namespace gatehouse::http
