// GATEHOUSE_CHECK(condition): broken ownership or a broken invariant of our own aborts, in every build. Never for input
// from users, files or peers: that is a Result.
#pragma once

namespace gatehouse {

[[noreturn]] void check_failed(const char* condition, const char* file, int line) noexcept;

template <class T>
T* check_not_null(T* pointer, const char* what, const char* file, int line) noexcept {
  if (pointer == nullptr) check_failed(what, file, line);
  return pointer;
}

}  // namespace gatehouse

#define GATEHOUSE_CHECK(condition) \
  (static_cast<bool>(condition) ? void(0) : ::gatehouse::check_failed(#condition, __FILE__, __LINE__))
#define GATEHOUSE_CHECK_NOT_NULL(pointer) ::gatehouse::check_not_null((pointer), #pointer, __FILE__, __LINE__)
