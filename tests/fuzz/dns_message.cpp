// What a DNS server answers: messages and their signatures.
#include <cstdint>
#include <string>

#include "gatehouse/base/check.h"
#include "gatehouse/dns/message.h"
#include "gatehouse/dns/tsig.h"

using namespace gatehouse;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const auto message = dns::parse_message(bytes);
  // Nobody without the key makes a signature that verifies.
  GATEHOUSE_CHECK(!dns::verify(bytes, {"key", Secret("secret of 16 byte")}, "mac", runtime::WallTime(std::chrono::hours(500'000))));
  if (!message) return 0;
  for (const auto* section : {&message->answers, &message->authority, &message->additional}) {
    for (const dns::Record& record : *section) GATEHOUSE_CHECK(record.name.size() <= 4 * 255 && record.target.size() <= 4 * 255);
  }
  // What can be sent again is read as the same.
  dns::Message questions;
  questions.id = message->id;
  questions.questions = message->questions;
  const auto sent = dns::encode_message(questions);
  if (sent) GATEHOUSE_CHECK(dns::parse_message(*sent)->questions == message->questions);
  return 0;
}
