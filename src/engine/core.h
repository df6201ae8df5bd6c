// The engine behind its door.
#pragma once

#include <map>
#include <string>

#include "ends.h"
#include "gatehouse/engine/engine.h"
#include "gatehouse/engine/usage.h"
#include "probes.h"

namespace gatehouse::engine {

class Core {
 public:
  Core(client::Network network, podman::Client& podman, Options options, Ports ports);

  void begin() { tasks_.spawn(watch(*this)); }
  void carry_out(supervisor::Action action);
  const std::map<std::string, Process>& processes() const noexcept { return processes_; }

 private:
  using Answer = supervisor::Answer;
  using AnswerTask = runtime::Task<Answer>;

  // Actions (act.cpp). Each looks at `what` in the frame of whoever awaits it.
  static runtime::Task<void> perform(Core& core, supervisor::Action action);
  AnswerTask act(const supervisor::Action& action);
  AnswerTask observe(const supervisor::Observe& what);
  AnswerTask inspect(const std::string& service);
  AnswerTask pull(const supervisor::Pull& what);
  AnswerTask create(const supervisor::Create& what);
  AnswerTask create_secret(const supervisor::CreateSecret& what);
  static AnswerTask answered(runtime::Task<Status> task);
  static AnswerTask nothing();

  // What is there (look.cpp).
  runtime::Task<Result<std::vector<services::Container>>> containers(std::string label);
  runtime::Task<Status> fill_shared(services::Observation& out, const std::vector<std::string>& images);
  services::Container seen(const podman::Details& details);
  podman::Labels our_labels() const;

  // What happens (watch.cpp).
  static runtime::Task<void> watch(Core& core);
  void take(const podman::Event& event);

  client::Network network_;
  podman::Client& podman_;
  const Options options_;
  const Ports ports_;
  std::string project_label_;
  Ends ends_;
  Probes probes_;
  std::map<std::string, Process> processes_;  // by name of the container
  runtime::TaskGroup tasks_;
};

}  // namespace gatehouse::engine
