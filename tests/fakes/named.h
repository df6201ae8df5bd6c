// BIND, as a peer: authoritative for a.test (with the delegation b.test → CNAME into dyn.a.test) and dyn.a.test, both updated with the
// key "update-key". It also answers as a resolver for what it holds.
#pragma once

#include <arpa/inet.h>
#include <sys/socket.h>

#include <memory>
#include <string>

#include "fakes/loop_runner.h"
#include "fakes/scratch_directory.h"
#include "gatehouse/base/unique_fd.h"
#include "gatehouse/dns/client.h"
#include "gatehouse/net/address.h"
#include "gatehouse/runtime/process.h"

namespace gatehouse::fakes {

// A port that is free now, on UDP and TCP of 127.0.0.1.
inline std::uint16_t free_port() {
  for (;;) {
    const UniqueFd udp(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)), tcp(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{.sin_family = AF_INET, .sin_port = 0, .sin_addr = {htonl(INADDR_LOOPBACK)}, .sin_zero = {}};
    socklen_t size = sizeof address;
    if (::bind(udp.get(), reinterpret_cast<sockaddr*>(&address), size) == 0 &&
        ::getsockname(udp.get(), reinterpret_cast<sockaddr*>(&address), &size) == 0 &&
        ::bind(tcp.get(), reinterpret_cast<sockaddr*>(&address), size) == 0) {
      return ntohs(address.sin_port);
    }
  }
}

class Named {
 public:
  static constexpr const char* kSecret = "0123456789abcdef0123456789abcdef";

  // Null when it does not start.
  static std::unique_ptr<Named> start(LoopRunner& runner, runtime::Random& random) {
    for (int attempt = 0; attempt < 3; ++attempt) {
      std::unique_ptr<Named> named(new Named());
      if (named->run(runner, random)) return named;
    }
    return nullptr;
  }

  net::Endpoint endpoint() const { return *net::to_endpoint({.host = "127.0.0.1", .port = port_}); }
  dns::TsigKey key() const { return {"update-key", Secret(kSecret)}; }

 private:
  Named() {
    directory_.write("a.zone", "$TTL 1\n@ SOA ns.a.test. root.a.test. 1 60 60 60 1\n@ NS ns.a.test.\nns A 127.0.0.1\n"
                               "_acme-challenge.b CNAME b.dyn.a.test.\ndyn NS ns.a.test.\n");
    directory_.write("dyn.zone", "$TTL 1\n@ SOA ns.a.test. root.a.test. 1 60 60 60 1\n@ NS ns.a.test.\n");
    // It follows CNAMEs between its zones only as a resolver; with a root of its own it asks nobody else.
    directory_.write("root.zone", "$TTL 1\n@ SOA ns.a.test. root.a.test. 1 60 60 60 1\n@ NS ns.a.test.\n");
    directory_.write("named.conf",
                     "key update-key { algorithm hmac-sha256; secret \"MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=\"; };\n"
                     "key other-key { algorithm hmac-sha256; secret \"MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=\"; };\n"
                     "options { directory \"" + directory_.path() + "\"; listen-on { 127.0.0.1; }; listen-on-v6 { none; }; recursion yes; allow-recursion { 127.0.0.1; };\n"
                     "  pid-file none; session-keyfile none; dnssec-validation no; notify no; empty-zones-enable no; };\n"
                     "controls { };\n"
                     "zone \".\" { type primary; file \"root.zone\"; };\n"
                     "zone a.test { type primary; file \"a.zone\"; allow-update { key update-key; }; };\n"
                     "zone dyn.a.test { type primary; file \"dyn.zone\"; allow-update { key update-key; }; };\n");
  }

  bool run(LoopRunner& runner, runtime::Random& random) {
    port_ = free_port();
    auto process = runtime::Process::spawn(runner.loop, {.argv = {"/usr/sbin/named", "-g", "-n", "1", "-c", directory_.file("named.conf"), "-p", std::to_string(port_)},
                                                         .environment = {}, .directory = directory_.path()}, nullptr);
    if (!process) return false;
    process_ = *std::move(process);
    dns::Client client(runner.loop, random);
    for (int i = 0; i < 100 && !process_->exited(); ++i) {
      drain();
      auto answer = runner.run(client.ask(endpoint(), "dyn.a.test", dns::Type::kSoa, std::chrono::milliseconds(900)));
      if (answer && !answer->answers.empty()) return true;
      runner.until([] { return false; }, std::chrono::milliseconds(50));
    }
    return false;
  }
  void drain() {
    char buffer[4096];
    while (process_->read_errors(buffer).value_or(0) > 0) {}
    while (process_->read_output(buffer).value_or(0) > 0) {}
  }

  ScratchDirectory directory_;
  std::uint16_t port_ = 0;
  std::unique_ptr<runtime::Process> process_;
};

}  // namespace gatehouse::fakes
