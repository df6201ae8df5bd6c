#include "gatehouse/runtime/task.h"

#include <array>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <new>

namespace gatehouse::runtime {

namespace detail {

namespace {

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define GATEHOUSE_PLAIN_FRAMES 1  // let the sanitizer see every frame's life
#endif
#endif

[[maybe_unused]] constexpr std::size_t kClassBytes = 64;
constexpr std::size_t kClasses = 128;          // frames up to 8 KiB
constexpr std::size_t kKeptPerClass = 4096;

struct FreeFrame {
  FreeFrame* next;
};

class FrameLists {
 public:
  FrameLists() = default;
  FrameLists(const FrameLists&) = delete;
  FrameLists& operator=(const FrameLists&) = delete;
  ~FrameLists() {
    for (FreeFrame*& list : lists_)
      while (list != nullptr) ::operator delete(std::exchange(list, list->next));
  }

  void* take(std::size_t size_class) noexcept {
    FreeFrame* frame = lists_[size_class];
    if (frame == nullptr) return nullptr;
    lists_[size_class] = frame->next;
    --counts_[size_class];
    return frame;
  }
  bool give(std::size_t size_class, void* memory) noexcept {
    if (counts_[size_class] == kKeptPerClass) return false;
    lists_[size_class] = new (memory) FreeFrame{lists_[size_class]};
    ++counts_[size_class];
    return true;
  }

 private:
  std::array<FreeFrame*, kClasses> lists_{};
  std::array<std::size_t, kClasses> counts_{};
};

[[maybe_unused]] FrameLists& frame_lists() {
  static thread_local FrameLists lists;
  return lists;
}

}  // namespace

#ifdef GATEHOUSE_PLAIN_FRAMES
void* allocate_frame(std::size_t bytes) { return ::operator new(bytes); }
void free_frame(void* frame, std::size_t) noexcept { ::operator delete(frame); }
#else
void* allocate_frame(std::size_t bytes) {
  const std::size_t size_class = (bytes + kClassBytes - 1) / kClassBytes;
  if (size_class >= kClasses) return ::operator new(bytes);
  if (void* frame = frame_lists().take(size_class)) return frame;
  return ::operator new(size_class * kClassBytes);
}

void free_frame(void* frame, std::size_t bytes) noexcept {
  const std::size_t size_class = (bytes + kClassBytes - 1) / kClassBytes;
  if (size_class < kClasses && frame_lists().give(size_class, frame)) return;
  ::operator delete(frame);
}
#endif

void unhandled_exception() noexcept {
  std::fputs("gatehouse: an exception reached the end of a coroutine\n", stderr);
  std::terminate();
}

}  // namespace detail

struct TaskGroup::Root {
  struct promise_type : Node {
    promise_type(TaskGroup& owner, Task<void>&) noexcept : group(owner) {}
    ~promise_type() { group.unlink(*this); }
    static void* operator new(std::size_t bytes) { return detail::allocate_frame(bytes); }
    static void operator delete(void* frame, std::size_t bytes) noexcept { detail::free_frame(frame, bytes); }

    Root get_return_object() noexcept {
      handle = std::coroutine_handle<promise_type>::from_promise(*this);
      group.link(*this);
      return {};
    }
    std::suspend_never initial_suspend() noexcept { return {}; }
    std::suspend_never final_suspend() noexcept { return {}; }
    void return_void() noexcept {}
    void unhandled_exception() noexcept { detail::unhandled_exception(); }

    TaskGroup& group;
  };
};

TaskGroup::Root TaskGroup::run(TaskGroup&, Task<void> task) { co_await task; }

void TaskGroup::spawn(Task<void> task) { run(*this, std::move(task)); }

void TaskGroup::stop() noexcept {
  while (first_ != nullptr) first_->handle.destroy();
}

void TaskGroup::link(Node& node) noexcept {
  node.next = first_;
  if (first_ != nullptr) first_->previous = &node;
  first_ = &node;
  ++size_;
}

void TaskGroup::unlink(Node& node) noexcept {
  (node.previous != nullptr ? node.previous->next : first_) = node.next;
  if (node.next != nullptr) node.next->previous = node.previous;
  --size_;
}

}  // namespace gatehouse::runtime
