#include "postgres_backups.h"

#include "gatehouse/services/spec.h"

namespace gatehouse::app {

namespace {

using services::ServiceSettings;

constexpr std::chrono::minutes kIdle{30};          // a program that says nothing for so long hangs
constexpr std::chrono::seconds kProbe{10};
constexpr std::chrono::minutes kStart{5};          // an empty server
constexpr std::size_t kMostOutput = 4 * 1024 * 1024, kMostErrors = 4096;

// What a program said.
struct Heard {
  backup::Ran ran;
  backup::Sink out;

  runtime::Task<Status> take(bool error_stream, std::string bytes) {
    if (!error_stream && out) {
      auto passing = out(std::move(bytes));
      co_return co_await passing;
    }
    std::string& text = error_stream ? ran.errors : ran.output;
    text += bytes;
    if (!error_stream && text.size() > kMostOutput) co_return make_error("program-failed", "a program said too much");
    if (error_stream && text.size() > kMostErrors) text.erase(0, text.size() - kMostErrors);
    co_return Status();
  }
};

class ContainerTools final : public backup::Tools {
 public:
  ContainerTools(podman::Client& podman, std::string container) : podman_(podman), container_(std::move(container)) {}

  runtime::Task<Result<backup::Ran>> run(std::vector<std::string> argv, backup::Pieces in, backup::Sink out) override {
    Heard heard{.ran = {}, .out = std::move(out)};
    const std::string program = argv.front();
    auto running = podman_.exec(container_, {.argv = std::move(argv)}, std::move(in),
                                [&heard](bool error_stream, std::string bytes) { return heard.take(error_stream, std::move(bytes)); }, kIdle);
    auto code = co_await running;
    if (!code) co_return std::move(code).error().context(program + " in the container " + container_);
    heard.ran.code = *code;
    co_return std::move(heard.ran);
  }

 private:
  podman::Client& podman_;
  std::string container_;
};

// As the service, but with empty volumes of its own, and without a network.
podman::Creation drill_creation(const ServiceSettings& s, const services::Facts& facts, const std::string& project, const std::string& name) {
  podman::Creation out;
  out.name = name;
  out.image = s.image;
  out.labels = {{"io.gatehouse.role", "drill"}, {"io.gatehouse.drill", name}};
  out.entrypoint = s.entrypoint;
  out.command = s.command;
  out.environment = s.environment;
  out.user = s.user;
  for (const services::Volume& volume : s.volumes)
    if (!volume.read_only) out.mounts.push_back({name + "-" + std::to_string(out.mounts.size()), volume.target, false});
  for (const services::Tmpfs& tmpfs : s.tmpfs) out.tmpfs.push_back({tmpfs.target, tmpfs.size});
  for (const services::SecretFile& secret : s.secrets)
    if (const auto version = facts.secret_versions.find(secret.name); version != facts.secret_versions.end())
      out.secrets.push_back({services::secret_name(project, secret.name, version->second), secret.target.empty() ? secret.name : secret.target,
                             secret.uid, secret.gid, secret.mode});
  out.cap_add = s.cap_add;
  // On an address: while the image prepares its database, the server listens on a socket only.
  out.health_command = {"pg_isready", "-q", "-h", "127.0.0.1"};
  out.limits = {.milli_cpus = s.resources.milli_cpus, .memory = s.resources.memory, .pids = s.resources.pids};
  out.read_only = s.read_only;
  out.no_new_privileges = s.no_new_privileges;
  out.init = s.init;
  out.shm_size = s.shm_size;
  return out;
}

class DrillContainer final : public backup::Scratch {
 public:
  DrillContainer(runtime::Loop& loop, podman::Client& podman, podman::Creation creation)
      : loop_(loop), podman_(podman), creation_(std::move(creation)) {}

  runtime::Task<Result<backup::ToolsPtr>> make() override {
    auto sweeping = sweep();
    co_await sweeping;
    for (const podman::Mount& mount : creation_.mounts) {
      auto making = podman_.create_volume(mount.source, creation_.labels);
      if (Status made = co_await making; !made) co_return std::move(made).error();
    }
    auto creating = podman_.create(creation_);
    if (auto id = co_await creating; !id) co_return std::move(id).error();
    auto starting = podman_.start(creation_.name);
    if (Status started = co_await starting; !started) co_return std::move(started).error();
    auto waiting = wait_until_ready();
    if (Status ready = co_await waiting; !ready) co_return std::move(ready).error();
    co_return backup::ToolsPtr(std::make_shared<ContainerTools>(podman_, creation_.name));
  }

  runtime::Task<void> destroy() override {
    auto removing = podman_.remove(creation_.name, true);
    (void)co_await removing;
    for (const podman::Mount& mount : creation_.mounts) {
      auto clearing = podman_.remove_volume(mount.source);
      (void)co_await clearing;
    }
  }

 private:
  // Containers of drills that a daemon did not live to see the end of.
  runtime::Task<void> sweep() {
    auto listing = podman_.list("io.gatehouse.drill=" + creation_.name);
    const auto left = co_await listing;
    if (left && !left->empty()) {
      auto destroying = destroy();
      co_await destroying;
    }
  }

  runtime::Task<Status> wait_until_ready() {
    runtime::Waiter waiter(loop_);
    runtime::Timer pause(waiter);
    const auto end = loop_.clock().now() + kStart;
    for (;;) {
      auto asking = podman_.run_health_command(creation_.name, kProbe);
      const auto asked = co_await asking;
      if (asked && asked->passed) co_return Status();
      if (!asked && asked.error().slug == "podman-conflict") co_return make_error("drill-failed", "the server of the drill ended: " + asked.error().message);
      if (loop_.clock().now() > end) co_return make_error("drill-failed", "the server of the drill did not start in time");
      pause.arm(std::chrono::milliseconds(500));
      while (!pause.expired()) co_await waiter.wait();
    }
  }

  runtime::Loop& loop_;
  podman::Client& podman_;
  podman::Creation creation_;
};

const ServiceSettings* find_service(const Supervision& supervision, const std::string& name) {
  for (const ServiceSettings& service : supervision.declared().settings.services)
    if (service.name == name) return &service;
  return nullptr;
}

std::string running_container(const Supervision& supervision, const std::string& name) {
  for (const supervisor::ServiceStatus& one : supervision.status())
    if (one.name == name && one.serves) return one.container;
  return {};
}

std::string value_or(const std::string& own, const ServiceSettings& service, const char* variable, const std::string& otherwise) {
  if (!own.empty()) return own;
  const auto found = service.environment.find(variable);
  return found == service.environment.end() ? otherwise : found->second;
}

backup::TargetPtr target_of(backup::Host host, Supervision& supervision, const ServiceSettings& service) {
  backup::PostgresOptions options;
  options.name = service.name;
  options.user = value_or(service.backup.user, service, "POSTGRES_USER", "postgres");
  options.database = value_or(service.backup.database, service, "POSTGRES_DB", options.user);
  options.obstacle = [&supervision, name = service.name]() -> std::string {
    return running_container(supervision, name).empty() ? "the service " + name + " is not healthy" : std::string();
  };
  options.tools = [&supervision, name = service.name]() -> backup::ToolsPtr {
    std::string container = running_container(supervision, name);
    if (container.empty() || supervision.podman() == nullptr) return nullptr;
    return std::make_shared<ContainerTools>(*supervision.podman(), std::move(container));
  };
  options.scratch = [&supervision, &loop = host.loop, name = service.name]() -> std::unique_ptr<backup::Scratch> {
    const ServiceSettings* settings = find_service(supervision, name);
    if (settings == nullptr || supervision.podman() == nullptr) return nullptr;
    const Supervision::Prepared& declared = supervision.declared();
    const std::string& project = declared.settings.podman.project;
    return std::make_unique<DrillContainer>(loop, *supervision.podman(), drill_creation(*settings, declared.facts, project, project + "-drill-" + name));
  };
  return backup::postgres_target(host, std::move(options));
}

}  // namespace

std::vector<backup::TargetPtr> service_targets(backup::Host host, Supervision& supervision) {
  std::vector<backup::TargetPtr> out;
  for (const ServiceSettings& service : supervision.declared().settings.services)
    if (service.backup.kind == services::BackupKind::kPostgres) out.push_back(target_of(host, supervision, service));
  return out;
}

}  // namespace gatehouse::app
