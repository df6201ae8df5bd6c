// Supervision: the supervisor, its engine and Podman, joined; on loop 0. Without services in the configuration it does nothing and
// needs no Podman.
//
// Containers run on when the daemon stops or dies; the next one finds them by their labels and goes on.
//
// Errors: open() those of service_memory.h; later ones are states of services. Owner: Daemon. Thread: loop 0, but for what says
// otherwise. Stop: stop(), while the offload pool and the loop are there; what is asked afterwards gives the last known.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "gatehouse/config/config.h"
#include "gatehouse/engine/engine.h"
#include "gatehouse/net/resolver.h"
#include "gatehouse/runtime/module.h"
#include "gatehouse/runtime/offload.h"
#include "gatehouse/supervisor/supervisor.h"
#include "service_logs.h"
#include "service_memory.h"

namespace gatehouse::app {

class Supervision {
 public:
  struct Prepared {
    services::Settings settings;
    services::Facts facts;
    std::map<std::string, Secret> secrets;
    bool wanted = false;
  };

  Supervision(runtime::Loop& loop, runtime::OffloadPool& offload, runtime::Random& random, std::string state_directory);
  Supervision(const Supervision&) = delete;
  Supervision& operator=(const Supervision&) = delete;
  ~Supervision();

  Status open();
  Prepared prepare(const config::Configuration& configuration) const;  // reads files: any thread
  void apply(Prepared prepared);
  void stop();

  // Loop 0. Null: nothing is supervised.
  podman::Client* podman() const noexcept { return podman_.get(); }
  const Prepared& declared() const noexcept { return declared_; }

  // Any thread.
  bool active() const;
  std::vector<supervisor::ServiceStatus> status() const;
  services::Plan plan() const;
  std::map<std::string, std::uint64_t> dropped_lines() const;  // of containers, by service
  std::map<std::string, engine::Process> processes() const;  // by service
  std::optional<runtime::ModuleState> state() const;  // nothing: it has nothing to do

 private:
  static runtime::Task<void> run(Supervision& self);
  void begin(Prepared prepared);
  void tell(supervisor::Event event);
  void handle(const supervisor::Event& event);
  void publish(bool plan);
  void log_changes(const std::vector<supervisor::ServiceStatus>& now);
  void keep_holds();
  supervisor::Now now() const;

  runtime::Loop& loop_;
  runtime::OffloadPool& offload_;
  runtime::Random& random_;
  const std::string state_directory_;
  ServiceMemory memory_;
  std::map<std::string, Secret> secrets_;
  Prepared declared_;  // without its secrets
  net::Resolver resolver_;
  runtime::Waiter waiter_;
  std::deque<supervisor::Event> events_;
  std::unique_ptr<podman::Client> podman_;
  std::unique_ptr<ServiceLogs> logs_;
  std::unique_ptr<supervisor::Supervisor> supervisor_;
  std::unique_ptr<engine::Engine> engine_;

  mutable std::mutex mutex_;  // of what others read
  bool active_ = false;
  bool ready_ = false;
  bool was_ready_ = false;
  std::vector<supervisor::ServiceStatus> status_;
  services::Plan plan_;
  std::map<std::string, engine::Process> processes_;
  std::map<std::string, std::uint64_t> dropped_lines_;

  runtime::TaskGroup tasks_;
};

}  // namespace gatehouse::app
