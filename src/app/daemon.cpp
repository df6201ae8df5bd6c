// The wiring: who exists, who knows whom, in which order they start and stop.
#include "daemon.h"

#include <malloc.h>
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdio>

#include "authenticator.h"
#include "daemon_state.h"
#include "gatehouse/base/build.h"
#include "gatehouse/base/log.h"
#include "gatehouse/net/listener.h"
#include "load_options.h"
#include "postgres_backups.h"
#include "upstreams.h"

namespace gatehouse::app {

namespace {

constexpr unsigned kOffloadThreads = 2;
// A hash takes some 50 ms and 19 MiB: who does not get a place in half a second is told to come back.
constexpr unsigned kHashingThreads = 1;
constexpr std::size_t kHashingQueue = 8;

int fail(const Error& error, int code) {
  std::fprintf(stderr, "gatehouse: %s  [%s]\n", error.message.c_str(), error.slug.c_str());
  if (!error.help.empty()) std::fprintf(stderr, "  help: %s\n", error.help.c_str());
  log::flush();
  return code;
}

// The soft limit is for programs that use select(2).
Status raise_descriptor_limit() {
  constexpr rlim_t kFewest = 64;
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return {};
  limit.rlim_cur = limit.rlim_max;
  ::setrlimit(RLIMIT_NOFILE, &limit);
  if (limit.rlim_max >= kFewest) return {};
  return make_error("few-descriptors", "this process may open only " + std::to_string(limit.rlim_max) + " files; 64 are the least",
                    "raise the limit: ulimit -n, LimitNOFILE= of the unit, --ulimit nofile of the container");
}

Status try_listener(const edge::ListenerSettings& listener) {
  if (listener.address.is_unix) return net::check_unix_free(listener.address);
  const auto socket = net::listen(listener.address, {.name = listener.name});
  return socket ? Status() : Status(socket.error());
}

// Keys are in memory. 1 and not 0: this limit alone also keeps the kernel from starting a core_pattern program.
void forbid_core_dumps() {
  constexpr rlimit kNone{1, 1};
  ::setrlimit(RLIMIT_CORE, &kNone);
}

}  // namespace

Daemon::Daemon(const RunOptions& options, config::Configuration configuration)
    : options_(options), configuration_(std::move(configuration)), clock_(runtime::system_clock()),
      random_(runtime::system_random()), notifier_(runtime::notify_environment()), started_(clock_.now()),
      loaded_at_(clock_.wall()) {}

Daemon::~Daemon() {
  stopping_ = true;
  for (const auto& loop : loops_) loop->stop();
  for (std::thread& thread : threads_) thread.join();
  signals_.reset();
  tasks_.stop();
  if (issuing_) issuing_->stop();
  if (watch_) watch_->stop();
  if (backups_) backups_->stop();
  if (supervision_) supervision_->stop();
  offload_.reset();   // before the connections: its work looks at their requests; and before the vault
  hashing_.reset();
  if (server_) server_->stop();
  if (ready_) remove_sockets();
  gateway_.reset();
  issuing_.reset();
  watch_.reset();
  server_.reset();
  api_.reset();
  access_log_.reset();  // its producers are gone: writes what is left
}

// A socket file without a daemon behind it looks like a daemon that does not answer.
void Daemon::remove_sockets() const {
  if (!configuration_.admin_socket.empty()) ::unlink(configuration_.admin_socket.c_str());
  for (const edge::ListenerSettings& listener : configuration_.edge.listeners)
    if (listener.address.is_unix) ::unlink(listener.address.host.c_str());
}

// Before anything is made: an address that somebody else has ends the start without a trace.
Status Daemon::try_listeners() const {
  for (const edge::ListenerSettings& listener : configuration_.edge.listeners) {
    if (Status free = try_listener(listener); !free) return free;
  }
  // In the state directory it belongs to whoever holds that directory's lock.
  const std::string& socket = configuration_.admin_socket;
  if (socket.empty() || socket.starts_with(configuration_.state.directory + "/")) return {};
  return net::check_unix_free({.host = socket, .port = 0, .is_unix = true});
}

Status Daemon::open_state() {
  auto directory = state::StateDirectory::open(configuration_.state.directory);
  if (!directory) return std::move(directory).error();
  directory_.emplace(std::move(*directory));
  auto store = state::open_store(configuration_.state, *directory_, clock_);
  if (!store) return std::move(store).error();
  store_ = std::move(*store);
  auto accounts = access::Accounts::open(*store_, configuration_.access, clock_, random_);
  if (!accounts) return std::move(accounts).error();
  accounts_ = std::move(*accounts);
  // Never into the log, which is kept and shipped.
  if (const auto password = accounts_->first_password()) {
    std::fprintf(stderr, "gatehouse: created the administrator 'admin'; shown this once, its password: %s\n",
                 std::string(password->reveal()).c_str());
  }
  return {};
}

Status Daemon::open_backups() {
  const backup::Host host{*loops_[0], *offload_, clock_};
  auto targets = own_targets(host, configuration_);
  if (!targets) return std::move(targets).error();
  if (targets->empty() && !configuration_.backup.schedule.empty())
    log::warn("backup", "backup.state_elsewhere", "the state is in a PostgreSQL of others: backups of it are theirs to take");
  backups_ = std::make_unique<Backups>(host, configuration_, [this, host, own = *std::move(targets)] {
    std::vector<backup::TargetPtr> all = own;
    for (backup::TargetPtr& one : service_targets(host, *supervision_)) all.push_back(std::move(one));
    return all;
  });
  return {};
}

Status Daemon::build_edge() {
  std::vector<runtime::Loop*> loops;
  for (unsigned i = 0; i < configuration_.workers; ++i) {
    loops_.push_back(std::make_unique<runtime::Loop>(clock_, i));
    loops.push_back(loops_.back().get());
  }
  beats_ = std::vector<std::atomic<std::uint64_t>>(loops.size());
  key_use_.resize(loops.size());
  offload_ = std::make_unique<runtime::OffloadPool>(kOffloadThreads);
  hashing_ = std::make_unique<runtime::OffloadPool>(kHashingThreads, kHashingQueue);
  access_log_ = std::make_unique<AccessWriter>();
  certificates_ = std::make_unique<Certificates>(directory_->path(), std::make_shared<tls::TicketKeys>(clock_, random_), clock_,
                                                 random_);
  auto issuing = Issuing::create({.loop = *loops_[0], .pool = *offload_, .random = random_, .metrics = registry_,
                                  .certificates = *certificates_, .changed = [this] { check_certificates(); }},
                                 directory_->path());
  if (!issuing) return std::move(issuing).error();
  issuing_ = *std::move(issuing);
  watch_ = std::make_unique<Watch>(*loops_[0], *offload_);
  mcp_observer_ = std::make_unique<McpObserver>(registry_);
  mcp_http_ = mcp::make_http_port([this](std::string_view server, unsigned loop) {
    return server_->pool(mcp_group_name(server), loop);
  });
  gateway_ = std::make_unique<mcp::Gateway>(
      configuration_.mcp, mcp::Ports{.loops = loops, .http = mcp_http_.get(), .random = &random_, .observer = mcp_observer_.get(),
                                     .route_hosts = route_hosts(configuration_.edge)});
  supervision_ = std::make_unique<Supervision>(*loops_[0], *offload_, random_, directory_->path());
  if (auto opened = supervision_->open(); !opened) return opened;
  if (auto opened = open_backups(); !opened) return opened;
  api_ = std::make_unique<admin::Api>(admin::Ports{
      .accounts = accounts_.get(), .store = store_.get(), .metrics = &registry_, .offload = offload_.get(),
      .hashing = hashing_.get(), .clock = &clock_, .random = &random_,
      .version = version(),
      .metrics_allow = [this] { const std::lock_guard lock(mutex_); return configuration_.edge.metrics_allow; },
      .status = [this] { return status(); },
      .certificates = [this] { return certificates_view(); },
      .plan = [this] { return services::plan_json(supervision_->plan()); },
      .backups = [this] { return backups_->list(); },
      .back_up = [this](admin::BackupRequest request, std::function<void(std::vector<admin::BackupOutcome>)> done) {
        loops_[0]->post([this, request = std::move(request), done = std::move(done)] { backups_->ask(request, done); });
      },
      .reload = [this](std::function<void(admin::ReloadView)> done) {
        loops_[0]->post([this, done = std::move(done)] { request_reload(done); });
      },
      .certificate_command = [this](admin::CertificateCommand command, admin::CertificateDone done) {
        loops_[0]->post([this, command = std::move(command), done = std::move(done)] { issuing_->command(command, done); });
      }});
  edge::Ports ports;
  ports.handlers = {{"mcp", &gateway_->handler()}, {"admin", api_.get()}};
  ports.metrics = &registry_;
  ports.access_log = access_log_.get();
  ports.offload = offload_.get();
  ports.random = &random_;
  ports.http_challenges = &certificates_->http_challenges();
  server_ = std::make_unique<edge::Server>(loops, std::move(ports));
  return {};
}

edge::Settings Daemon::edge_settings(const config::Configuration& configuration) const {
  edge::Settings settings = configuration.edge;
  settings.access_log = configuration.log.access;
  for (edge::RouteSettings& route : settings.routes)
    if (route.handler == "mcp" && route.scope.empty()) route.scope = "tools:call";
  for (edge::RouteSettings& route : admin::Api::routes()) settings.routes.push_back(std::move(route));
  if (!configuration.admin_socket.empty()) {
    edge::ListenerSettings socket;
    socket.name = "admin";
    socket.address = {.host = configuration.admin_socket, .port = 0, .is_unix = true};
    socket.admin = true;
    settings.listeners.push_back(std::move(socket));
  }
  return settings;
}

Status Daemon::apply(const config::Configuration& configuration, const Certificates::SetPtr& certificates) {
  std::vector<upstream::GroupSettings> groups = configuration.upstreams;
  for (const mcp::ServerSettings& server : configuration.mcp.servers) {
    if (server.url.empty()) continue;
    auto group = mcp_group(server);
    if (!group) return std::move(group).error();
    groups.push_back(std::move(*group));
  }
  if (Status applied = server_->apply(edge_settings(configuration), groups, certificates->contexts); !applied) return applied;
  certificates_->adopt(certificates);
  return {};
}

// Of those that are configured, and of those that clients have asked for before. Reads the vault.
std::vector<std::vector<std::string>> Daemon::acme_names(const config::Configuration& configuration) const {
  if (!configuration.acme.enabled) return {};
  auto names = configuration.acme.names;
  for (std::string& name : issuing_->stored_on_demand(configuration.acme)) names.push_back({std::move(name)});
  return names;
}

void Daemon::publish_accounts(std::shared_ptr<const access::KeyIndex> index) {
  std::vector<std::shared_ptr<const edge::Authenticator>> by_loop;
  for (access::KeyUse& use : key_use_)
    by_loop.push_back(std::make_shared<Authenticator>(accounts_->keys(), index, use, clock_));
  server_->set_authenticators(std::move(by_loop));
  const auto before = std::exchange(published_accounts_, index);
  if (before == nullptr) return;
  gateway_->end_unless([before, index](const mcp::Caller& caller) { return still_valid(caller.user_id, caller.credential, *before, *index); });
}

Status Daemon::start() {
  if (auto listeners = try_listeners(); !listeners) return listeners;
  if (auto opened = open_state(); !opened) return opened;
  if (auto built = build_edge(); !built) return built;
  declare_metrics();
  const auto certificates = certificates_->load(configuration_.edge, acme_names(configuration_));
  if (!certificates) return certificates.error();
  auto issuing = issuing_->prepare(configuration_.acme);
  if (!issuing) return std::move(issuing).error();
  auto watch = Watch::prepare(configuration_.watch, configuration_.edge.certificates.expiry_warning);
  if (!watch) return std::move(watch).error();
  if (auto applied = apply(configuration_, *certificates); !applied) return applied;
  issuing_->apply(*std::move(issuing));
  watch_->apply(*std::move(watch));
  accounts_->on_change([this](std::shared_ptr<const access::KeyIndex> index) { publish_accounts(std::move(index)); });
  publish_accounts(accounts_->index());
  signals_.emplace(*loops_[0], std::initializer_list<int>{SIGTERM, SIGINT, SIGHUP}, [this](int number) { on_signal(number); });
  tasks_.spawn(beat());
  for (std::size_t i = 1; i < loops_.size(); ++i) threads_.emplace_back([loop = loops_[i].get()] { loop->run(); });
  // READY means that every loop accepts: the sockets listen already, the loops have their snapshot once they run.
  loops_[0]->post([this, services = supervision_->prepare(configuration_)] {
    ready_ = true;
    supervision_->apply(services);
    backups_->begin(configuration_);
    log::info("app", "daemon.ready", "ready", {{"version", version()}, {"workers", loops_.size()},
                                               {"config", configuration_.file}, {"pid", ::getpid()}});
    (void)notifier_.ready("ready");
  });
  return {};
}

int Daemon::run() {
  loops_[0]->run();
  log::info("app", "daemon.stopped", "stopped");
  return interrupted_ ? 130 : 0;
}

int run_daemon(const RunOptions& options) {
  // Hashing a password takes 19 MiB for a moment. A fixed threshold gives them back to the system; glibc's own would grow
  // with the first hash and keep the memory of all later ones.
  ::mallopt(M_MMAP_THRESHOLD, 1 << 20);
  for (const int number : {SIGPIPE, SIGUSR1, SIGUSR2, SIGALRM}) ::signal(number, SIG_IGN);  // they mean nothing here, least of all an end
  if (auto enough = raise_descriptor_limit(); !enough) return fail(enough.error(), 1);
  config::Loaded loaded = config::load(load_options(options));
  const std::string text = config::render(loaded.diagnostics, config::look_of(STDERR_FILENO));
  std::fputs(text.c_str(), stderr);
  if (!loaded.configuration) return 2;
  if (loaded.configuration->has_profile("production")) forbid_core_dumps();
  log::configure(loaded.configuration->log);
  int code = 1;
  {
    Daemon daemon(options, std::move(*loaded.configuration));
    if (auto started = daemon.start(); !started) return fail(started.error(), 1);
    code = daemon.run();
  }
  log::flush();
  return code;
}

}  // namespace gatehouse::app
