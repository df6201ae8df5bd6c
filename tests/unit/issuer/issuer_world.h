// What an Issuer stands on, with real files and real connections: a vault in a scratch directory, tables that the edge would read,
// and a loop whose clock is real, or manual and driven by the test.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "fakes/loop_runner.h"
#include "fakes/loop_server.h"
#include "fakes/manual_clock.h"
#include "fakes/scratch_directory.h"
#include "fakes/test_ca.h"
#include "gatehouse/issuer/file_vault.h"
#include "gatehouse/issuer/issuer.h"
#include "gatehouse/issuer/solvers.h"

namespace gatehouse::issuer {

using namespace std::chrono_literals;

// Answers http-01 from the table, as the edge does.
inline std::string serve_token(const HttpTokens& tokens, const fakes::Asked& asked) {
  const bool below = asked.target.starts_with(acme::kHttpPath);
  const auto found = below ? tokens.find(std::string_view(asked.target).substr(acme::kHttpPath.size())) : nullptr;
  if (!found) return "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
  return "HTTP/1.1 200 OK\r\nContent-Type: application/octet-stream\r\nContent-Length: " + std::to_string(found->size()) +
         "\r\nConnection: close\r\n\r\n" + *found;
}

class Recorder final : public Observer {
 public:
  void installed(const std::string& name, std::shared_ptr<const tls::Certificate> certificate) override {
    certificates[name] = std::move(certificate);
    ++installs;
  }
  void failed(const std::string&, const acme::Failure& failure) override {
    ++failures;
    last = failure;
  }
  std::map<std::string, std::shared_ptr<const tls::Certificate>> certificates;
  int installs = 0, failures = 0;
  std::optional<acme::Failure> last;
};

// One daemon's part. Several may share a vault.
struct Node {
  Node(fakes::LoopRunner& runner, std::string directory, std::string its_name)
      : name(std::move(its_name)), vault(*open_file_vault(directory, runner.loop.clock().wall())), pool(2), resolver(runner.loop, pool),
        http(http_solver(tokens)), alpn(alpn_solver(certificates, runner.loop.clock(), runtime::system_random())), loop(runner.loop) {}

  Issuer& start(IssuerSettings settings, std::vector<acme::ChallengeSolver*> solvers) {
    settings.node = name;
    auto made = Issuer::create({.network = {loop, resolver}, .pool = pool, .random = runtime::system_random(), .vault = *vault,
                                .solvers = std::move(solvers), .observer = recorder}, std::move(settings));
    EXPECT_TRUE(made);
    group = std::make_unique<runtime::TaskGroup>();
    issuer = *std::move(made);
    return *issuer;
  }
  void run() { group->spawn(issuer->run()); }
  void stop() {  // as a process ends
    group.reset();
    issuer.reset();
  }

  std::string name;
  HttpTokens tokens;
  tls::Challenges certificates;
  Recorder recorder;
  std::unique_ptr<acme::Vault> vault;
  runtime::OffloadPool pool;  // its work uses the vault
  net::Resolver resolver;
  Solver http, alpn;
  runtime::Loop& loop;
  std::unique_ptr<Issuer> issuer;
  std::unique_ptr<runtime::TaskGroup> group;
};

}  // namespace gatehouse::issuer
