// DNS messages, sans-IO: as much as asking for a record and updating a zone need. Sources: RFC 1035 section 4, RFC 2136
// (updates), RFC 3597 (unknown types are opaque).
//
// Names are text without the final dot, in lower case: "_acme-challenge.a.test"; the root is "". A byte that no host name holds
// is written \DDD, and such a name cannot be sent. Error: "dns-message". Pure functions; any thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "gatehouse/base/result.h"

namespace gatehouse::dns {

inline constexpr std::size_t kMaxMessage = 65535;

enum class Type : std::uint16_t { kA = 1, kNs = 2, kCname = 5, kSoa = 6, kTxt = 16, kAaaa = 28, kTsig = 250, kAny = 255 };
enum class Class : std::uint16_t { kIn = 1, kNone = 254, kAny = 255 };
enum class Opcode : std::uint8_t { kQuery = 0, kUpdate = 5 };

struct Question {  // in an update: the zone
  std::string name;
  Type type = Type::kA;
  Class cls = Class::kIn;
  bool operator==(const Question&) const = default;
};

struct Record {
  std::string name;
  Type type = Type::kA;
  Class cls = Class::kIn;
  std::uint32_t ttl = 0;
  std::string data{};                  // as sent; names inside may be compressed
  std::string target{};                // NS, CNAME, SOA: the (first) name in it
  std::vector<std::string> strings{};  // TXT
};

struct Message {
  std::uint16_t id = 0;
  bool response = false;
  bool authoritative = false;
  bool truncated = false;
  bool recursion_desired = false;
  Opcode opcode = Opcode::kQuery;
  std::uint8_t rcode = 0;
  std::vector<Question> questions{};
  std::vector<Record> answers{};
  std::vector<Record> authority{};   // in an update: the changes
  std::vector<Record> additional{};
};

Result<Message> parse_message(std::string_view bytes);  // all of them
Result<std::string> encode_message(const Message& message);  // without compression

// In wire form: lower case, uncompressed.
Result<std::string> encode_name(std::string_view name);
std::string text_data(std::string_view text);  // of a TXT record: strings of at most 255 bytes

Message query(std::uint16_t id, std::string_view name, Type type, bool recursive);

// RFC 2136, sections 2.5.1 and 2.5.4. The name lies in the zone.
Message add_text(std::uint16_t id, std::string_view zone, std::string_view name, std::string_view text, std::uint32_t ttl);
Message remove_text(std::uint16_t id, std::string_view zone, std::string_view name, std::string_view text);

std::string rcode_text(std::uint8_t rcode);  // "REFUSED"

}  // namespace gatehouse::dns
