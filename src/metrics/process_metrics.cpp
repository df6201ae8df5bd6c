// The process_* series that every Prometheus client library exports, from /proc/self, and what the process says of itself.
#include <sys/resource.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <openssl/crypto.h>

#include "gatehouse/metrics/metrics.h"

namespace gatehouse::metrics {

namespace {

// Field `index` of /proc/self/stat, counted from 1 as in proc(5); the name in field 2 may hold spaces.
double stat_field(std::size_t index) {
  std::ifstream file("/proc/self/stat");
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  std::size_t at = text.rfind(')');
  for (std::size_t field = 2; field < index && at != std::string::npos; ++field) at = text.find(' ', at + 1);
  if (at == std::string::npos) return 0;
  double value = 0;
  std::from_chars(text.data() + at + 1, text.data() + text.size(), value);
  return value;
}

double cpu_seconds() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto seconds = [](const timeval& time) { return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6; };
  return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

double open_descriptors() {
  std::error_code error;
  double count = 0;
  for (std::filesystem::directory_iterator entry("/proc/self/fd", error), end; !error && entry != end; entry.increment(error)) ++count;
  return count > 0 ? count - 1 : 0;  // the directory itself
}

double max_descriptors() {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  return static_cast<double>(limit.rlim_cur);
}

double start_time() {
  std::ifstream file("/proc/stat");
  double boot = 0;
  for (std::string line; std::getline(file, line);)
    if (line.starts_with("btime ")) std::from_chars(line.data() + 6, line.data() + line.size(), boot);
  return boot + stat_field(22) / static_cast<double>(::sysconf(_SC_CLK_TCK));
}

}  // namespace

void add_process_metrics(Registry& registry, std::string_view version, std::string_view revision) {
  const double page = static_cast<double>(::sysconf(_SC_PAGESIZE));
  registry.counter_function("process_cpu_seconds_total", "User and system CPU time in seconds.", {}, cpu_seconds);
  registry.gauge("process_open_fds", "Open file descriptors.", {}, open_descriptors);
  registry.gauge("process_max_fds", "Limit of open file descriptors.", {}, max_descriptors);
  registry.gauge("process_resident_memory_bytes", "Resident memory in bytes.", {}, [page] { return stat_field(24) * page; });
  registry.gauge("process_virtual_memory_bytes", "Virtual memory in bytes.", {}, [] { return stat_field(23); });
  registry.gauge("process_start_time_seconds", "Start of the process, Unix time.", {}, start_time);
  registry.gauge("gatehouse_build_info", "Always 1; the labels say what was built.",
                 {{"version", std::string(version)}, {"revision", std::string(revision)}, {"compiler", "clang " __clang_version__},
                  {"openssl", OpenSSL_version(OPENSSL_VERSION_STRING)}},
                 [] { return 1.0; });
}

}  // namespace gatehouse::metrics
