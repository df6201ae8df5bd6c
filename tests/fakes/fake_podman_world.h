// A small engine behind the supervisor's port: containers, networks, volumes, secrets, images, and hands that meddle. It can
// fail any action in any way. It checks by itself what must never happen: two containers of one service running at once,
// something made before what it needs, a stranger's container touched.
#pragma once

#include <algorithm>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "gatehouse/services/cgroup.h"
#include "gatehouse/supervisor/port.h"

namespace gatehouse::fakes {

// kLostBefore: nothing happened, and no answer came; kLostAfter: it happened, and no answer came.
enum class Fault { kLostBefore, kLostAfter, kTimeoutBefore, kTimeoutAfter, kConflict, kNotFound, kRefused };
inline constexpr Fault kAllFaults[] = {Fault::kLostBefore, Fault::kLostAfter, Fault::kTimeoutBefore, Fault::kTimeoutAfter,
                                       Fault::kConflict,   Fault::kNotFound,  Fault::kRefused};

class FakePodmanWorld {
 public:
  using Answer = supervisor::Answer;
  using Kind = Answer::Kind;
  using Container = services::Container;
  using Status = services::Status;

  // What is there.
  std::map<std::string, Container> containers;  // by id
  std::map<std::string, services::Network> networks{{"podman", {"podman", "10.88.0.0/16", false}}};
  std::set<std::string, std::less<>> volumes;
  std::set<std::string, std::less<>> secrets;
  services::Images images;    // local
  services::Images registry;  // what can be pulled

  // How services behave, by name.
  std::map<std::string, std::vector<int>> exits;      // codes with which the next runs end at once
  std::map<std::string, std::string> start_errors;    // starting fails with these words
  std::set<std::string> deaf;                         // do not stop when asked to
  std::set<std::string> stuck;                        // stopping never ends: the monitor process is dead
  bool updates_work = true;
  bool limits_known = true;

  // Fails the n-th action from now on, counted from 1; reads as well as writes.
  void fail(int nth, Fault fault) { fail_at_ = count_ + nth, fault_ = fault; }
  int count() const { return count_; }
  const std::vector<std::string>& writes() const { return writes_; }        // what had an effect
  const std::vector<std::string>& violations() const { return violations_; }
  std::vector<std::string> take_ended() { return std::exchange(ended_, {}); }
  void set_time(runtime::WallTime now) { now_ = std::max(now_, now); }

  Answer perform(const supervisor::Action& action) {
    ++count_;
    if (count_ != fail_at_) return apply(action);
    switch (fault_) {
      case Fault::kLostAfter:
        apply(action);
        return {.kind = Kind::kLost, .message = "connection reset"};
      case Fault::kTimeoutAfter:
        apply(action);
        return {.kind = Kind::kTimeout, .message = "took too long"};
      case Fault::kLostBefore:
        return {.kind = Kind::kLost, .message = "connection reset"};
      case Fault::kTimeoutBefore:
        return {.kind = Kind::kTimeout, .message = "took too long"};
      case Fault::kConflict:
        return {.kind = Kind::kConflict, .message = "that name is already in use"};
      case Fault::kNotFound:
        return {.kind = Kind::kNotFound, .message = "no such container"};
      case Fault::kRefused:
        return {.kind = Kind::kRefused, .message = "internal error"};
    }
    return {};
  }

  // ---- hands

  void end(const std::string& id, int code, bool out_of_memory = false) {
    Container& one = containers.at(id);
    one.status = Status::kExited;
    one.exit_code = code;
    one.out_of_memory = out_of_memory;
    one.finished = tick();
    one.pid = 0;
    ended_.push_back(id);
  }
  void reboot() {
    for (auto& [id, one] : containers)
      if (one.status == Status::kRunning) end(id, 255);
  }

  // The containers of a service in a state.
  std::vector<std::string> ids(const std::string& service, std::optional<Status> status = {}) const {
    std::vector<std::string> out;
    for (const auto& [id, one] : containers)
      if (label(one, "service") == service && (!status || one.status == *status)) out.push_back(id);
    return out;
  }
  const Container* running(const std::string& service) const {
    const auto found = ids(service, Status::kRunning);
    return found.size() == 1 ? &containers.at(found[0]) : nullptr;
  }

 private:
  static std::string label(const Container& one, const std::string& name) {
    const auto found = one.labels.find("io.gatehouse." + name);
    return found == one.labels.end() ? "" : found->second;
  }
  runtime::WallTime tick() { return now_ += std::chrono::microseconds(1); }
  static Answer refused(std::string message) { return {.kind = Kind::kRefused, .message = std::move(message)}; }
  Answer wrote(std::string what) {
    writes_.push_back(std::move(what));
    return {};
  }
  void violated(std::string what) { violations_.push_back(std::move(what)); }

  Answer apply(const supervisor::Action& action) {
    return std::visit([&](const auto& what) { return on(action, what); }, action.what);
  }

  Answer on(const supervisor::Action&, const supervisor::Observe& what) {
    services::Observation out;
    for (const auto& [id, one] : containers)
      if (one.labels.contains(std::string(services::kProjectLabel))) out.containers.push_back(seen(one));
    for (const auto& [name, network] : networks) out.networks.push_back(network);
    out.volumes = volumes;
    out.secrets = secrets;
    for (const std::string& image : what.images)
      if (images.contains(image)) out.images[image] = images[image];
    return {.observation = std::move(out)};
  }
  Answer on(const supervisor::Action& action, const supervisor::Inspect&) {
    std::vector<Container> out;
    for (const auto& [id, one] : containers)
      if (label(one, "service") == action.service) out.push_back(seen(one));
    return {.containers = std::move(out)};
  }
  Container seen(Container one) const {
    if (one.status != Status::kRunning || !limits_known) one.limits.reset();
    return one;
  }

  Answer on(const supervisor::Action&, const supervisor::Pull& what) {
    const auto found = registry.find(what.image);
    if (found == registry.end()) return refused("manifest unknown");
    if (images.contains(what.image) && !what.if_newer) violated("pulled again: " + what.image);
    images[what.image] = found->second;
    return wrote("pull " + what.image);
  }
  Answer on(const supervisor::Action&, const supervisor::CreateNetwork& what) {
    if (networks.contains(what.name)) return {.kind = Kind::kConflict, .message = "network already exists"};
    networks[what.name] = {what.name, "10.89.0.0/24", true};
    return wrote("network " + what.name);
  }
  Answer on(const supervisor::Action&, const supervisor::CreateVolume& what) {
    if (!volumes.insert(what.name).second) return {.kind = Kind::kConflict, .message = "volume already exists"};
    return wrote("volume " + what.name);
  }
  Answer on(const supervisor::Action&, const supervisor::CreateSecret& what) {
    if (!secrets.insert(what.name).second) return {.kind = Kind::kConflict, .message = "secret name in use"};
    return wrote("secret " + what.name);
  }
  Answer on(const supervisor::Action&, const supervisor::RemoveSecret& what) {
    if (secrets.erase(what.name) == 0) return {.kind = Kind::kNotFound, .message = "no such secret"};
    return wrote("remove secret " + what.name);
  }

  Answer on(const supervisor::Action& action, const supervisor::Create& what) {
    for (const auto& [id, one] : containers)
      if (one.name == what.name) return {.kind = Kind::kConflict, .message = "that name is already in use"};
    if (!images.contains(what.spec->settings.image)) return {.kind = Kind::kNotFound, .message = "no such image"};
    if (!networks.contains(what.spec->network)) violated("no network for " + what.name);
    for (const services::Volume& volume : what.spec->settings.volumes)
      if (!volume.source.starts_with('/') && !volumes.contains(volume.source)) violated("no volume for " + what.name);
    for (const services::SecretFile& secret : what.spec->settings.secrets)
      if (!secrets.contains(services::secret_name("mcp", secret.name, what.spec->facts.secret_versions.at(secret.name))))
        violated("no secret for " + what.name);
    Container one;
    one.id = "c" + std::to_string(++last_id_);
    one.name = what.name;
    one.labels = what.labels;
    one.status = Status::kCreated;
    one.networks = {{what.spec->network, ""}};
    one.limits = limits_of(what.spec->settings.resources);
    containers[one.id] = one;
    return wrote("create " + action.service);
  }
  static services::ObservedLimits limits_of(const services::Resources& r) {
    return {r.milli_cpus, r.memory, services::shares_of(r.reserve_milli_cpus), std::nullopt, r.reserve_memory, r.pids};
  }

  template <class What>
  Container* find(const What& what, const std::string& service) {
    const auto found = containers.find(what.container);
    if (found == containers.end()) return nullptr;
    if (label(found->second, "service") != service || label(found->second, "project") != "mcp")
      violated("touched " + found->second.name);
    return &found->second;
  }
  static Answer missing() { return {.kind = Kind::kNotFound, .message = "no such container"}; }

  Answer on(const supervisor::Action& action, const supervisor::Start& what) {
    Container* one = find(what, action.service);
    if (one == nullptr) return missing();
    if (one->status == Status::kRunning) return {};
    if (const auto error = start_errors.find(action.service); error != start_errors.end()) return refused(error->second);
    if (!ids(action.service, Status::kRunning).empty()) violated("two run: " + action.service);
    one->status = Status::kRunning;
    one->started = tick();
    one->pid = ++last_pid_;
    one->exit_code = 0;
    for (auto& [network, address] : one->networks) address = "10.89.0." + std::to_string(++last_address_ % 250);
    auto& codes = exits[action.service];
    if (!codes.empty()) {
      const int code = codes.front();
      codes.erase(codes.begin());
      end(what.container, code);
    }
    return wrote("start " + action.service);
  }
  Answer on(const supervisor::Action& action, const supervisor::Stop& what) {
    Container* one = find(what, action.service);
    if (one == nullptr) return missing();
    if (one->status == Status::kPaused) return refused("container is paused");
    if (one->status != Status::kRunning) return {};
    if (stuck.contains(action.service)) {
      one->status = Status::kStopping;
      return {};
    }
    end(what.container, deaf.contains(action.service) ? 137 : 143);
    return wrote("stop " + action.service);
  }
  Answer on(const supervisor::Action& action, const supervisor::Kill& what) {
    Container* one = find(what, action.service);
    if (one == nullptr) return missing();
    if (one->status != Status::kRunning) return {.kind = Kind::kConflict, .message = "not running"};
    end(what.container, 137);
    return wrote("kill " + action.service);
  }
  Answer on(const supervisor::Action& action, const supervisor::Unpause& what) {
    Container* one = find(what, action.service);
    if (one == nullptr) return missing();
    if (one->status != Status::kPaused) return refused("not paused");
    one->status = Status::kRunning;
    return wrote("unpause " + action.service);
  }
  Answer on(const supervisor::Action& action, const supervisor::Remove& what) {
    Container* one = find(what, action.service);
    if (one == nullptr) return missing();
    if (!what.force && (one->status == Status::kRunning || one->status == Status::kStopping))
      return refused("container is running");
    containers.erase(what.container);
    return wrote((what.force ? "remove by force " : "remove ") + action.service);
  }
  Answer on(const supervisor::Action& action, const supervisor::UpdateLimits& what) {
    Container* one = find(what, action.service);
    if (one == nullptr) return missing();
    if (updates_work) one->limits = limits_of(what.resources);
    return wrote("update " + action.service);
  }
  Answer on(const supervisor::Action& action, const supervisor::Connect& what) {
    Container* one = find(what, action.service);
    if (one == nullptr) return missing();
    if (!networks.contains(what.network)) return refused("no such network");
    if (!one->networks.emplace(what.network, "10.89.0.200").second) return refused("already connected");
    return wrote("connect " + action.service);
  }
  Answer on(const supervisor::Action& action, const supervisor::Disconnect& what) {
    Container* one = find(what, action.service);
    if (one == nullptr) return missing();
    one->networks.erase(what.network);
    return wrote("disconnect " + action.service);
  }
  Answer on(const supervisor::Action&, const supervisor::SendProbe&) { return {}; }
  Answer on(const supervisor::Action&, const supervisor::GiveUpProbe&) { return {}; }

  int count_ = 0;
  int fail_at_ = 0;
  Fault fault_ = Fault::kRefused;
  int last_id_ = 0;
  int last_pid_ = 100;
  int last_address_ = 1;
  runtime::WallTime now_{};
  std::vector<std::string> writes_;
  std::vector<std::string> violations_;
  std::vector<std::string> ended_;
};

}  // namespace gatehouse::fakes
