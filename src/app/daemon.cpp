// The wiring: who exists, who knows whom, in which order they start and stop.
#include "daemon.h"

#include <malloc.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cstdio>
#include <filesystem>
#include <iostream>
#include <mutex>
#include <thread>

#include "authenticator.h"
#include "certificates.h"
#include "gatehouse/admin/api.h"
#include "gatehouse/config/config.h"
#include "gatehouse/edge/server.h"
#include "gatehouse/mcp/gateway.h"
#include "gatehouse/runtime/notify.h"
#include "gatehouse/runtime/process.h"
#include "gatehouse/state/open.h"
#include "load_options.h"
#include "mcp_observer.h"
#include "upstreams.h"

namespace gatehouse::app {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr unsigned kOffloadThreads = 2;
constexpr milliseconds kDrainPoll{20};
constexpr seconds kKeyUseInterval{60};
constexpr seconds kHeartbeatInterval{2};

int fail(const Error& error, int code) {
  std::fprintf(stderr, "gatehouse: %s  [%s]\n", error.message.c_str(), error.slug.c_str());
  if (!error.help.empty()) std::fprintf(stderr, "  help: %s\n", error.help.c_str());
  log::flush();
  return code;
}

class Daemon {
 public:
  Daemon(const RunOptions& options, config::Configuration configuration)
      : options_(options), configuration_(std::move(configuration)), clock_(runtime::system_clock()),
        random_(runtime::system_random()), notifier_(runtime::notify_environment()),
        started_(clock_.now()), loaded_at_(clock_.wall()) {}
  ~Daemon();

  Status start();
  int run();

 private:
  Status open_state();
  Status build_edge();
  Status apply(const config::Configuration& configuration);
  edge::Settings edge_settings(const config::Configuration& configuration) const;
  void publish_accounts(std::shared_ptr<const access::KeyIndex> index);
  void declare_metrics();
  void watch_signals();
  void on_signal(int number);
  void begin_stop();
  void poll_drained();
  void tick();
  void flush_key_use();
  void request_reload(std::function<void(admin::ReloadView)> done);
  admin::ReloadView reload(config::Loaded loaded);
  admin::StatusView status();
  std::vector<runtime::ModuleState> modules();
  std::string overall_state(const std::vector<runtime::ModuleState>& modules) const;

  const RunOptions& options_;
  config::Configuration configuration_;
  runtime::Clock& clock_;
  runtime::Random& random_;
  runtime::Notifier notifier_;
  const runtime::SteadyTime started_;
  mutable std::mutex mutex_;  // configuration_, loaded_at_ and config_ok_, which status() reads from other threads
  runtime::WallTime loaded_at_;
  bool config_ok_ = true;

  metrics::Registry registry_;
  std::unique_ptr<AccessWriter> access_log_;
  std::optional<state::StateDirectory> directory_;
  std::unique_ptr<state::Store> store_;
  std::unique_ptr<access::Accounts> accounts_;
  std::vector<std::unique_ptr<runtime::Loop>> loops_;
  std::vector<access::KeyUse> key_use_;
  std::unique_ptr<runtime::OffloadPool> offload_;
  std::shared_ptr<tls::TicketKeys> ticket_keys_;
  std::unique_ptr<McpObserver> mcp_observer_;
  std::unique_ptr<mcp::HttpPort> mcp_http_;
  std::unique_ptr<mcp::Gateway> gateway_;
  std::unique_ptr<admin::Api> api_;
  std::unique_ptr<edge::Server> server_;
  std::vector<std::thread> threads_;
  std::unique_ptr<boost::asio::signal_set> signals_;
  std::unique_ptr<boost::asio::steady_timer> drain_timer_;
  std::unique_ptr<boost::asio::steady_timer> heartbeat_;
  std::vector<std::atomic<std::uint64_t>> beats_;
  std::uint64_t beat_ = 0;
  runtime::SteadyTime stop_at_{};
  runtime::SteadyTime key_use_flushed_{};
  std::atomic<bool> ready_{false};
  std::atomic<bool> stopping_{false};
  bool interrupted_ = false;
};

Daemon::~Daemon() {
  stopping_ = true;
  for (const auto& loop : loops_) loop->stop();
  for (std::thread& thread : threads_) thread.join();
  signals_.reset();
  drain_timer_.reset();
  heartbeat_.reset();
  offload_.reset();   // before the connections: its work looks at their requests
  if (server_) server_->stop();
  gateway_.reset();
  server_.reset();
  api_.reset();
  access_log_.reset();  // its producers are gone: writes what is left
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

Status Daemon::build_edge() {
  std::vector<runtime::Loop*> loops;
  for (unsigned i = 0; i < configuration_.workers; ++i) {
    loops_.push_back(std::make_unique<runtime::Loop>(clock_, i));
    loops.push_back(loops_.back().get());
  }
  beats_ = std::vector<std::atomic<std::uint64_t>>(loops.size());
  key_use_.resize(loops.size());
  offload_ = std::make_unique<runtime::OffloadPool>(kOffloadThreads);
  access_log_ = std::make_unique<AccessWriter>();
  ticket_keys_ = std::make_shared<tls::TicketKeys>(clock_, random_);
  mcp_observer_ = std::make_unique<McpObserver>(registry_);
  mcp_http_ = mcp::make_http_port([this](std::string_view server, unsigned loop) {
    return server_->pool(mcp_group_name(server), loop);
  });
  gateway_ = std::make_unique<mcp::Gateway>(
      configuration_.mcp, mcp::Ports{.loops = loops, .http = mcp_http_.get(), .random = &random_, .observer = mcp_observer_.get(),
                                     .route_hosts = route_hosts(configuration_.edge)});
  api_ = std::make_unique<admin::Api>(admin::Ports{
      .accounts = accounts_.get(), .store = store_.get(), .metrics = &registry_, .offload = offload_.get(), .clock = &clock_,
      .version = GATEHOUSE_VERSION,
      .metrics_allow = [this] { const std::lock_guard lock(mutex_); return configuration_.edge.metrics_allow; },
      .status = [this] { return status(); },
      .reload = [this](std::function<void(admin::ReloadView)> done) {
        loops_[0]->post([this, done = std::move(done)] { request_reload(done); });
      }});
  edge::Ports ports;
  ports.handlers = {{"mcp", &gateway_->handler()}, {"admin", api_.get()}};
  ports.metrics = &registry_;
  ports.access_log = access_log_.get();
  ports.offload = offload_.get();
  ports.random = &random_;
  ports.tls_context = [this](const edge::ListenerSettings& listener, const tls::CertificateSettings& certificates) {
    return build_tls_context(listener, certificates, directory_->path(), ticket_keys_, clock_, random_);
  };
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

Status Daemon::apply(const config::Configuration& configuration) {
  std::vector<upstream::GroupSettings> groups = configuration.upstreams;
  for (const mcp::ServerSettings& server : configuration.mcp.servers) {
    if (server.url.empty()) continue;
    auto group = mcp_group(server);
    if (!group) return std::move(group).error();
    groups.push_back(std::move(*group));
  }
  return server_->apply(edge_settings(configuration), groups);
}

void Daemon::publish_accounts(std::shared_ptr<const access::KeyIndex> index) {
  std::vector<std::shared_ptr<const edge::Authenticator>> by_loop;
  for (access::KeyUse& use : key_use_)
    by_loop.push_back(std::make_shared<Authenticator>(accounts_->keys(), index, use, clock_));
  server_->set_authenticators(std::move(by_loop));
}

void Daemon::declare_metrics() {
  metrics::add_process_metrics(registry_, GATEHOUSE_VERSION);
  registry_.counter_function("gatehouse_log_lines_dropped_total", "Log lines lost because the reader was too slow.", {},
                             [] { return static_cast<double>(log::dropped_lines()); });
  registry_.gauge("gatehouse_child_processes", "Child processes alive.", {},
                  [] { return static_cast<double>(runtime::live_processes()); });
  registry_.gauge("gatehouse_mcp_sessions", "MCP sessions open.", {},
                  [this] { return static_cast<double>(gateway_->session_count()); });
  registry_.gauge("gatehouse_config_last_reload_successful", "1 when the last load of the configuration succeeded.", {},
                  [this] { const std::lock_guard lock(mutex_); return config_ok_ ? 1.0 : 0.0; });
  registry_.gauge("gatehouse_config_last_reload_success_timestamp_seconds", "When the configuration in use was loaded.", {}, [this] {
    const std::lock_guard lock(mutex_);
    return std::chrono::duration<double>(loaded_at_.time_since_epoch()).count();
  });
  registry_.gauges("gatehouse_connections", "Open client connections.", [this] {
    metrics::Registry::Series series;
    for (const auto& listener : server_->listeners())
      series.push_back({{{"listener", listener.name}}, static_cast<double>(listener.connections)});
    return series;
  });
  registry_.gauges("gatehouse_module_state", "1 for the state that a module is in.", [this] {
    metrics::Registry::Series series;
    for (const auto& module : modules()) series.push_back({{{"module", module.name}, {"state", module.state}}, 1.0});
    return series;
  });
}

Status Daemon::start() {
  if (auto opened = open_state(); !opened) return opened;
  if (auto built = build_edge(); !built) return built;
  declare_metrics();
  if (auto applied = apply(configuration_); !applied) return applied;
  accounts_->on_change([this](std::shared_ptr<const access::KeyIndex> index) { publish_accounts(std::move(index)); });
  publish_accounts(accounts_->index());
  watch_signals();
  heartbeat_ = std::make_unique<boost::asio::steady_timer>(loops_[0]->context());
  tick();
  for (std::size_t i = 1; i < loops_.size(); ++i) threads_.emplace_back([loop = loops_[i].get()] { loop->run(); });
  // READY means that every loop accepts: the sockets listen already, the loops have their snapshot once they run.
  loops_[0]->post([this] {
    ready_ = true;
    log::info("app", "daemon.ready", "ready", {{"version", GATEHOUSE_VERSION}, {"workers", loops_.size()},
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

void Daemon::watch_signals() {
  signals_ = std::make_unique<boost::asio::signal_set>(loops_[0]->context(), SIGTERM, SIGINT, SIGHUP);
  signals_->async_wait([this](const boost::system::error_code& error, int number) {
    if (!error) on_signal(number);
  });
}

void Daemon::on_signal(int number) {
  watch_signals();
  if (number == SIGHUP) {
    request_reload([](const admin::ReloadView&) {});
    return;
  }
  if (stopping_) {  // asked twice: now
    interrupted_ = number == SIGINT;
    loops_[0]->stop();
    return;
  }
  if (::isatty(STDERR_FILENO) != 0) std::fputs("gatehouse: stopping, press again to force\n", stderr);
  begin_stop();
}

void Daemon::begin_stop() {
  stopping_ = true;
  const auto limit = configuration_.edge.timeouts.drain;
  log::info("app", "daemon.stopping", "stopping", {{"connections", server_->connections()}, {"drain_ms", limit.count()}});
  (void)notifier_.stopping("draining connections");
  (void)notifier_.extend_timeout(limit + seconds(5));
  stop_at_ = clock_.now() + limit;
  server_->drain();
  gateway_->drain();
  drain_timer_ = std::make_unique<boost::asio::steady_timer>(loops_[0]->context());
  poll_drained();
}

void Daemon::poll_drained() {
  drain_timer_->expires_after(kDrainPoll);
  drain_timer_->async_wait([this](const boost::system::error_code& error) {
    if (error) return;
    if (!server_->drained() && clock_.now() < stop_at_) return poll_drained();
    if (!server_->drained())
      log::warn("app", "daemon.drain_timeout", "closing what did not end in time", {{"connections", server_->connections()}});
    loops_[0]->stop();
  });
}

// Every loop must show that it turns; only then the service manager hears that all is well.
void Daemon::tick() {
  ++beat_;
  bool all = true;
  for (std::size_t i = 0; i < loops_.size(); ++i) {
    all = all && (beat_ <= 2 || beats_[i].load() + 1 >= beat_ - 1);
    loops_[i]->post([this, i, beat = beat_] { beats_[i].store(beat); });
  }
  if (all) (void)notifier_.watchdog();
  if (clock_.now() - key_use_flushed_ > kKeyUseInterval) flush_key_use();
  runtime::Duration interval = kHeartbeatInterval;
  if (const auto wanted = notifier_.watchdog_interval()) interval = std::min(interval, *wanted);
  heartbeat_->expires_after(std::chrono::duration_cast<milliseconds>(interval));
  heartbeat_->async_wait([this](const boost::system::error_code& error) {
    if (!error) tick();
  });
}

void Daemon::flush_key_use() {
  key_use_flushed_ = clock_.now();
  for (std::size_t i = 0; i < loops_.size(); ++i) {
    loops_[i]->post([this, i] {
      auto uses = key_use_[i].take();
      if (uses.empty()) return;
      offload_->submit([this, uses = std::move(uses)] {
        if (auto recorded = accounts_->record_key_use(uses); !recorded)
          log::warn("access", "key_use.not_recorded", "cannot record when keys were used", {{"error", recorded.error().message}});
      });
    });
  }
}

// On loop 0. Reading files is slow work: it happens on the pool, the swap on the loop.
void Daemon::request_reload(std::function<void(admin::ReloadView)> done) {
  (void)notifier_.reloading(clock_, "reloading the configuration");
  const bool queued = offload_->submit([this, done] {
    auto loaded = std::make_shared<config::Loaded>(config::load(load_options(options_)));
    loops_[0]->post([this, done, loaded] { done(reload(std::move(*loaded))); });
  });
  if (!queued) done({.ok = false, .changes = {}, .diagnostics = {}, .text = "too busy to reload; try again\n"});
}

admin::ReloadView reload_problem(const Error& error) {
  admin::ReloadView view;
  view.diagnostics.push_back({.file = {}, .line = 0, .column = 0, .path = {}, .message = error.message, .slug = error.slug, .help = error.help});
  view.text = "gatehouse: " + error.message + "  [" + error.slug + "]\n" + (error.help.empty() ? "" : "  help: " + error.help + "\n");
  return view;
}

admin::ReloadView Daemon::reload(config::Loaded loaded) {
  admin::ReloadView view;
  if (stopping_) return reload_problem(make_error("stopping", "the daemon is stopping"));
  for (const config::Diagnostic& one : loaded.diagnostics)
    view.diagnostics.push_back({.file = one.file, .line = static_cast<unsigned>(one.line), .column = static_cast<unsigned>(one.column),
                                .path = one.path, .message = one.message, .slug = one.slug, .help = one.help});
  view.text = config::render(loaded.diagnostics);
  Status applied;
  if (loaded.configuration) {
    applied = apply(*loaded.configuration);
    if (!applied) view = reload_problem(applied.error());
  }
  view.ok = loaded.configuration && applied.ok();
  {
    const std::lock_guard lock(mutex_);
    config_ok_ = view.ok;
    if (view.ok) {
      for (const config::Change& change : config::diff(configuration_, *loaded.configuration))
        view.changes.push_back({change.path, change.before, change.after, change.needs_restart});
      configuration_ = std::move(*loaded.configuration);
      loaded_at_ = clock_.wall();
    }
  }
  if (view.ok) {
    gateway_->reload(configuration_.mcp, route_hosts(configuration_.edge));
    log::configure(configuration_.log);
    log::info("app", "config.reloaded", "reloaded the configuration", {{"changes", view.changes.size()}});
  } else {
    log::error("app", "config.refused", "the new configuration was refused; the old one stays", {{"error", view.text}});
  }
  (void)notifier_.ready(view.ok ? "ready" : "ready; the last reload was refused");
  return view;
}

std::vector<runtime::ModuleState> Daemon::modules() {
  const std::string phase = stopping_ ? "stopping" : ready_ ? "healthy" : "starting";
  std::vector<runtime::ModuleState> list;
  list.push_back({"edge", phase, stopping_ ? "draining" : ""});
  const Status pinged = store_->ping();
  list.push_back({"state", pinged ? "healthy" : "failed", pinged ? std::string() : pinged.error().message});
  list.push_back({"access", pinged ? "healthy" : "degraded", pinged ? "" : "keys are checked, changes are not possible"});
  list.push_back({"mcp", phase, ""});
  return list;
}

std::string Daemon::overall_state(const std::vector<runtime::ModuleState>& modules) const {
  if (stopping_) return "stopping";
  for (const auto& module : modules)
    if (!module.ready()) return module.state;
  return "ready";
}

admin::StatusView Daemon::status() {
  admin::StatusView view;
  view.version = GATEHOUSE_VERSION;
  view.uptime_seconds = std::chrono::duration<double>(clock_.now() - started_).count();
  view.workers = static_cast<unsigned>(loops_.size());
  view.modules = modules();
  view.state = overall_state(view.modules);
  for (const auto& one : server_->listeners()) view.listeners.push_back({one.name, one.address, one.protocols, one.tls, one.connections});
  for (const auto& one : server_->upstreams()) view.upstreams.push_back({one.group, one.server, one.connections, one.connect_failures});
  for (const auto& one : gateway_->status())
    view.mcp_servers.push_back({one.name, one.transport, one.state, one.sessions, one.processes, one.last_error});
  const std::lock_guard lock(mutex_);
  view.profiles = configuration_.profiles;
  view.config_file = configuration_.file;
  view.loaded_at = loaded_at_;
  view.config_ok = config_ok_;
  return view;
}

}  // namespace

int run_daemon(const RunOptions& options) {
  // Hashing a password takes 19 MiB for a moment. A fixed threshold gives them back to the system; glibc's own would grow
  // with the first hash and keep the memory of all later ones.
  ::mallopt(M_MMAP_THRESHOLD, 1 << 20);
  ::signal(SIGPIPE, SIG_IGN);
  config::Loaded loaded = config::load(load_options(options));
  const std::string text = config::render(loaded.diagnostics, ::isatty(STDERR_FILENO) != 0);
  std::fputs(text.c_str(), stderr);
  if (!loaded.configuration) return 2;
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
