#include "core.h"
#include "gatehouse/base/log.h"
#include "translate.h"

namespace gatehouse::engine {

using supervisor::Action;
using supervisor::Answer;

Core::Core(client::Network network, podman::Client& podman, Options options, Ports ports)
    : network_(network), podman_(podman), options_(std::move(options)), ports_(std::move(ports)),
      project_label_(std::string(services::kProjectLabel) + "=" + options_.project),
      ends_(network.loop, [this](const std::string& container) { ports_.tell(supervisor::Ended{container}); }),
      probes_(network, podman, [this](const std::string& service, std::uint64_t probe, health::Outcome outcome) {
        ports_.tell(supervisor::ProbeAnswered{service, probe, std::move(outcome)});
      }) {}

void Core::carry_out(Action action) {
  if (const auto* probe = std::get_if<supervisor::SendProbe>(&action.what)) {
    const std::string& name = probe->settings.password;
    return probes_.send(action.service, *probe, name.empty() ? Secret() : ports_.secret(name).value_or(Secret()));
  }
  if (const auto* probe = std::get_if<supervisor::GiveUpProbe>(&action.what)) return probes_.give_up(action.service, probe->probe);
  tasks_.spawn(perform(*this, std::move(action)));
}

runtime::Task<void> Core::perform(Core& core, Action action) {
  auto task = core.act(action);
  Answer answer = co_await task;
  if (answer.kind != Answer::Kind::kDone)
    log::debug("supervisor", "action.failed", "an action did not succeed", {{"action", supervisor::describe(action)}, {"error", answer.message}});
  core.ports_.tell(supervisor::Answered{action.ticket, std::move(answer)});
}

Core::AnswerTask Core::nothing() { co_return Answer{}; }  // probes: carry_out() has taken them

Core::AnswerTask Core::answered(runtime::Task<Status> task) { co_return answer_of(co_await task); }

namespace {

template <class... Functions>
struct Cases : Functions... {
  using Functions::operator()...;
};

}  // namespace

Core::AnswerTask Core::act(const Action& action) {
  using namespace supervisor;
  return std::visit(
      Cases{[&](const Observe& what) { return observe(what); },
            [&](const Inspect&) { return inspect(action.service); },
            [&](const Pull& what) { return pull(what); },
            [&](const CreateNetwork& what) { return answered(podman_.create_network(what.name, what.subnet, our_labels())); },
            [&](const CreateVolume& what) { return answered(podman_.create_volume(what.name, our_labels())); },
            [&](const CreateSecret& what) { return create_secret(what); },
            [&](const RemoveSecret& what) { return answered(podman_.remove_secret(what.name)); },
            [&](const Create& what) { return create(what); },
            [&](const Start& what) { return answered(podman_.start(what.container)); },
            [&](const Stop& what) { return answered(podman_.stop(what.container, what.grace)); },
            [&](const Kill& what) { return answered(podman_.kill(what.container)); },
            [&](const Unpause& what) { return answered(podman_.unpause(what.container)); },
            [&](const Remove& what) { return answered(podman_.remove(what.container, what.force)); },
            [&](const UpdateLimits& what) { return answered(podman_.update(what.container, limits_of(what.resources))); },
            [&](const Connect& what) { return answered(podman_.connect(what.container, what.network, what.aliases)); },
            [&](const Disconnect& what) { return answered(podman_.disconnect(what.container, what.network)); },
            [](const SendProbe&) { return nothing(); },
            [](const GiveUpProbe&) { return nothing(); }},
      action.what);
}

Core::AnswerTask Core::pull(const supervisor::Pull& what) {
  log::info("supervisor", "image.pulling", "pulling an image", {{"image", what.image}});
  const auto progress = [image = what.image](const podman::PullProgress& said) {
    if (!said.text.empty()) log::info("supervisor", "image.progress", "the registry says", {{"image", image}, {"text", said.text}});
  };
  auto task = podman_.pull(what.image, what.if_newer, progress);
  auto pulled = co_await task;
  if (!pulled) co_return failure(pulled.error());
  log::info("supervisor", "image.pulled", "an image is there", {{"image", what.image}, {"id", *pulled}});
  co_return Answer{};
}

// By its reference, so that people see its name; by its id when the reference means another image by now.
Core::AnswerTask Core::create(const supervisor::Create& what) {
  podman::Creation creation = creation_of(what, options_.project, options_.generated);
  const std::string& pinned = what.spec->image_digest;
  auto asked = podman_.image(creation.image);
  const auto meant = co_await asked;
  if (!pinned.empty() && meant && *meant != pinned) creation.image = pinned;
  auto task = podman_.create(std::move(creation));
  const auto created = co_await task;
  co_return created ? Answer{} : failure(created.error());
}

Core::AnswerTask Core::create_secret(const supervisor::CreateSecret& what) {
  const auto value = ports_.secret(what.secret.name);
  if (!value) co_return Answer{.kind = Answer::Kind::kRefused, .message = "the secret '" + what.secret.name + "' has no value"};
  auto task = podman_.create_secret(what.name, formatted(what.secret.format, *value), our_labels());
  const Status created = co_await task;
  co_return answer_of(created);
}

// ---- the door

Engine::Engine(client::Network network, podman::Client& podman, Options options, Ports ports)
    : core_(std::make_unique<Core>(network, podman, std::move(options), std::move(ports))) {}
Engine::~Engine() = default;
void Engine::begin() { core_->begin(); }
void Engine::carry_out(Action action) { core_->carry_out(std::move(action)); }
std::map<std::string, Process> Engine::processes() const { return core_->processes(); }

}  // namespace gatehouse::engine
