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

}  // namespace

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
    all = all && beats_[i].load() + 2 >= beat_;  // one that is on its way may be missing
    loops_[i]->post([this, i, beat = beat_] {
      beats_[i].store(beat);
      const std::chrono::duration<double> longest(loops_[i]->take_max_turn_seconds());
      registry_.loop(static_cast<unsigned>(i)).observe(loop_lag_, std::chrono::duration_cast<std::chrono::nanoseconds>(longest));
    });
  }
  if (all) (void)notifier_.watchdog();
  if (clock_.now() - maintained_ > kMaintenanceInterval) maintain();
  runtime::Duration interval = kHeartbeatInterval;
  if (const auto wanted = notifier_.watchdog_interval()) interval = std::min(interval, *wanted);
  heartbeat_->expires_after(std::chrono::duration_cast<milliseconds>(interval));
  heartbeat_->async_wait([this](const boost::system::error_code& error) {
    if (!error) tick();
  });
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
