#include "gatehouse/stdio/inbox.h"

#include <utility>

namespace gatehouse::stdio {

bool Inbox::push(Event event, const runtime::Loop& from) {
  bool room = true;
  {
    const std::lock_guard lock(mutex_);
    if (abandoned()) return true;
    bytes_ += event.bytes.size();
    events_.push_back(std::move(event));
    if (bytes_ > limit_) full_ = true;
    room = !full_;
  }
  wake(from);
  return room;
}

void Inbox::wake(const runtime::Loop& from) {
  if (&from == &loop_) {
    if (waiter_ != nullptr) waiter_->notify();
    return;
  }
  {
    const std::lock_guard lock(mutex_);
    if (std::exchange(wake_posted_, true)) return;
  }
  loop_.post([self = shared_from_this()] {
    {
      const std::lock_guard lock(self->mutex_);
      self->wake_posted_ = false;
    }
    if (self->waiter_ != nullptr) self->waiter_->notify();
  });
}

void Inbox::detach() noexcept {
  waiter_ = nullptr;
  bool was_full = false;
  {
    const std::lock_guard lock(mutex_);
    abandoned_.store(true, std::memory_order_release);
    events_.clear();
    bytes_ = 0;
    was_full = std::exchange(full_, false);
  }
  if (was_full && on_room_) on_room_();
}

std::optional<Event> Inbox::pop() {
  std::optional<Event> event;
  bool relieved = false;
  {
    const std::lock_guard lock(mutex_);
    if (events_.empty()) return event;
    event = std::move(events_.front());
    events_.pop_front();
    bytes_ -= event->bytes.size();
    relieved = full_ && bytes_ <= limit_ / 2;
    if (relieved) full_ = false;
  }
  if (relieved && on_room_) on_room_();
  return event;
}

}  // namespace gatehouse::stdio
