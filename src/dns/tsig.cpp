#include "gatehouse/dns/tsig.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "gatehouse/base/check.h"
#include "gatehouse/dns/message.h"
#include "wire.h"

namespace gatehouse::dns {

namespace {

constexpr std::string_view kAlgorithm = "hmac-sha256";
constexpr unsigned kFudge = 300;  // seconds by which clocks may differ
constexpr std::size_t kHeader = 12;
constexpr std::size_t kAdditionalCount = 10;  // where it stands in the header
constexpr std::size_t kMacSize = 32;

Error refused(std::string why, std::string help = {}) { return make_error("dns-tsig", std::move(why), std::move(help)); }

std::string hmac(const Secret& key, std::string_view input) {
  std::string mac(EVP_MAX_MD_SIZE, '\0');
  std::size_t size = 0;
  const auto* bytes = reinterpret_cast<const unsigned char*>(input.data());
  GATEHOUSE_CHECK(EVP_Q_mac(nullptr, "HMAC", nullptr, "SHA256", nullptr, key.reveal().data(), key.reveal().size(), bytes, input.size(),
                            reinterpret_cast<unsigned char*>(mac.data()), mac.size(), &size) != nullptr);
  mac.resize(size);
  return mac;
}

struct Fields {  // of the record's data, RFC 8945 section 4.2
  std::string algorithm;
  std::uint64_t time = 0;
  unsigned fudge = kFudge;
  std::string mac;
  unsigned original_id = 0;
  unsigned error = 0;
  std::string other;
};

// What is signed besides the message (section 4.3.3).
std::string variables(std::string_view key_name, const Fields& fields) {
  std::string out(key_name);
  put_u16(out, static_cast<unsigned>(Class::kAny));
  put_u32(out, 0);
  out += fields.algorithm;
  put_u48(out, fields.time);
  put_u16(out, fields.fudge);
  put_u16(out, fields.error);
  put_u16(out, static_cast<unsigned>(fields.other.size()));
  return out + fields.other;
}

unsigned u16_at(std::string_view bytes, std::size_t at) { return Cursor(bytes, at).u16(); }

void set_u16(std::string& bytes, std::size_t at, unsigned value) {
  std::string text;
  put_u16(text, value);
  bytes.replace(at, 2, text);
}

struct Found {
  std::size_t start = 0;  // of the record
  std::string key_name;
  Fields fields;
};

// The last record, which must be a TSIG. The message was parsed already: offsets are good.
Result<Found> find_record(std::string_view message) {
  const auto parsed = parse_message(message);
  if (!parsed) return parsed.error();
  const Record* const last = parsed->additional.empty() ? nullptr : &parsed->additional.back();
  if (last == nullptr || last->type != Type::kTsig || last->cls != Class::kAny || last->ttl != 0) {
    return make_error("dns-unsigned", "the DNS server's answer is not signed");
  }
  Cursor cursor(message, kHeader);
  for (std::size_t i = 0; i < parsed->questions.size(); ++i) {
    cursor.name();
    cursor.u32();
  }
  const std::size_t records = parsed->answers.size() + parsed->authority.size() + parsed->additional.size();
  Found found;
  for (std::size_t i = 0; i < records; ++i) {
    found.start = cursor.at();
    cursor.name();
    cursor.bytes(8);
    cursor.bytes(cursor.u16());
  }
  Cursor record(message, found.start);
  found.key_name = record.name();
  record.bytes(10);
  auto algorithm = encode_name(record.name());
  if (!algorithm) return refused("the DNS server signs in another way");
  found.fields.algorithm = *std::move(algorithm);
  found.fields.time = static_cast<std::uint64_t>(record.u16()) << 32;
  found.fields.time |= record.u32();
  found.fields.fudge = record.u16();
  found.fields.mac = record.bytes(record.u16());
  found.fields.original_id = record.u16();
  found.fields.error = record.u16();
  found.fields.other = record.bytes(record.u16());
  if (record.failed() || !record.at_end()) return refused("the DNS server's signature is damaged");
  return found;
}

std::uint64_t seconds_of(runtime::WallTime now) {
  return static_cast<std::uint64_t>(std::chrono::floor<std::chrono::seconds>(now).time_since_epoch().count());
}

Status told_error(unsigned error) {
  switch (error) {
    case 0: return {};
    case 16: return refused("the DNS server says BADSIG", "is the key's secret the server's?");
    case 17: return refused("the DNS server says BADKEY", "the server knows no key of this name");
    case 18: return refused("the DNS server says BADTIME", "the clocks differ by more than five minutes");
    default: return refused("the DNS server refuses the signature: error " + std::to_string(error));
  }
}

}  // namespace

Result<Signed> sign(std::string message, const TsigKey& key, runtime::WallTime now) {
  auto name = encode_name(key.name);
  auto algorithm = encode_name(kAlgorithm);
  if (!name) return std::move(name).error();
  Fields fields{.algorithm = *algorithm, .time = seconds_of(now), .mac = {}, .original_id = u16_at(message, 0), .other = {}};
  fields.mac = hmac(key.secret, message + variables(*name, fields));

  std::string data = fields.algorithm;
  put_u48(data, fields.time);
  put_u16(data, fields.fudge);
  put_u16(data, static_cast<unsigned>(fields.mac.size()));
  data += fields.mac;
  put_u16(data, fields.original_id);
  put_u16(data, fields.error);
  put_u16(data, 0);
  set_u16(message, kAdditionalCount, u16_at(message, kAdditionalCount) + 1);
  message += *name;
  put_u16(message, static_cast<unsigned>(Type::kTsig));
  put_u16(message, static_cast<unsigned>(Class::kAny));
  put_u32(message, 0);
  put_u16(message, static_cast<unsigned>(data.size()));
  return Signed{message + data, std::move(fields.mac)};
}

Status verify(std::string_view answer, const TsigKey& key, std::string_view request_mac, runtime::WallTime now) {
  auto found = find_record(answer);
  if (!found) return std::move(found).error();
  const Fields& fields = found->fields;
  const auto name = encode_name(found->key_name);
  const auto own_name = encode_name(key.name);
  if (!name || !own_name || *name != *own_name || fields.algorithm != *encode_name(kAlgorithm)) {
    return refused("the DNS server signs with another key");
  }
  if (Status told = told_error(fields.error); !told) return told;

  std::string input;
  put_u16(input, static_cast<unsigned>(request_mac.size()));
  input += request_mac;
  std::string message(answer.substr(0, found->start));
  set_u16(message, 0, fields.original_id);
  set_u16(message, kAdditionalCount, u16_at(message, kAdditionalCount) - 1);
  const std::string expected = hmac(key.secret, input + message + variables(*name, fields));
  if (fields.mac.size() != kMacSize || CRYPTO_memcmp(fields.mac.data(), expected.data(), kMacSize) != 0) {
    return refused("the DNS server's signature is wrong");
  }
  const std::uint64_t time = seconds_of(now);
  const std::uint64_t apart = time > fields.time ? time - fields.time : fields.time - time;
  if (apart > fields.fudge) return refused("the DNS server's clock differs by " + std::to_string(apart) + " s");
  return {};
}

}  // namespace gatehouse::dns
