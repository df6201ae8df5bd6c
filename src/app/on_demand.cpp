#include "on_demand.h"

#include <algorithm>

#include "gatehouse/base/log.h"

namespace gatehouse::app {

namespace {

using namespace std::chrono_literals;

constexpr std::size_t kRemembered = 1000;
constexpr std::size_t kAtOnce = 16;  // decisions under way
constexpr runtime::Duration kRefused = 10min, kTrouble = 1min, kUnderWay = 10min;
constexpr std::chrono::milliseconds kDeadline = 5s;

}  // namespace

bool allows(const std::vector<std::string>& patterns, const std::string& name) {
  const std::size_t dot = name.find('.');
  const std::string wildcard = dot == std::string::npos || dot == 0 ? std::string() : "*" + name.substr(dot);
  return std::any_of(patterns.begin(), patterns.end(), [&](const std::string& one) { return one == name || (!wildcard.empty() && one == wildcard); });
}

OnDemand::OnDemand(Services services) : services_(std::move(services)) {
  for (const char* const result : {"ordered", "refused", "limited"}) {
    (void)services_.metrics.counter("gatehouse_certificates_on_demand_total", "Names that clients asked for, by what was decided.", {{"result", result}});
  }
}

void OnDemand::use(issuer::OnDemandSettings settings) {
  const std::lock_guard lock(mutex_);
  settings_ = std::move(settings);
  decided_.clear();
  group_ = std::make_unique<runtime::TaskGroup>();
  on_ = !settings_.allow.empty();
}

void OnDemand::stop() {
  on_ = false;
  group_.reset();
}

void OnDemand::asked(const std::string& name) {
  if (!on_) return;
  const runtime::SteadyTime now = services_.network.loop.clock().now();
  const std::lock_guard lock(mutex_);
  if (!allows(settings_.allow, name)) return;
  const auto known = decided_.find(name);
  if (known != decided_.end() && known->second > now) return;
  if (decided_.size() >= kRemembered) std::erase_if(decided_, [now](const auto& one) { return one.second <= now; });
  if (decided_.size() >= kRemembered) return;
  decided_[name] = now + kUnderWay;
  services_.network.loop.post([this, name] {
    if (group_ == nullptr) return;
    if (group_->size() >= kAtOnce) return postpone(name, kTrouble);
    group_->spawn(decide(name));
  });
}

void OnDemand::postpone(const std::string& name, runtime::Duration pause) {
  const std::lock_guard lock(mutex_);
  decided_[name] = services_.network.loop.clock().now() + pause;
}

void OnDemand::count(const char* result) {
  services_.metrics.add(services_.metrics.counter("gatehouse_certificates_on_demand_total", "Names that clients asked for, by what was decided.", {{"result", result}}));
}

void OnDemand::refuse(const std::string& name, const char* result, const std::string& reason, runtime::Duration pause) {
  postpone(name, pause);
  count(result);
  log::warn("issuer", "on_demand.refused", "a name that a client asked for gets no certificate", {{"name", name}, {"error", reason}});
}

bool OnDemand::hour_is_full() {
  const runtime::SteadyTime now = services_.network.loop.clock().now();
  while (!ordered_.empty() && ordered_.front() + 1h <= now) ordered_.pop_front();
  const std::lock_guard lock(mutex_);
  return ordered_.size() >= settings_.per_hour;
}

// 200 is yes, everything else no.
runtime::Task<Result<bool>> OnDemand::ask(std::string name) {
  const std::string& url = settings_.ask;  // changes with the group that this runs in
  auto request = client::request_to(url + (url.find('?') == std::string::npos ? "?domain=" : "&domain=") + name);
  if (!request) co_return std::move(request).error();
  request->deadline = kDeadline;
  request->max_body = 64 * 1024;
  auto answer = co_await client::fetch(services_.network, *std::move(request));
  if (!answer) co_return std::move(answer).error();
  co_return answer->status == 200;
}

runtime::Task<void> OnDemand::decide(std::string name) {
  if (hour_is_full() || !services_.has_room()) co_return refuse(name, "limited", "there are enough new names (on_demand.per_hour, max_names)", kTrouble);
  if (!settings_.ask.empty()) {
    const auto yes = co_await ask(name);
    if (!yes) co_return refuse(name, "refused", "on_demand.ask: " + yes.error().message, kTrouble);
    if (!*yes) co_return refuse(name, "refused", "on_demand.ask said no", kRefused);
    if (hour_is_full() || !services_.has_room()) co_return refuse(name, "limited", "there are enough new names (on_demand.per_hour, max_names)", kTrouble);
  }
  ordered_.push_back(services_.network.loop.clock().now());
  count("ordered");
  log::info("issuer", "on_demand.ordered", "ordering a certificate for a name that a client asked for", {{"name", name}});
  services_.order(name);
}

}  // namespace gatehouse::app
