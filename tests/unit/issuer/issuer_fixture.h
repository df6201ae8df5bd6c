// The driver against the fake authority behind TLS. Time is manual: it passes while the loop turns.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>

#include "fakes/acme_ca.h"
#include "issuer_world.h"

namespace gatehouse::issuer {

using acme::Done;
using acme::Outcome;
using fakes::AcmeCa;

inline std::string wire(const acme::Answer& answer, bool head) {
  std::string text = "HTTP/1.1 " + std::to_string(answer.status) + " X\r\nConnection: close\r\n";
  for (const auto& [name, value] : answer.headers) text += name + ": " + value + "\r\n";
  if (answer.status != 204) text += "Content-Length: " + std::to_string(answer.body.size()) + "\r\n";
  return text + "\r\n" + (head ? std::string() : answer.body);
}

class IssuerTest : public ::testing::Test {
 protected:
  // An authority at its own port.
  struct Site {
    Site(IssuerTest& test) : ca(test.clock, "https://127.0.0.1:" + std::to_string(reserve(test))) {
      server = std::make_unique<fakes::LoopServer>(test.runner.loop, port, fakes::ServerScript{.tls = [&test] { return test.context; },
                                                                                                .answer = [this](const fakes::Asked& asked) { return answer(asked); }});
      ca.validate = [&test](const AcmeCa::Proof& proof) { return test.shows(proof); };
    }
    std::uint16_t reserve(IssuerTest& test) {
      auto listening = net::listen({.host = "127.0.0.1", .port = 0});
      static_cast<void>(test);
      return port = net::local_endpoint(listening->get())->port();
    }
    std::string answer(const fakes::Asked& asked) {
      const bool head = asked.method == "HEAD";
      acme::Request request{.method = head ? acme::Method::kHead : asked.method == "POST" ? acme::Method::kPost : acme::Method::kGet,
                            .url = "https://127.0.0.1:" + std::to_string(port) + asked.target, .body = asked.body,
                            .accept = asked.target.starts_with("/cert") || asked.target.starts_with("/alt") ? "application/pem-certificate-chain" : ""};
      return wire(ca.handle(request), head);
    }
    acme::Authority authority() const { return {.directory = ca.directory_url(), .contacts = {"mailto:ops@a.test"}}; }
    std::uint16_t port = 0;
    AcmeCa ca;
    std::unique_ptr<fakes::LoopServer> server;
  };

  IssuerTest() {
    const auto leaf = root.issue({.common_name = "ca", .names = "IP:127.0.0.1", .ends = fakes::TestCa::kLong});
    auto built = tls::Context::build({.certificates = {*tls::Certificate::parse(leaf.chain, leaf.key, clock.wall())}});
    context = *built;
    ca_file = scratch.write("ca.pem", root.pem());
  }
  bool shows(const AcmeCa::Proof& proof) {
    for (const Node* node : nodes) {
      const auto found = node->tokens.find(proof.token);
      if (proof.type == "http-01" && found != nullptr && *found == proof.key_authorization) return true;
    }
    return false;
  }
  IssuerSettings settings(std::vector<std::vector<std::string>> names = {{"a.test"}}) {
    IssuerSettings made{.node = {}, .authorities = {{.production = site.authority(), .ca_file = ca_file}}, .tick = 1s};
    for (const auto& list : names) made.certificates.push_back({.names = *pki::parse_names(list)});
    return made;
  }
  Node& node(std::string name) {
    owned.push_back(std::make_unique<Node>(runner, scratch.file("certificates"), std::move(name)));
    nodes.push_back(owned.back().get());
    return *owned.back();
  }
  Issuer& start(Node& at, IssuerSettings how) { return at.start(std::move(how), {at.http.get()}); }

  // Turns until it holds; `speed` of time passes in each turn, less while orders are under way: peers answer in real time.
  bool until(const std::function<bool()>& holds, runtime::Duration speed = 50ms) {
    return runner.until([&] {
      if (holds()) return true;
      clock.advance(busy() ? std::min<runtime::Duration>(speed, 50ms) : speed);
      return false;
    });
  }
  bool busy() const {
    return std::ranges::any_of(nodes, [](const Node* one) {
      return one->issuer && std::ranges::any_of(one->issuer->status(), [](const auto& status) { return status.at_work; });
    });
  }
  Outcome<Done> ask(runtime::Task<Outcome<Done>> task) {
    std::optional<Outcome<Done>> result;
    runtime::TaskGroup group;
    group.spawn(keep(std::move(task), result));
    EXPECT_TRUE(until([&] { return result.has_value(); }));
    return *std::move(result);
  }
  static runtime::Task<void> keep(runtime::Task<Outcome<Done>> task, std::optional<Outcome<Done>>& out) { out.emplace(co_await task); }
  void expect_ok(Outcome<Done> outcome) { EXPECT_TRUE(outcome) << outcome.failure().error.message; }

  fakes::ManualClock clock;
  fakes::LoopRunner runner{clock};
  fakes::ScratchDirectory scratch;
  fakes::TestCa root{"directory root", clock.wall()};
  std::string ca_file;
  std::shared_ptr<const tls::Context> context;
  Site site{*this};
  std::vector<Node*> nodes;
  std::vector<std::unique_ptr<Node>> owned;
};

}  // namespace gatehouse::issuer
