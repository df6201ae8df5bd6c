// Probes: asks services how they do. Each probe is a task that can be given up. Owner: the engine. Thread: the loop's. Stop: destroy
// it.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>

#include "gatehouse/base/secret.h"
#include "gatehouse/client/fetch.h"
#include "gatehouse/health/monitor.h"
#include "gatehouse/podman/client.h"
#include "gatehouse/supervisor/port.h"

namespace gatehouse::engine {

class Probes {
 public:
  using OnAnswer = std::function<void(const std::string& service, std::uint64_t probe, health::Outcome outcome)>;

  Probes(client::Network network, podman::Client& podman, OnAnswer on_answer);

  void send(const std::string& service, const supervisor::SendProbe& what, const Secret& password);
  void give_up(const std::string& service, std::uint64_t probe);

 private:
  struct Running {
    bool over = false;
    runtime::TaskGroup task;
  };
  using Key = std::pair<std::string, std::uint64_t>;

  static runtime::Task<void> run(Probes& probes, Running& running, Key key, supervisor::SendProbe what, Secret password);
  static runtime::Task<void> run_command(Probes& probes, Key key, std::string container);

  client::Network network_;
  podman::Client& podman_;
  OnAnswer on_answer_;
  std::shared_ptr<const tls::ClientContext> insecure_;  // made when the first probe needs it
  std::set<std::string> commands_;                      // containers in which one runs
  std::map<Key, std::unique_ptr<Running>> running_;
  runtime::TaskGroup commands_tasks_;
};

}  // namespace gatehouse::engine
