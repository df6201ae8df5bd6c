#include "gatehouse/dns/message.h"

#include <algorithm>
#include <array>

#include "wire.h"

namespace gatehouse::dns {

namespace {

constexpr std::size_t kMaxString = 255;
constexpr std::size_t kMaxLabel = 63;
constexpr std::size_t kMaxName = 255;
constexpr unsigned kResponse = 0x8000, kAuthoritative = 0x0400, kTruncated = 0x0200, kRecursion = 0x0100;

Error bad(std::string_view why) { return make_error("dns-message", std::string("a DNS message ").append(why)); }

unsigned flags_of(const Message& message) {
  return (message.response ? kResponse : 0U) | static_cast<unsigned>(message.opcode) << 11 | (message.authoritative ? kAuthoritative : 0U) |
         (message.truncated ? kTruncated : 0U) | (message.recursion_desired ? kRecursion : 0U) | (message.rcode & 0x0fU);
}

void take_flags(unsigned flags, Message& message) {
  message.response = (flags & kResponse) != 0;
  message.authoritative = (flags & kAuthoritative) != 0;
  message.truncated = (flags & kTruncated) != 0;
  message.recursion_desired = (flags & kRecursion) != 0;
  message.opcode = static_cast<Opcode>(flags >> 11 & 0x0f);
  message.rcode = static_cast<std::uint8_t>(flags & 0x0f);
}

bool names_another(Type type) { return type == Type::kNs || type == Type::kCname || type == Type::kSoa; }

// False: the strings do not fill the data.
bool take_strings(std::string_view data, std::vector<std::string>& strings) {
  Cursor cursor(data);
  while (!cursor.failed() && !cursor.at_end()) strings.emplace_back(cursor.bytes(cursor.u8()));
  return !cursor.failed();
}

bool take_record(Cursor& cursor, std::string_view whole, Record& record) {
  record.name = cursor.name();
  record.type = static_cast<Type>(cursor.u16());
  record.cls = static_cast<Class>(cursor.u16());
  record.ttl = cursor.u32();
  const std::size_t size = cursor.u16();
  const std::size_t start = cursor.at();
  record.data = cursor.bytes(size);
  if (cursor.failed()) return false;
  if (record.cls != Class::kIn || size == 0) return true;
  if (record.type == Type::kTxt) return take_strings(record.data, record.strings);
  if (!names_another(record.type)) return true;
  Cursor inside(whole.substr(0, start + size), start);
  record.target = inside.name();
  return !inside.failed();
}

bool take_records(Cursor& cursor, std::string_view whole, unsigned count, std::vector<Record>& records) {
  for (unsigned i = 0; i < count; ++i) {
    Record record;
    if (!take_record(cursor, whole, record)) return false;
    records.push_back(std::move(record));
  }
  return true;
}

Status put_record(std::string& out, const Record& record) {
  auto name = encode_name(record.name);
  if (!name) return std::move(name).error();
  if (record.data.size() > 0xffff) return bad("has too long a record");
  out += *name;
  put_u16(out, static_cast<unsigned>(record.type));
  put_u16(out, static_cast<unsigned>(record.cls));
  put_u32(out, record.ttl);
  put_u16(out, static_cast<unsigned>(record.data.size()));
  out += record.data;
  return {};
}

bool is_sent_in_names(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '*';
}

Message update(std::uint16_t id, std::string_view zone, Record change) {
  Message message;
  message.id = id;
  message.opcode = Opcode::kUpdate;
  message.questions.push_back({std::string(zone), Type::kSoa, Class::kIn});
  message.authority.push_back(std::move(change));
  return message;
}

}  // namespace

Result<Message> parse_message(std::string_view bytes) {
  if (bytes.size() > kMaxMessage) return bad("is too long");
  Cursor cursor(bytes);
  Message message;
  message.id = static_cast<std::uint16_t>(cursor.u16());
  take_flags(cursor.u16(), message);
  const unsigned questions = cursor.u16(), answers = cursor.u16(), authority = cursor.u16(), additional = cursor.u16();
  for (unsigned i = 0; i < questions && !cursor.failed(); ++i) {
    std::string name = cursor.name();
    const auto type = static_cast<Type>(cursor.u16());
    message.questions.push_back({std::move(name), type, static_cast<Class>(cursor.u16())});
  }
  const bool whole = !cursor.failed() && take_records(cursor, bytes, answers, message.answers) &&
                     take_records(cursor, bytes, authority, message.authority) &&
                     take_records(cursor, bytes, additional, message.additional);
  if (!whole) return bad("is damaged or cut off");
  if (!cursor.at_end()) return bad("has bytes behind its end");
  return message;
}

Result<std::string> encode_name(std::string_view name) {
  std::string wire;
  if (name.ends_with('.')) name.remove_suffix(1);
  while (!name.empty()) {
    const std::string_view label = name.substr(0, name.find('.'));
    if (label.empty() || label.size() > kMaxLabel || !std::all_of(label.begin(), label.end(), is_sent_in_names)) {
      return bad("cannot hold the name '" + std::string(name.substr(0, 80)) + "'");
    }
    wire.push_back(static_cast<char>(label.size()));
    for (const char c : label) wire.push_back(c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c);
    name.remove_prefix(std::min(name.size(), label.size() + 1));
  }
  wire.push_back('\0');
  if (wire.size() > kMaxName) return bad("cannot hold a name of more than 253 characters");
  return wire;
}

Result<std::string> encode_message(const Message& message) {
  std::string out;
  put_u16(out, message.id);
  put_u16(out, flags_of(message));
  for (const std::size_t count : {message.questions.size(), message.answers.size(), message.authority.size(), message.additional.size()}) {
    if (count > 0xffff) return bad("has too many records");
    put_u16(out, static_cast<unsigned>(count));
  }
  for (const Question& question : message.questions) {
    auto name = encode_name(question.name);
    if (!name) return std::move(name).error();
    out += *name;
    put_u16(out, static_cast<unsigned>(question.type));
    put_u16(out, static_cast<unsigned>(question.cls));
  }
  for (const auto* section : {&message.answers, &message.authority, &message.additional}) {
    for (const Record& record : *section) {
      if (Status put = put_record(out, record); !put) return std::move(put).error();
    }
  }
  if (out.size() > kMaxMessage) return bad("is too long");
  return out;
}

std::string text_data(std::string_view text) {
  std::string data;
  do {
    const std::string_view part = text.substr(0, kMaxString);
    data.push_back(static_cast<char>(part.size()));
    data += part;
    text.remove_prefix(part.size());
  } while (!text.empty());
  return data;
}

Message query(std::uint16_t id, std::string_view name, Type type, bool recursive) {
  Message message;
  message.id = id;
  message.recursion_desired = recursive;
  message.questions.push_back({std::string(name), type, Class::kIn});
  return message;
}

Message add_text(std::uint16_t id, std::string_view zone, std::string_view name, std::string_view text, std::uint32_t ttl) {
  return update(id, zone, {.name = std::string(name), .type = Type::kTxt, .cls = Class::kIn, .ttl = ttl, .data = text_data(text)});
}

Message remove_text(std::uint16_t id, std::string_view zone, std::string_view name, std::string_view text) {
  return update(id, zone, {.name = std::string(name), .type = Type::kTxt, .cls = Class::kNone, .ttl = 0, .data = text_data(text)});
}

std::string rcode_text(std::uint8_t rcode) {
  constexpr std::array<std::string_view, 11> kNames{"NOERROR", "FORMERR", "SERVFAIL", "NXDOMAIN", "NOTIMP", "REFUSED",
                                                    "YXDOMAIN", "YXRRSET", "NXRRSET", "NOTAUTH", "NOTZONE"};
  return rcode < kNames.size() ? std::string(kNames[rcode]) : "error " + std::to_string(rcode);
}

}  // namespace gatehouse::dns
