#include <signal.h>
#include <unistd.h>

#include <cstdio>

#include "daemon_state.h"
#include "gatehouse/base/log.h"

namespace gatehouse::app {

namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr milliseconds kDrainPoll{20};
constexpr seconds kMaintenanceInterval{60};
constexpr seconds kHeartbeatInterval{2};
constexpr seconds kWriteTryInterval{10};

}  // namespace

void Daemon::on_signal(int number) {
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
  server_->drain();
  gateway_->drain(limit);
  watch_->stop();
  issuing_->stop();  // an order that is cut off goes on after the next start
  tasks_.spawn(stop_when_drained(clock_.now() + limit));
}

runtime::Task<void> Daemon::stop_when_drained(runtime::SteadyTime deadline) {
  runtime::Waiter waiter(*loops_[0]);
  runtime::Timer pause(waiter);
  while (!server_->drained() && clock_.now() < deadline) {
    pause.arm(kDrainPoll);
    while (!pause.expired()) co_await waiter.wait();
  }
  if (!server_->drained())
    log::warn("app", "daemon.drain_timeout", "closing what did not end in time", {{"connections", server_->connections()}});
  loops_[0]->stop();
}

runtime::Task<void> Daemon::beat() {
  runtime::Waiter waiter(*loops_[0]);
  runtime::Timer pause(waiter);
  for (;;) {
    tick();
    runtime::Duration interval = kHeartbeatInterval;
    if (const auto wanted = notifier_.watchdog_interval()) interval = std::min(interval, *wanted);
    pause.arm(interval);
    while (!pause.expired()) co_await waiter.wait();
  }
}

// Every loop must show that it turns; only then the service manager hears that all is well.
void Daemon::tick() {
  ++beat_;
  bool all = true;
  for (std::size_t i = 0; i < loops_.size(); ++i) {
    all = all && beats_[i].load() + 2 >= beat_;  // one that is on its way may be missing
    loops_[i]->post([this, i, beat = beat_] {
      beats_[i].store(beat);
      const std::chrono::duration<double> longest(loops_[i]->take_max_turn_seconds());
      registry_.loop(static_cast<unsigned>(i)).observe(loop_lag_[i], std::chrono::duration_cast<std::chrono::nanoseconds>(longest));
    });
  }
  if (all) (void)notifier_.watchdog();
  issuing_->note_status();
  if (rates_.due(clock_.now())) rates_.note(clock_.now(), totals());
  if (clock_.now() - maintained_ > kMaintenanceInterval) maintain();
  if (clock_.now() - write_tried_ > kWriteTryInterval && !store_->write_health().trouble.empty()) try_write();
  if (clock_.now() - certificates_checked_ > configuration_.edge.certificates.check_interval || certificates_->ending()) check_certificates();
}

// Files that were replaced since they were read, and certificates that come to their end.
void Daemon::check_certificates() {
  certificates_checked_ = clock_.now();
  offload_->submit([this] {
    if (const Certificates::SetPtr set = certificates_->refresh())
      loops_[0]->post([this, set] {
        if (stopping_) return;
        if (certificates_->adopt(set)) server_->set_tls_contexts(set->contexts);
        else check_certificates();  // overtaken by another: what is new in it is looked for again
      });
    certificates_->log_expiry();
  });
}

// Changes failed: somebody may have made room since, and nobody may want to change anything.
void Daemon::try_write() {
  write_tried_ = clock_.now();
  offload_->submit([this] { (void)store_->try_write(); });
}

// Writes when keys were used, and reads accounts again, in case a change could be stored but not read back.
void Daemon::maintain() {
  maintained_ = clock_.now();
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
  offload_->submit([this] {
    if (auto read = accounts_->refresh(); !read)
      log::warn("access", "accounts.not_read", "cannot read accounts again", {{"error", read.error().message}});
  });
}

}  // namespace gatehouse::app
