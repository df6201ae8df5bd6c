#include "timer_wheel.h"

#include <algorithm>

namespace gatehouse::runtime {

void TimerWheel::arm(Timer& timer, Duration delay) noexcept {
  const std::int64_t now = clock_.now().time_since_epoch().count();
  timer.expired_ = false;
  timer.deadline_ = (now + std::max<std::int64_t>(delay.count(), 0) + kTickNanoseconds - 1) / kTickNanoseconds;
  if (timer.slot_ >= 0 && timer.slot_ <= timer.deadline_) return;  // found when its slot comes up
  if (timer.slot_ >= 0) unlink(timer);
  if (linked_ == 0) visited_ = now / kTickNanoseconds - 1;
  link(timer, timer.deadline_);
  next_tick_ = std::min(next_tick_, timer.slot_);
}

void TimerWheel::link(Timer& timer, std::int64_t tick) noexcept {
  timer.slot_ = std::clamp(tick, visited_ + 1, visited_ + kSlots - 1);
  Timer*& head = slots_[static_cast<std::size_t>(timer.slot_ % kSlots)];
  timer.previous_ = nullptr;
  timer.next_ = head;
  if (head != nullptr) head->previous_ = &timer;
  head = &timer;
  ++linked_;
}

void TimerWheel::unlink(Timer& timer) noexcept {
  if (timer.slot_ < 0) return;
  Timer*& head = slots_[static_cast<std::size_t>(timer.slot_ % kSlots)];
  (timer.previous_ != nullptr ? timer.previous_->next_ : head) = timer.next_;
  if (timer.next_ != nullptr) timer.next_->previous_ = timer.previous_;
  timer.slot_ = -1;
  --linked_;
}

void TimerWheel::visit(std::int64_t tick) noexcept {
  Timer* timer = std::exchange(slots_[static_cast<std::size_t>(tick % kSlots)], nullptr);
  while (timer != nullptr) {
    Timer& current = *timer;
    timer = timer->next_;
    current.slot_ = -1;
    --linked_;
    if (current.deadline_ == Timer::kNever) continue;
    if (current.deadline_ > tick) {
      link(current, current.deadline_);
      continue;
    }
    current.deadline_ = Timer::kNever;
    current.expired_ = true;
    current.waiter_.notify();
  }
}

void TimerWheel::advance(SteadyTime time) noexcept {
  const std::int64_t now = time.time_since_epoch().count() / kTickNanoseconds;
  if (now < next_tick_) return;
  // After a long pause each slot needs one visit, not one for each missed tick.
  if (now - visited_ > kSlots) visited_ = now - kSlots;
  while (visited_ < now && linked_ > 0) {
    ++visited_;
    visit(visited_);
  }
  visited_ = std::max(visited_, now);
  find_next();
}

void TimerWheel::find_next() noexcept {
  next_tick_ = INT64_MAX;
  if (linked_ == 0) return;
  std::int64_t tick = visited_ + 1;
  while (slots_[static_cast<std::size_t>(tick % kSlots)] == nullptr) ++tick;
  next_tick_ = tick;
}

int TimerWheel::due_in_ms() const noexcept {
  constexpr std::int64_t kMillisecond = 1'000'000;
  if (next_tick_ == INT64_MAX) return -1;
  const std::int64_t left = next_tick_ * kTickNanoseconds - clock_.now().time_since_epoch().count();
  return static_cast<int>(std::max<std::int64_t>((left + kMillisecond - 1) / kMillisecond, 0));
}

}  // namespace gatehouse::runtime
