#include "gatehouse/metrics/metrics.h"

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <map>
#include <mutex>

#include "gatehouse/base/check.h"
#include "gatehouse/base/json.h"

namespace gatehouse::metrics {

namespace {

constexpr std::uint32_t kHistogramSlots = kBuckets.size() + 2;

constexpr std::array<std::int64_t, kBuckets.size()> bounds_in_nanoseconds() {
  std::array<std::int64_t, kBuckets.size()> bounds{};
  for (std::size_t i = 0; i < bounds.size(); ++i) bounds[i] = static_cast<std::int64_t>(kBuckets[i] * 1e9 + 0.5);
  return bounds;
}
constexpr auto kBounds = bounds_in_nanoseconds();

struct Family {
  std::string help;
  prometheus::MetricType type = prometheus::MetricType::Counter;
  std::map<Labels, std::uint32_t> slots;
  std::map<Labels, std::function<double()>> functions;
  std::function<Registry::Series()> all;
  std::string source;  // of a derived family
  Registry::Relabel relabel;
};

std::vector<prometheus::ClientMetric::Label> label_list(const Labels& labels) {
  std::vector<prometheus::ClientMetric::Label> list;
  for (const auto& [name, value] : labels) list.push_back({name, json::to_utf8(value)});  // the format is UTF-8
  return list;
}

}  // namespace

LoopMetrics::~LoopMetrics() {
  for (auto& chunk : chunks_) delete chunk.load(std::memory_order_relaxed);
}

void LoopMetrics::grow(std::size_t chunks) {
  for (std::size_t i = 0; i < chunks; ++i)
    if (chunks_[i].load(std::memory_order_relaxed) == nullptr) chunks_[i].store(new Chunk{}, std::memory_order_release);
}

void LoopMetrics::observe(HistogramId id, std::chrono::nanoseconds value) noexcept {
  const std::int64_t nanoseconds = value.count() < 0 ? 0 : value.count();
  std::uint32_t bucket = 0;
  while (bucket < kBounds.size() && nanoseconds > kBounds[bucket]) ++bucket;
  bump(id.slot + bucket, 1);
  bump(id.slot + kHistogramSlots - 1, static_cast<std::uint64_t>(nanoseconds));
}

struct Registry::State {
  std::uint32_t declare(std::string_view name, std::string_view help, const Labels& labels, prometheus::MetricType type,
                        std::uint32_t slots);
  std::uint64_t sum(std::uint32_t slot);
  Family& family(std::string_view name, std::string_view help, prometheus::MetricType type);  // under the lock
  prometheus::MetricFamily collect(const std::string& name, const Family& family);
  void derive(const Family& family, prometheus::MetricFamily& collected);
  void declare_derived(std::string_view name, Family family);
  prometheus::ClientMetric collect(const Labels& labels, std::uint32_t slot, prometheus::MetricType type);

  mutable std::mutex mutex;
  std::map<std::string, Family, std::less<>> families;
  std::vector<std::unique_ptr<LoopMetrics>> loops;
  LoopMetrics anywhere;  // written under the mutex
  std::uint32_t next_slot = 0;
  std::atomic<std::uint64_t> dropped_series{0};
};

Registry::Registry() : state_(std::make_unique<State>()) {
  counter_function("gatehouse_metrics_series_dropped_total", "Series that were not kept because their family is full.", {},
                   [this] { return static_cast<double>(state_->dropped_series.load()); });
}
Registry::~Registry() = default;

Family& Registry::State::family(std::string_view name, std::string_view help, prometheus::MetricType type) {
  auto known = families.find(name);
  if (known == families.end()) known = families.emplace(name, Family{std::string(help), type, {}, {}, {}, {}, {}}).first;
  GATEHOUSE_CHECK(known->second.type == type);
  return known->second;
}

std::uint32_t Registry::State::declare(std::string_view name, std::string_view help, const Labels& wanted,
                                       prometheus::MetricType type, std::uint32_t slots) {
  const std::lock_guard lock(mutex);
  Family& family = this->family(name, help, type);
  Labels labels = wanted;
  auto found = family.slots.find(labels);
  if (found == family.slots.end() && family.slots.size() >= kMaxSeries) {
    ++dropped_series;
    for (auto& [key, value] : labels) value = "_other";
    found = family.slots.find(labels);
  }
  if (found != family.slots.end()) return found->second;
  // A histogram must not lie across two chunks.
  if (next_slot % LoopMetrics::kChunkSlots + slots > LoopMetrics::kChunkSlots)
    next_slot = (next_slot / LoopMetrics::kChunkSlots + 1) * LoopMetrics::kChunkSlots;
  const std::uint32_t slot = next_slot;
  next_slot += slots;
  const std::size_t chunks = (next_slot + LoopMetrics::kChunkSlots - 1) / LoopMetrics::kChunkSlots;
  GATEHOUSE_CHECK(chunks <= LoopMetrics::kChunks);
  for (const auto& loop : loops) loop->grow(chunks);
  anywhere.grow(chunks);
  family.slots.emplace(std::move(labels), slot);
  return slot;
}

CounterId Registry::counter(std::string_view name, std::string_view help, const Labels& labels) {
  return {state_->declare(name, help, labels, prometheus::MetricType::Counter, 1)};
}

GaugeId Registry::level(std::string_view name, std::string_view help, const Labels& labels) {
  return {state_->declare(name, help, labels, prometheus::MetricType::Gauge, 1)};
}

void Registry::declare_counter(std::string_view name, std::string_view help) {
  const std::lock_guard lock(state_->mutex);
  state_->family(name, help, prometheus::MetricType::Counter);
}

void Registry::declare_histogram(std::string_view name, std::string_view help) {
  const std::lock_guard lock(state_->mutex);
  state_->family(name, help, prometheus::MetricType::Histogram);
}

HistogramId Registry::histogram(std::string_view name, std::string_view help, const Labels& labels) {
  return {state_->declare(name, help, labels, prometheus::MetricType::Histogram, kHistogramSlots)};
}

void Registry::gauge(std::string_view name, std::string_view help, const Labels& labels, std::function<double()> read) {
  const std::lock_guard lock(state_->mutex);
  Family& family = state_->families[std::string(name)];
  family.help = help;
  family.type = prometheus::MetricType::Gauge;
  family.functions[labels] = std::move(read);
}

void Registry::counter_function(std::string_view name, std::string_view help, const Labels& labels,
                                std::function<double()> read) {
  gauge(name, help, labels, std::move(read));
  const std::lock_guard lock(state_->mutex);
  state_->families.find(name)->second.type = prometheus::MetricType::Counter;
}

void Registry::gauges(std::string_view name, std::string_view help, std::function<Series()> read) {
  const std::lock_guard lock(state_->mutex);
  Family& family = state_->families[std::string(name)];
  family.help = help;
  family.type = prometheus::MetricType::Gauge;
  family.all = std::move(read);
}

void Registry::counters(std::string_view name, std::string_view help, std::function<Series()> read) {
  gauges(name, help, std::move(read));
  const std::lock_guard lock(state_->mutex);
  state_->families.find(name)->second.type = prometheus::MetricType::Counter;
}

LoopMetrics& Registry::loop(unsigned index) {
  const std::lock_guard lock(state_->mutex);
  while (state_->loops.size() <= index) {
    state_->loops.push_back(std::make_unique<LoopMetrics>());
    state_->loops.back()->grow((state_->next_slot + LoopMetrics::kChunkSlots - 1) / LoopMetrics::kChunkSlots);
  }
  return *state_->loops[index];
}

void Registry::add(CounterId id, std::uint64_t amount) {
  const std::lock_guard lock(state_->mutex);
  state_->anywhere.add(id, amount);
}

void Registry::observe(HistogramId id, std::chrono::nanoseconds value) {
  const std::lock_guard lock(state_->mutex);
  state_->anywhere.observe(id, value);
}

std::uint64_t Registry::State::sum(std::uint32_t slot) {
  std::uint64_t total = anywhere.at(slot).load(std::memory_order_relaxed);
  for (const auto& loop : loops) total += loop->at(slot).load(std::memory_order_relaxed);
  return total;
}

std::uint64_t Registry::value(CounterId id) const {
  const std::lock_guard lock(state_->mutex);
  return state_->sum(id.slot);
}

std::int64_t Registry::value(GaugeId id) const {
  const std::lock_guard lock(state_->mutex);
  return static_cast<std::int64_t>(state_->sum(id.slot));
}

std::uint64_t Registry::count(HistogramId id) const {
  const std::lock_guard lock(state_->mutex);
  std::uint64_t total = 0;
  for (std::uint32_t i = 0; i <= kBuckets.size(); ++i) total += state_->sum(id.slot + i);
  return total;
}

Buckets Registry::buckets(HistogramId id) const {
  const std::lock_guard lock(state_->mutex);
  Buckets buckets;
  for (std::uint32_t i = 0; i < buckets.size(); ++i) buckets[i] = state_->sum(id.slot + i);
  return buckets;
}

std::uint64_t Registry::total(std::string_view histogram) const {
  const std::lock_guard lock(state_->mutex);
  const auto family = state_->families.find(histogram);
  if (family == state_->families.end()) return 0;
  std::uint64_t total = 0;
  for (const auto& [labels, slot] : family->second.slots)
    for (std::uint32_t i = 0; i <= kBuckets.size(); ++i) total += state_->sum(slot + i);
  return total;
}

prometheus::ClientMetric Registry::State::collect(const Labels& labels, std::uint32_t slot,
                                                  prometheus::MetricType type) {
  prometheus::ClientMetric metric;
  metric.label = label_list(labels);
  if (type == prometheus::MetricType::Counter) {
    metric.counter.value = static_cast<double>(sum(slot));
    return metric;
  }
  if (type == prometheus::MetricType::Gauge) {
    metric.gauge.value = static_cast<double>(static_cast<std::int64_t>(sum(slot)));
    return metric;
  }
  std::uint64_t cumulative = 0;
  for (std::uint32_t i = 0; i < kBuckets.size(); ++i) {
    cumulative += sum(slot + i);
    metric.histogram.bucket.push_back({cumulative, kBuckets[i]});
  }
  cumulative += sum(slot + kBuckets.size());
  metric.histogram.sample_count = cumulative;
  metric.histogram.sample_sum = static_cast<double>(sum(slot + kHistogramSlots - 1)) / 1e9;
  return metric;
}

prometheus::MetricFamily Registry::State::collect(const std::string& name, const Family& family) {
  prometheus::MetricFamily collected;
  collected.name = name;
  collected.help = family.help;
  collected.type = family.type;
  for (const auto& [labels, slot] : family.slots) collected.metric.push_back(collect(labels, slot, family.type));
  if (family.relabel) derive(family, collected);
  return collected;
}

namespace {

void add_up(prometheus::ClientMetric& total, const prometheus::ClientMetric& one) {
  total.counter.value += one.counter.value;
  total.histogram.sample_count += one.histogram.sample_count;
  total.histogram.sample_sum += one.histogram.sample_sum;
  total.histogram.bucket.resize(one.histogram.bucket.size());
  for (std::size_t i = 0; i < one.histogram.bucket.size(); ++i) {
    total.histogram.bucket[i].upper_bound = one.histogram.bucket[i].upper_bound;
    total.histogram.bucket[i].cumulative_count += one.histogram.bucket[i].cumulative_count;
  }
}

}  // namespace

void Registry::State::derive(const Family& family, prometheus::MetricFamily& collected) {
  const auto source = families.find(family.source);
  if (source == families.end()) return;
  std::map<Labels, prometheus::ClientMetric> totals;
  for (const auto& [labels, slot] : source->second.slots) {
    auto wanted = family.relabel(labels);
    if (!wanted) continue;
    prometheus::ClientMetric one = collect(labels, slot, source->second.type);
    if (family.type == prometheus::MetricType::Counter && source->second.type == prometheus::MetricType::Histogram)
      one.counter.value = static_cast<double>(one.histogram.sample_count);
    add_up(totals[*std::move(wanted)], one);
  }
  for (auto& [labels, metric] : totals) {
    metric.label = label_list(labels);
    collected.metric.push_back(std::move(metric));
  }
}

void Registry::State::declare_derived(std::string_view name, Family family) {
  const std::lock_guard lock(mutex);
  families.insert_or_assign(std::string(name), std::move(family));
}

void Registry::derived_counter(std::string_view name, std::string_view help, std::string_view source, Relabel relabel) {
  state_->declare_derived(name, {std::string(help), prometheus::MetricType::Counter, {}, {}, {}, std::string(source), std::move(relabel)});
}

void Registry::derived_histogram(std::string_view name, std::string_view help, std::string_view source, Relabel relabel) {
  state_->declare_derived(name, {std::string(help), prometheus::MetricType::Histogram, {}, {}, {}, std::string(source), std::move(relabel)});
}

namespace {

// Runs without the registry's lock, so that a function may take locks of its owner.
void ask(const Family& family, prometheus::MetricFamily& collected) {
  const auto add = [&](const Labels& labels, double value) {
    prometheus::ClientMetric metric;
    metric.label = label_list(labels);
    (family.type == prometheus::MetricType::Counter ? metric.counter.value : metric.gauge.value) = value;
    collected.metric.push_back(std::move(metric));
  };
  for (const auto& [labels, read] : family.functions) add(labels, read());
  if (!family.all) return;
  Registry::Series series = family.all();
  if (series.size() > kMaxSeries) series.resize(kMaxSeries);
  for (const auto& [labels, value] : series) add(labels, value);
}

}  // namespace

std::string Registry::render() const {
  std::vector<prometheus::MetricFamily> families;
  std::vector<std::pair<std::size_t, Family>> asked;
  {
    const std::lock_guard lock(state_->mutex);
    for (const auto& [name, family] : state_->families) {
      if (!family.functions.empty() || family.all)
        asked.emplace_back(families.size(), Family{{}, family.type, {}, family.functions, family.all, {}, {}});
      families.push_back(state_->collect(name, family));
    }
  }
  for (const auto& [index, family] : asked) ask(family, families[index]);
  return prometheus::TextSerializer().Serialize(families);
}

}  // namespace gatehouse::metrics
