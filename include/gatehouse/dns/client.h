// Asking one DNS server: UDP first, repeated when nothing comes, TCP when the answer does not fit (RFC 1035 section 4.2, RFC 7766).
// Each question has its own socket, and so its own port, and a random id; what does not answer the question is passed over.
//
//   dns::Client client(loop, random);
//   auto answer = co_await client.ask(server, "_acme-challenge.a.test", dns::Type::kTxt, 5s);
//   Status done = co_await client.update({server, key}, dns::add_text(...), 5s);
//
// Errors: "dns-unreachable", "dns-timeout", "dns-message", "dns-tsig", "dns-unsigned", "dns-refused" (an update that the server did not make; the
// message has its word). Owner: whoever asks. Thread: the loop's. Stop: destroy the frames.
#pragma once

#include <chrono>
#include <string>
#include <string_view>

#include "gatehouse/base/result.h"
#include "gatehouse/dns/message.h"
#include "gatehouse/dns/tsig.h"
#include "gatehouse/net/address.h"
#include "gatehouse/runtime/loop.h"
#include "gatehouse/runtime/random.h"
#include "gatehouse/runtime/task.h"

namespace gatehouse::dns {

struct UpdateTarget {
  net::Endpoint server;
  TsigKey key;
};

class Client {
 public:
  Client(runtime::Loop& loop, runtime::Random& random) noexcept : loop_(loop), random_(random) {}

  // Recursion is desired: an authoritative server does not mind. Any rcode is an answer.
  runtime::Task<Result<Message>> ask(net::Endpoint server, std::string name, Type type, std::chrono::milliseconds deadline);

  // Signs the change, sends it, and verifies the answer. Its id is replaced.
  runtime::Task<Status> update(UpdateTarget target, Message change, std::chrono::milliseconds deadline);

  runtime::Loop& loop() const noexcept { return loop_; }

 private:
  std::uint16_t random_id();
  runtime::Task<Result<std::string>> exchange(net::Endpoint server, std::string request, std::chrono::milliseconds deadline);
  runtime::Task<Result<std::string>> over_udp(net::Endpoint server, std::string request, runtime::SteadyTime until);
  runtime::Task<Result<std::string>> over_tcp(net::Endpoint server, std::string request, runtime::SteadyTime until);

  runtime::Loop& loop_;
  runtime::Random& random_;
};

}  // namespace gatehouse::dns
