// Supervisor: keeps services as declared. Events and a time go in, actions come out (port.h); no I/O, no clock, no threads.
//
//   for (Action& action : supervisor.handle(event, now)) carry_out(std::move(action));
//   timer.arm_at(supervisor.wake());   // then handle(Tick{}, now)
//
// Level-triggered: every decision is made from what was last observed and what is declared, by the functions of a plan
// (services/plan.h). After each action the service is looked at again, whatever the answer was, so that a lost answer, a second
// daemon or a hand on the engine is only another thing to see. One action at a time for a service; several services in parallel.
// What it remembers (waits, health, who held what) is lost with it and costs at most one early restart; holds can be kept by
// the owner and given back. Restarting the daemon restarts no container.
//
// Owner: `app`, on loop 0. Thread: the owner's. Stop: forget it; containers run on. handle(StopAll) stops them in order.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gatehouse/runtime/clock.h"
#include "gatehouse/runtime/random.h"
#include "gatehouse/services/plan.h"
#include "gatehouse/supervisor/port.h"
#include "gatehouse/supervisor/status.h"

namespace gatehouse::supervisor {

struct Now {
  runtime::SteadyTime steady;
  runtime::WallTime wall;
};

struct Options {
  std::string instance;                      // kept in the state directory: which daemon this is
  std::vector<std::string> adopted{};        // other instances whose containers are ours
  std::map<std::string, std::string> holds{};  // service → who wants it stopped
  std::size_t parallel = 4;                  // actions under way at a time; more does not make Podman faster
  std::chrono::milliseconds resync{10'000};  // between two looks at everything
};

class Core;

class Supervisor {
 public:
  // The settings have passed services/checks.h.
  Supervisor(services::Settings settings, services::Facts facts, Options options, runtime::Random& random);
  Supervisor(const Supervisor&) = delete;
  Supervisor& operator=(const Supervisor&) = delete;
  ~Supervisor();

  std::vector<Action> handle(const Event& event, Now now);
  runtime::SteadyTime wake() const;  // when it wants a Tick

  bool has(std::string_view service) const;
  std::vector<ServiceStatus> status(Now now) const;  // in alphabetical order
  services::Plan plan() const;
  const std::map<std::string, std::string>& holds() const;  // to be kept when it differs from what was kept
  bool ready() const;    // every service that shall run does, and is healthy when it has a check
  bool stopped() const;  // after StopAll: nothing runs any more

 private:
  std::unique_ptr<Core> core_;
};

}  // namespace gatehouse::supervisor
