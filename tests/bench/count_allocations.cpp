// Preloaded into a program (LD_PRELOAD), counts what it allocates, in a file that others can read while it runs:
// two 64-bit numbers in the file named by COUNT_ALLOCATIONS, allocations so far and bytes alive now. A process forked
// from it goes on counting in the same file.
#include <dlfcn.h>
#include <fcntl.h>
#include <malloc.h>
#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <cstring>

namespace {

struct Counters {
  std::atomic<std::uint64_t> allocations;
  std::atomic<std::int64_t> live_bytes;
};

Counters unshared;
Counters* counters = &unshared;

// dlsym() allocates; what it asks for before we know the real functions comes from here and is never freed.
alignas(16) char early[8192];
std::size_t early_used = 0;

bool is_early(const void* pointer) { return pointer >= early && pointer < early + sizeof early; }

void* allocate_early(std::size_t size) {
  void* result = early + early_used;
  early_used += (size + 15) & ~std::size_t{15};
  return early_used <= sizeof early ? result : nullptr;
}

template <class Function>
Function* real(const char* name) {
  return reinterpret_cast<Function*>(::dlsym(RTLD_NEXT, name));
}

bool looking_up = false;
void* (*real_malloc)(std::size_t);
void* (*real_calloc)(std::size_t, std::size_t);
void* (*real_realloc)(void*, std::size_t);
void* (*real_aligned_alloc)(std::size_t, std::size_t);
void (*real_free)(void*);

void look_up() {
  looking_up = true;
  real_calloc = real<void*(std::size_t, std::size_t)>("calloc");
  real_realloc = real<void*(void*, std::size_t)>("realloc");
  real_aligned_alloc = real<void*(std::size_t, std::size_t)>("aligned_alloc");
  real_free = real<void(void*)>("free");
  real_malloc = real<void*(std::size_t)>("malloc");
  looking_up = false;
}

bool ready() {
  if (real_malloc == nullptr && !looking_up) look_up();
  return !looking_up;
}

void* counted(void* pointer) {
  if (pointer != nullptr) {
    counters->allocations.fetch_add(1, std::memory_order_relaxed);
    counters->live_bytes.fetch_add(static_cast<std::int64_t>(::malloc_usable_size(pointer)), std::memory_order_relaxed);
  }
  return pointer;
}

void forgotten(void* pointer) {
  if (pointer == nullptr) return;
  counters->live_bytes.fetch_sub(static_cast<std::int64_t>(::malloc_usable_size(pointer)), std::memory_order_relaxed);
}

__attribute__((constructor)) void share() {
  const char* path = std::getenv("COUNT_ALLOCATIONS");
  if (path == nullptr) return;
  const int fd = ::open(path, O_RDWR | O_CLOEXEC);
  if (fd < 0) return;
  void* memory = ::mmap(nullptr, sizeof(Counters), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  ::close(fd);
  if (memory != MAP_FAILED) counters = static_cast<Counters*>(memory);
}

}  // namespace

extern "C" {

void* malloc(std::size_t size) { return ready() ? counted(real_malloc(size)) : allocate_early(size); }

void* calloc(std::size_t count, std::size_t size) {
  return ready() ? counted(real_calloc(count, size)) : allocate_early(count * size);
}

void* realloc(void* pointer, std::size_t size) {
  if (!ready() || is_early(pointer)) {
    void* result = malloc(size);
    if (result != nullptr && pointer != nullptr) std::memcpy(result, pointer, size);
    return result;
  }
  forgotten(pointer);
  return counted(real_realloc(pointer, size));
}

void* aligned_alloc(std::size_t alignment, std::size_t size) {
  return ready() ? counted(real_aligned_alloc(alignment, size)) : nullptr;
}

void* memalign(std::size_t alignment, std::size_t size) { return aligned_alloc(alignment, size); }

int posix_memalign(void** result, std::size_t alignment, std::size_t size) {
  *result = aligned_alloc(alignment, size);
  return *result == nullptr ? ENOMEM : 0;
}

void free(void* pointer) {
  if (pointer == nullptr || is_early(pointer)) return;
  forgotten(pointer);
  if (ready()) real_free(pointer);
}
}
