// Counters and histograms for the request path, gauges for everything else, and the page that Prometheus reads.
//
// A Registry declares series once (when a snapshot is built) and gives ids; each loop adds to its own LoopMetrics, one
// writer, no lock prefix, no look-up; a scrape sums over the loops. Declaring the same name and labels again gives the same
// id, so a reload costs nothing.
//
//   auto refused = registry.counter("gatehouse_http_requests_refused_total", "Requests refused.", {{"reason", "no_route"}});
//   registry.loop(0).add(refused);
//
// A family has at most kMaxSeries series: what comes later is counted under the value "_other" and in
// gatehouse_metrics_series_dropped_total, so hostile names cannot fill the memory.
// Owner: main. Thread: declaring and render() any thread; a LoopMetrics belongs to its loop. Gauge functions are called by
// render() on its thread without a lock of the registry, must allow that and must outlive the last scrape.
// Declaring one name as counter and as histogram aborts.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace gatehouse::metrics {

inline constexpr std::size_t kMaxSeries = 1000;

// Upper bounds of the buckets, in seconds: OpenTelemetry's advice for request durations.
inline constexpr std::array<double, 14> kBuckets{.005, .01, .025, .05, .075, .1, .25, .5, .75, 1, 2.5, 5, 7.5, 10};

using Buckets = std::array<std::uint64_t, kBuckets.size() + 1>;  // observations in each; the last: above all bounds

using Labels = std::vector<std::pair<std::string, std::string>>;

struct CounterId {
  std::uint32_t slot = 0;
};
struct HistogramId {
  std::uint32_t slot = 0;  // the first of kBuckets.size() + 2: buckets, overflow, sum in nanoseconds
};

struct GaugeId {
  std::uint32_t slot = 0;  // wraps: what one loop adds another may take away
};

class LoopMetrics {
 public:
  LoopMetrics() = default;
  LoopMetrics(const LoopMetrics&) = delete;
  LoopMetrics& operator=(const LoopMetrics&) = delete;
  ~LoopMetrics();

  void add(CounterId id, std::uint64_t amount = 1) noexcept { bump(id.slot, amount); }
  void change(GaugeId id, std::int64_t by) noexcept { bump(id.slot, static_cast<std::uint64_t>(by)); }
  void observe(HistogramId id, std::chrono::nanoseconds value) noexcept;

 private:
  friend class Registry;
  static constexpr std::uint32_t kChunkSlots = 1024;
  static constexpr std::size_t kChunks = 1024;
  using Chunk = std::array<std::atomic<std::uint64_t>, kChunkSlots>;

  std::atomic<std::uint64_t>& at(std::uint32_t slot) noexcept {
    return (*chunks_[slot / kChunkSlots].load(std::memory_order_acquire))[slot % kChunkSlots];
  }
  void bump(std::uint32_t slot, std::uint64_t amount) noexcept {
    std::atomic<std::uint64_t>& value = at(slot);
    value.store(value.load(std::memory_order_relaxed) + amount, std::memory_order_relaxed);
  }
  void grow(std::size_t chunks);

  std::array<std::atomic<Chunk*>, kChunks> chunks_{};
};

class Registry {
 public:
  Registry();
  Registry(const Registry&) = delete;
  Registry& operator=(const Registry&) = delete;
  ~Registry();

  CounterId counter(std::string_view name, std::string_view help, const Labels& labels = {});
  HistogramId histogram(std::string_view name, std::string_view help, const Labels& labels = {});
  GaugeId level(std::string_view name, std::string_view help, const Labels& labels = {});  // a gauge that loops move up and down

  // A family whose series come with what happens: the page has its HELP and TYPE from the start, so that dashboards and
  // rules find it.
  void declare_counter(std::string_view name, std::string_view help);
  void declare_histogram(std::string_view name, std::string_view help);

  // Asked at every scrape. The same name and labels again replace the function.
  void gauge(std::string_view name, std::string_view help, const Labels& labels, std::function<double()> read);
  void counter_function(std::string_view name, std::string_view help, const Labels& labels, std::function<double()> read);

  // A family whose series come and go (listeners, servers): all of them, at every scrape.
  using Series = std::vector<std::pair<Labels, double>>;
  void gauges(std::string_view name, std::string_view help, std::function<Series()> read);
  void counters(std::string_view name, std::string_view help, std::function<Series()> read);

  // A family that each scrape makes from another: series whose new labels are the same are added up, nullopt leaves one out.
  // A counter made from a histogram counts its observations. `relabel` runs under the registry's lock.
  using Relabel = std::function<std::optional<Labels>(const Labels& labels)>;
  void derived_counter(std::string_view name, std::string_view help, std::string_view source, Relabel relabel);
  void derived_histogram(std::string_view name, std::string_view help, std::string_view source, Relabel relabel);

  LoopMetrics& loop(unsigned index);  // made on first use; lives as long as the registry

  // For rare events of code that runs on any thread; takes a lock.
  void add(CounterId id, std::uint64_t amount = 1);
  void observe(HistogramId id, std::chrono::nanoseconds value);

  std::uint64_t value(CounterId id) const;          // summed over the loops
  std::int64_t value(GaugeId id) const;
  std::uint64_t count(HistogramId id) const;
  Buckets buckets(HistogramId id) const;
  std::uint64_t total(std::string_view histogram) const;  // observations of all its series
  std::string render() const;         // text exposition format 0.0.4

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// The standard process_* series and gatehouse_build_info.
void add_process_metrics(Registry& registry, std::string_view version, std::string_view revision);

}  // namespace gatehouse::metrics
