// The port between the supervisor and the world: actions out, events in. Whoever carries actions out promises
// - exactly one Answered for each action that has a ticket, within a deadline of its own, when nothing more will happen for it;
// - that kLost and kTimeout mean "perhaps": the supervisor looks before it decides anew, and never repeats blindly;
// - that containers are described from an inspect, so that two descriptions of one run have the same start time.
// A container is made with Podman's own restarts and health timers off. Values; any thread.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "gatehouse/health/monitor.h"
#include "gatehouse/services/observed.h"
#include "gatehouse/services/settings.h"
#include "gatehouse/services/spec.h"

namespace gatehouse::supervisor {

// ---- actions

struct Observe {  // everything: Answer::observation
  std::vector<std::string> images;  // whose digests are wanted
};
struct Inspect {};  // the containers that carry the service's label: Answer::containers
struct Pull {
  std::string image;
  bool if_newer = false;  // ask the registry even when it is there
};
struct CreateNetwork {
  std::string name;
  std::string subnet;  // empty: any free one
};
struct CreateVolume {
  std::string name;
};
struct CreateSecret {
  std::string name;  // with its version
  services::SecretFile secret;
};
struct RemoveSecret {
  std::string name;
};
struct Create {
  std::string name;
  std::map<std::string, std::string> labels;
  std::shared_ptr<const services::Spec> spec;
};
struct Start {
  std::string container;
};
struct Stop {
  std::string container;
  std::optional<std::chrono::milliseconds> grace;  // then it is killed; absent: as long as the container says itself
};
struct Kill {
  std::string container;
};
struct Unpause {
  std::string container;
};
struct Remove {
  std::string container;
  bool force = false;
};
struct UpdateLimits {
  std::string container;
  services::Resources resources;
};
struct Connect {
  std::string container;
  std::string network;
  std::vector<std::string> aliases;
};
struct Disconnect {
  std::string container;
  std::string network;
};

// Probes are answered by ProbeAnswered, with their number; one that was given up need not be answered.
struct SendProbe {
  std::uint64_t probe = 0;
  health::ProbeSettings settings;
  std::string container;
  std::string address;  // of the container in our network
  std::chrono::milliseconds timeout{0};
};
struct GiveUpProbe {
  std::uint64_t probe = 0;
};

struct Action {
  std::uint64_t ticket = 0;  // 0: no answer is wanted
  std::string service{};     // empty: for several
  std::variant<Observe, Inspect, Pull, CreateNetwork, CreateVolume, CreateSecret, RemoveSecret, Create, Start, Stop, Kill,
               Unpause, Remove, UpdateLimits, Connect, Disconnect, SendProbe, GiveUpProbe>
      what;
};
std::string describe(const Action& action);  // "start container 6dc2", for logs

// ---- events

struct Answer {
  // kDone: also when it was so already. kRefused: the engine said no. kLost: no answer came; it may have happened.
  enum class Kind { kDone, kRefused, kNotFound, kConflict, kLost, kTimeout };
  Kind kind = Kind::kDone;
  std::string message{};
  std::optional<services::Observation> observation{};       // of Observe
  std::optional<std::vector<services::Container>> containers{};  // of Inspect
};
struct Answered {
  std::uint64_t ticket = 0;
  Answer answer;
};
struct ProbeAnswered {
  std::string service;
  std::uint64_t probe = 0;
  health::Outcome outcome;
};
struct Ended {  // its process is gone; code and cause are found by looking
  std::string container;
};
struct Changed {  // something happened to a container of this service; empty: to anything
  std::string service;
};
struct EngineLost {
  std::string reason;
};
struct EngineBack {};
struct Tick {};

struct Declared {  // another configuration
  services::Settings settings;
};
struct FactsChanged {
  services::Facts facts;
};

struct Command {
  enum class Verb { kStart, kStop, kRestart, kRetry, kRefresh };  // kRetry: do not wait; kRefresh: look for a newer image
  Verb verb = Verb::kStart;
  std::string service;
  std::string by;  // who wants it, for people
};
struct StopAll {};
struct Adopt {  // another instance's containers are ours from now on
  std::string instance;
};

using Event = std::variant<Answered, ProbeAnswered, Ended, Changed, EngineLost, EngineBack, Tick, Declared, FactsChanged, Command,
                           StopAll, Adopt>;

}  // namespace gatehouse::supervisor
