#include "gatehouse/health/postgres.h"

#include <cstdint>
#include <utility>

namespace gatehouse::health {

namespace {

using Verdict = Outcome::Verdict;

constexpr std::uint32_t kProtocol3 = 3 << 16;
constexpr std::uint32_t kSslRequest = 80877103;
constexpr std::size_t kHead = 5;  // type, length
constexpr std::string_view kCannotConnectNow = "57P03";

Outcome failed(std::string detail) { return {Verdict::kFailed, std::move(detail)}; }

void append_u32(std::string& out, std::uint32_t value) {
  for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(value >> shift & 0xff);
}

std::uint32_t read_u32(std::string_view bytes) {
  std::uint32_t value = 0;
  for (const char byte : bytes.substr(0, 4)) value = value << 8 | static_cast<std::uint8_t>(byte);
  return value;
}

// A field of an ErrorResponse: type byte, text, NUL; a NUL ends the list. Empty: there is none.
std::string_view error_field(std::string_view body, char type) {
  while (!body.empty() && body[0] != '\0') {
    const std::size_t end = body.find('\0', 1);
    if (end == std::string_view::npos) return {};
    if (body[0] == type) return body.substr(1, end - 1);
    body.remove_prefix(end + 1);
  }
  return {};
}

}  // namespace

PostgresHello::PostgresHello(std::string user, std::string database, bool tls)
    : user_(std::move(user)), database_(std::move(database)) {
  if (tls)
    ask_for_tls();
  else
    say_hello();
}

void PostgresHello::ask_for_tls() {
  append_u32(output_, 8);
  append_u32(output_, kSslRequest);
  state_ = State::kSslAnswer;
}

// A NUL would end the value, and what follows it would be read as another parameter.
void PostgresHello::say_hello() {
  std::string body;
  append_u32(body, kProtocol3);
  const std::pair<std::string_view, std::string_view> parameters[] = {
      {"user", user_}, {"database", database_.empty() ? user_ : database_}, {"application_name", "gatehouse"}};
  for (const auto& [name, value] : parameters) {
    body.append(name).append(1, '\0');
    body.append(value.substr(0, value.find('\0'))).append(1, '\0');
  }
  body.append(1, '\0');
  append_u32(output_, static_cast<std::uint32_t>(body.size() + 4));
  output_ += body;
  state_ = State::kStartup;
}

std::string PostgresHello::take_output() { return std::exchange(output_, {}); }

void PostgresHello::tls_done() { say_hello(); }

std::optional<Outcome> PostgresHello::feed(std::string_view bytes) {
  if (bytes.empty()) return std::nullopt;
  if (state_ == State::kHandshake) return failed("sent bytes before the TLS handshake");
  if (state_ == State::kSslAnswer) {
    // Nothing may follow the answer in the clear: whoever sends it wants to be taken for what comes encrypted.
    if (bytes.size() > 1) return failed("answers, but not like PostgreSQL");
    if (bytes[0] == 'N') return failed("PostgreSQL refuses TLS");
    if (bytes[0] != 'S') return failed("answers, but not like PostgreSQL");
    state_ = State::kHandshake;
    return std::nullopt;
  }
  buffer_.append(bytes.substr(0, kMaxMessage + kHead));
  if (buffer_.size() < kHead) return std::nullopt;
  const std::size_t length = read_u32(std::string_view(buffer_).substr(1));
  if (length < 4 || length > kMaxMessage) return failed("answers, but not like PostgreSQL");
  if (buffer_.size() < length + 1) return std::nullopt;
  return take_message(buffer_[0], std::string_view(buffer_).substr(kHead, length - 4));
}

Outcome PostgresHello::take_message(char type, std::string_view body) const {
  if (type == 'R' && body.size() >= 4) return {Verdict::kPassed, {}};
  if (type != 'E') return failed("answers, but not like PostgreSQL");
  const std::string_view code = error_field(body, 'C');
  if (code.size() != 5) return failed("answers, but not like PostgreSQL");
  if (code != kCannotConnectNow) return {Verdict::kPassed, {}};
  return failed("PostgreSQL answers: " + std::string(error_field(body, 'M')));
}

Outcome PostgresHello::closed() const { return failed("closed the connection before it answered"); }

}  // namespace gatehouse::health
