// PostgresHello: does this PostgreSQL accept sessions? As pg_isready asks: a StartupMessage; whoever answers with a request
// for authentication accepts, and so does an error other than 57P03 (cannot_connect_now: starting, stopping, recovering),
// which comes after that decision. No password is needed. With `tls` an SSLRequest goes first, and the server must agree.
// Sans-IO: send what take_output() gives, feed what comes. Values; nothing to stop. Source: PostgreSQL documentation,
// "Frontend/Backend Protocol", message flow and formats, version 3.0.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "gatehouse/health/monitor.h"

namespace gatehouse::health {

class PostgresHello {
 public:
  static constexpr std::size_t kMaxMessage = 16 * 1024;  // bytes of one message; more is a failure

  PostgresHello(std::string user, std::string database, bool tls);

  std::string take_output();  // what is to be sent now; empty: nothing
  bool wants_tls() const noexcept { return state_ == State::kHandshake; }  // make the TLS handshake, then say tls_done()
  void tls_done();
  std::optional<Outcome> feed(std::string_view bytes);  // nothing yet: more is needed
  Outcome closed() const;

 private:
  enum class State { kSslAnswer, kHandshake, kStartup };

  Outcome take_message(char type, std::string_view body) const;
  void ask_for_tls();
  void say_hello();

  std::string user_;
  std::string database_;
  State state_ = State::kStartup;
  std::string output_;
  std::string buffer_;
};

}  // namespace gatehouse::health
