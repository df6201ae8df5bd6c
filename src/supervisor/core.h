// Core: the supervisor behind its door. handle() takes an event in, lets every service decide, and collects actions.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "gatehouse/services/graph.h"
#include "gatehouse/supervisor/supervisor.h"
#include "restarts.h"
#include "retry.h"

namespace gatehouse::supervisor {

// One run of a container: from a start to an end.
struct Run {
  std::string container;
  runtime::WallTime started{};
  bool operator==(const Run&) const = default;
};

// What is known of one service, declared or left over.
struct Service {
  std::string name;
  bool declared = true;
  services::ServiceSettings settings{};  // of a declared one
  std::optional<health::Monitor> monitor{};
  Restarts restarts{services::RestartSettings{}};

  // As last observed; the pointers go into `containers`.
  std::vector<services::Container> containers{};  // that carry its label, also another daemon's
  services::Claimed claimed{};
  std::shared_ptr<const services::Spec> spec{};   // null: `cannot` tells why
  std::string cannot{};
  const services::Container* current = nullptr;   // the one to keep
  const services::Container* running = nullptr;   // the one that runs: the current one, or what it replaces

  // What is followed.
  std::optional<Run> run{};        // of `running`
  std::optional<Run> accounted{};  // the last one whose end was counted
  std::optional<Run> stop_asked{};
  std::optional<Run> to_restart{};
  bool gone = false;               // its process has ended, we have not looked yet
  std::optional<Exit> last_exit{};
  std::map<std::string, runtime::SteadyTime> ending{};  // containers that are stopping or being removed, since when

  // What is decided.
  services::Wish wish{};
  services::PlanItem item{};
  bool replan = true;    // what `item` was made from has changed
  bool leaving = false;  // what runs is to be stopped
  std::optional<runtime::SteadyTime> waiting_since{};  // for a dependency

  // What is under way.
  bool unseen = true;      // to be looked at
  std::uint64_t in_flight = 0;
  std::uint64_t last_ticket = 0;
  std::string doing{};     // the action under way, or the last one
  std::string last_done{};
  std::string error{};     // of the last action
  std::string missing{};   // what is being made for it: "network x, image y"
  std::optional<runtime::SteadyTime> next_prepare{};  // making that failed, and is tried again then
  bool kill_next = false;  // stopping did not work
  bool refresh = false;    // ask the registry for a newer image
  std::uint64_t taken_generation = 0;  // somebody else's container has that name
  Retry retry{};
  Retry look{};
};

// An action under way.
struct InFlight {
  enum class Kind { kLook, kPull, kMake, kCreate, kStop, kOther };  // kMake: network, volume, secret
  Kind kind = Kind::kOther;
  std::string service{};  // empty: everything, or something shared
  std::string shared{};   // "volume x"
  std::vector<std::string> volumes{};  // of a kCreate
  std::uint64_t generation = 0;        // of a kCreate
};

// Something that several services need.
struct Shared {
  std::uint64_t ticket = 0;  // of the last action: an older look tells nothing about it
  bool doubt = false;        // what it led to is not known before the next look
  std::string error{};
  Retry retry{};
};

class Core {
 public:
  Core(services::Settings settings, services::Facts facts, Options options, runtime::Random& random);

  std::vector<Action> handle(const Event& event, Now now);
  runtime::SteadyTime wake() const;

  bool has(std::string_view service) const;
  std::vector<ServiceStatus> status(Now now) const;
  services::Plan plan() const;
  const std::map<std::string, std::string>& holds() const { return holds_; }
  bool ready() const;
  bool stopped() const;

 private:
  using Kind = InFlight::Kind;

  // Events (core.cpp).
  void take(const Answered& event);
  void take(const ProbeAnswered& event);
  void take(const Ended& event);
  void take(const Changed& event);
  void take(const EngineLost& event);
  void take(const EngineBack& event);
  void take(const Tick&) {}
  void take(const Declared& event);
  void take(const FactsChanged& event);
  void take(const Command& event);
  void take(const StopAll& event);
  void take(const Adopt& event);
  void take_answer(Service& service, const InFlight& action, const Answer& answer);
  void take_shared_answer(const InFlight& action, const Answer& answer);
  void declare(services::Settings settings);
  void distrust();

  // What was observed (observe.cpp).
  void take_observation(std::uint64_t ticket, const services::Observation& observation);
  void take_containers(Service& service, std::vector<services::Container> containers);
  void refresh(Service& service);
  void refresh_all();
  void follow(Service& service);
  void count_exit(Service& service, const services::Container& container);
  void look();

  // What is wanted (decide.cpp).
  void decide();
  static services::PlanItem item_without_spec(const Service& service);
  services::Wish wish_of(Service& service);
  std::string unmet(const services::Edge& edge) const;  // why a condition does not hold; empty: it does
  void restart_if_needed(Service& service);
  bool held_back(const Service& service) const;
  bool serves(const Service& service) const;

  // What is done (act.cpp).
  void act(Service& service);
  void act_on_plan(Service& service);
  void act_on_orphan(Service& service);
  void create(Service& service);
  void repair(Service& service);
  void stop_running(Service& service);
  void sweep(Service& service);
  bool unstick(Service& service);
  bool may_stop(const Service& service) const;
  template <class What>
  void perform(Service& service, What what, InFlight flight = {});

  // Networks, images, volumes, secrets (shared.cpp).
  bool prepare(Service& service);
  bool prepare_network(Service& service);
  template <class What>
  bool want(const std::string& key, bool there, Service& service, What what);
  void take_shared(std::uint64_t ticket, const services::Observation& observation);
  void sweep_secrets();
  bool settled() const;

  void probe(Service& service);
  ServiceStatus status_of(const Service& service, Now now) const;  // status.cpp

  template <class What>
  std::uint64_t emit(const std::string& service, What what, InFlight flight);
  std::size_t work_under_way() const;
  bool in_flight(std::string_view shared) const;
  Service* find(std::string_view name);
  const Service* find(std::string_view name) const;
  double chance();  // in [0, 1)

  services::Settings settings_;
  services::Facts facts_;
  services::Identity identity_;
  const Options options_;
  runtime::Random& random_;
  std::map<std::string, std::string> holds_;
  std::map<std::string, Service, std::less<>> services_;
  services::Graph graph_{{}};

  std::vector<services::Network> networks_;
  std::set<std::string, std::less<>> volumes_;
  std::set<std::string, std::less<>> secrets_;
  services::Images images_;

  bool engine_ = true;
  std::string engine_reason_;
  bool trusted_ = false;        // what was observed is of this connection and this configuration
  bool known_ = false;          // it was, once
  bool stopping_all_ = false;
  bool look_at_all_ = true;
  std::uint64_t trust_from_ = 0;  // looks begun before this action do not count
  std::uint64_t observe_ticket_ = 0;
  runtime::SteadyTime next_look_{};
  Retry look_retry_;
  std::map<std::string, Shared, std::less<>> shared_;  // "volume x" → what was last done for it
  std::map<std::uint64_t, InFlight> in_flight_;
  std::uint64_t last_ticket_ = 0;
  Now now_{};
  std::vector<Action> out_;
};

// Runs, or is paused.
bool is_running(const services::Container& container);
Run run_of(const services::Container& container);

template <class What>
std::uint64_t Core::emit(const std::string& service, What what, InFlight flight) {
  const std::uint64_t ticket = ++last_ticket_;
  in_flight_.emplace(ticket, std::move(flight));
  out_.push_back({ticket, service, std::move(what)});
  return ticket;
}

}  // namespace gatehouse::supervisor
