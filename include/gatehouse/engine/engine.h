// Engine: carries out the supervisor's actions with Podman, and tells it what happens (gatehouse/supervisor/port.h).
//
//   engine::Engine engine({loop, resolver}, podman, options, ports);
//   engine.begin();                                          // watches: events, ends of processes, whether Podman is there
//   for (auto& action : actions) engine.carry_out(std::move(action));
//
// Three ways lead to the end of a container: its process (pidfd, within a millisecond, when it is a process of this machine), an
// event of Podman, and the next look. What the kernel killed for want of memory is read from the cgroup at the moment of the end,
// because Podman 4 does not tell it. Limits are read from the cgroup too. Neither is possible when Podman is elsewhere, or inside of
// a user namespace: then limits are unknown.
//
// Exec probes run the container's health command (the one way that leaves no processes behind); as Podman before 5.6 does not end
// one that hangs, there is at most one of them per container: the next probe fails instead of starting a second.
//
// Errors are answers. Owner: `app`, on loop 0. Thread: the loop's. Stop: destroy it; Podman may finish what was begun.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "gatehouse/base/secret.h"
#include "gatehouse/client/fetch.h"
#include "gatehouse/engine/usage.h"
#include "gatehouse/podman/client.h"
#include "gatehouse/supervisor/port.h"

namespace gatehouse::engine {

struct Options {
  std::string project;
  std::string instance;
  std::string generated;                  // directory of files that the daemon makes for containers
  std::string proc = "/proc";             // where the kernel tells of processes …
  std::string cgroup = "/sys/fs/cgroup";  // … and of their groups
};

struct Ports {
  // Called for each event, in its order, on the loop, perhaps inside of carry_out() or begin(): it only takes the event.
  std::function<void(supervisor::Event)> tell;
  // Value of a secret as it is now; nothing: there is none any more.
  std::function<std::optional<Secret>(const std::string& name)> secret;
};

class Core;

class Engine {
 public:
  Engine(client::Network network, podman::Client& podman, Options options, Ports ports);
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;
  ~Engine();

  void begin();
  void carry_out(supervisor::Action action);
  std::map<std::string, Process> processes() const;  // of what ran when it was last looked at, by name of the container

 private:
  std::unique_ptr<Core> core_;
};

}  // namespace gatehouse::engine
