#include "daemon_state.h"
#include "gatehouse/base/log.h"
#include "load_options.h"
#include "upstreams.h"

namespace gatehouse::app {

// On loop 0. Reading files is slow work: it happens on the pool, the swap on the loop. One at a time, so that what was read
// last is what counts; who asks meanwhile gets the outcome of one that begins after this one.
void Daemon::request_reload(std::function<void(admin::ReloadView)> done) {
  if (reloading_) return reload_waiting_.push_back(std::move(done));
  (void)notifier_.reloading(clock_, "reloading the configuration");
  reloading_ = offload_->submit([this, done] {
    auto prepared = std::make_shared<Prepared>(prepare_reload());
    loops_[0]->post([this, done, prepared] {
      done(reload(std::move(*prepared)));
      reloading_ = false;
      if (reload_waiting_.empty()) return;
      request_reload([waiting = std::exchange(reload_waiting_, {})](const admin::ReloadView& view) {
        for (const auto& one : waiting) one(view);
      });
    });
  });
  if (!reloading_) done({.ok = false, .changes = {}, .diagnostics = {}, .text = "too busy to reload; try again\n"});
}

namespace {

admin::ReloadView reload_problem(const Error& error) {
  admin::ReloadView view;
  view.diagnostics.push_back({.file = {}, .line = 0, .column = 0, .path = {}, .message = error.message, .slug = error.slug, .help = error.help});
  view.text = "gatehouse: " + error.message + "  [" + error.slug + "]\n" + (error.help.empty() ? "" : "  help: " + error.help + "\n");
  return view;
}

// A file that was emptied, or is being written just now, must not close what serves.
void refuse_without_listeners(const config::Configuration& running, config::Loaded& loaded) {
  if (!loaded.configuration || !loaded.configuration->edge.listeners.empty() || running.edge.listeners.empty()) return;
  loaded.configuration.reset();
  for (config::Diagnostic& one : loaded.diagnostics) {
    if (one.slug != "no-listeners") continue;
    one.severity = config::Severity::kError;
    one.help = "a reload does not close every listener: to stop serving, stop the daemon";
  }
}

}  // namespace

// On the pool.
Daemon::Prepared Daemon::prepare_reload() {
  Prepared prepared{.loaded = config::load(load_options(options_)), .certificates = {}, .issuing = {}, .watch = {}, .services = {}};
  if (const auto& configuration = prepared.loaded.configuration) {
    prepared.certificates = certificates_->load(configuration->edge, acme_names(*configuration));
    prepared.issuing = issuing_->prepare(configuration->acme);
    prepared.watch = Watch::prepare(configuration->watch, configuration->edge.certificates.expiry_warning);
    prepared.services = supervision_->prepare(*configuration);
  }
  return prepared;
}

admin::ReloadView Daemon::reload(Prepared prepared) {
  config::Loaded& loaded = prepared.loaded;
  admin::ReloadView view;
  if (stopping_) return reload_problem(make_error("stopping", "the daemon is stopping"));
  refuse_without_listeners(configuration_, loaded);
  for (const config::Diagnostic& one : loaded.diagnostics)
    view.diagnostics.push_back({.file = one.file, .line = static_cast<unsigned>(one.line), .column = static_cast<unsigned>(one.column),
                                .path = one.path, .message = one.message, .slug = one.slug, .help = one.help});
  view.text = config::render(loaded.diagnostics);
  Status applied;
  std::vector<config::Change> changes;
  if (loaded.configuration) {
    changes = config::diff(configuration_, *loaded.configuration);
    loaded.configuration = config::keep_until_restart(configuration_, std::move(*loaded.configuration));
    const Result<Certificates::SetPtr>& certificates = *prepared.certificates;
    applied = !certificates         ? Status(certificates.error())
              : !*prepared.issuing ? Status(prepared.issuing->error())
              : !*prepared.watch   ? Status(prepared.watch->error())
                                   : apply(*loaded.configuration, *certificates);
    if (applied) issuing_->apply(**std::move(prepared.issuing));
    if (applied) watch_->apply(**std::move(prepared.watch));
    if (!applied) view = reload_problem(applied.error());
    view.valid = certificates.ok();
  } else {
    view.valid = false;
  }
  view.ok = loaded.configuration && applied.ok();
  {
    const std::lock_guard lock(mutex_);
    config_ok_ = view.ok;
    if (view.ok) {
      restart_pending_.clear();
      for (const config::Change& change : changes) {
        view.changes.push_back({change.path, change.before, change.after, change.needs_restart});
        if (change.needs_restart) restart_pending_.push_back(change.path);
      }
      configuration_ = std::move(*loaded.configuration);
      loaded_at_ = clock_.wall();
    }
  }
  if (view.ok) {
    prepared.services.settings.podman = configuration_.services.podman;  // what needs a restart is kept
    supervision_->apply(std::move(prepared.services));
    backups_->apply(configuration_);
    gateway_->reload(configuration_.mcp, route_hosts(configuration_.edge));
    log::configure(configuration_.log);
    log::info("app", "config.reloaded", "reloaded the configuration", {{"changes", view.changes.size()}});
  } else {
    log::error("app", "config.refused", "the new configuration was refused; the old one stays", {{"error", view.text}});
  }
  (void)notifier_.ready(view.ok ? "ready" : "ready; the last reload was refused");
  return view;
}

}  // namespace gatehouse::app
