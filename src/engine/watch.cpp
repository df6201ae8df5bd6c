// What happens without our doing.
#include <algorithm>

#include "core.h"
#include "gatehouse/base/log.h"

namespace gatehouse::engine {

namespace {

constexpr std::chrono::milliseconds kFirstPause{100};
constexpr std::chrono::milliseconds kLongestPause{5'000};

runtime::Task<void> pause_for(runtime::Loop& loop, std::chrono::milliseconds time) {
  runtime::Waiter waiter(loop);
  runtime::Timer timer(waiter);
  timer.arm(time);
  while (!timer.expired()) co_await waiter.wait();
}

}  // namespace

// Events are hints: some come twice, some never. Health runs are not told: they are ours.
void Core::take(const podman::Event& event) {
  if (event.type != "container") return;
  if (event.action.starts_with("health_status") || event.action.starts_with("exec")) return;
  const auto service = event.attributes.find("io.gatehouse.service");
  if (service != event.attributes.end()) ports_.tell(supervisor::Changed{service->second});
}

runtime::Task<void> Core::watch(Core& core) {
  bool lost = false;
  auto pause = kFirstPause;
  for (;;) {
    auto asking = core.podman_.ping();
    const auto version = co_await asking;
    std::string reason = version ? "" : version.error().message;
    if (version) {
      pause = kFirstPause;
      const auto opened = [&core, &lost] {
        if (std::exchange(lost, false)) core.ports_.tell(supervisor::EngineBack{});
      };
      const auto on_event = [&core](const podman::Event& event) {
        core.take(event);
        return true;
      };
      auto watching = core.podman_.events(core.project_label_, opened, on_event);
      const Status ended = co_await watching;
      reason = ended ? "the stream of events has ended" : ended.error().message;
    }
    if (!std::exchange(lost, true)) core.ports_.tell(supervisor::EngineLost{reason});
    co_await pause_for(core.network_.loop, pause);
    pause = std::min(pause * 2, kLongestPause);
  }
}

}  // namespace gatehouse::engine
