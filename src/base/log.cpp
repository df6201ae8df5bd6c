#include "gatehouse/base/log.h"

#include <spdlog/async_logger.h>
#include <spdlog/details/thread_pool.h>
#include <spdlog/sinks/base_sink.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <condition_variable>
#include <cstdlib>
#include <memory>

#include "gatehouse/base/json.h"
#include "gatehouse/base/terminal.h"
#include "log_shared.h"

namespace gatehouse::log {
namespace {

constexpr std::size_t kQueuedLines = 2048;
constexpr auto kFlushPatience = std::chrono::seconds(1);

struct LevelNames {
  std::string_view json;
  std::string_view human;
  std::string_view journal;  // sd-daemon(3)
};
constexpr std::array<LevelNames, 6> kLevels = {{{"trace", "TRACE", "<7>"},
                                                {"debug", "DEBUG", "<7>"},
                                                {"info", "INFO", "<6>"},
                                                {"warn", "WARN", "<4>"},
                                                {"error", "ERROR", "<3>"},
                                                {"critical", "CRIT", "<2>"}}};
const LevelNames& names(Level level) { return kLevels[static_cast<std::size_t>(level)]; }

std::atomic<Level> least_level{Level::kInfo};
std::atomic<bool> human{false};
std::atomic<bool> colored{false};
std::atomic<bool> journal{false};
std::atomic<bool> hurry{false};
std::atomic<std::uint64_t> dropped_elsewhere{0};
std::atomic<int> descriptor{STDOUT_FILENO};

// The queue's thread ends up here, one whole line at a time.
class Sink final : public spdlog::sinks::sink {
 public:
  void log(const spdlog::details::log_msg& message) override {
    announce_losses();
    shared_output().write({message.payload.data(), message.payload.size()}, hurry);
  }
  void flush() override {
    announce_losses();
    {
      const std::lock_guard lock(mutex_);
      ++flushes_;
    }
    flushed_.notify_all();
  }
  void set_pattern(const std::string&) override {}
  void set_formatter(std::unique_ptr<spdlog::formatter>) override {}

  std::uint64_t flushes() {
    const std::lock_guard lock(mutex_);
    return flushes_;
  }
  void wait_flush_after(std::uint64_t seen) {
    std::unique_lock lock(mutex_);
    flushed_.wait_for(lock, kFlushPatience, [&] { return flushes_ > seen; });
  }

 private:
  void announce_losses();

  std::mutex mutex_;
  std::condition_variable flushed_;
  std::uint64_t flushes_ = 0;
  std::uint64_t announced_ = 0;
};

// Never destroyed: threads may log while the process ends, and a reader that hangs must not hang the end.
struct Backend {
  std::shared_ptr<Sink> sink = std::make_shared<Sink>();
  std::shared_ptr<spdlog::details::thread_pool> pool =
      std::make_shared<spdlog::details::thread_pool>(kQueuedLines, 1, [] { block_signals_in_this_thread(); });
  std::shared_ptr<spdlog::async_logger> logger =
      std::make_shared<spdlog::async_logger>("gatehouse", sink, pool, spdlog::async_overflow_policy::overrun_oldest);

  Backend() { logger->set_level(spdlog::level::trace); }
};

Backend& backend() {
  static auto* const instance = new Backend;
  return *instance;
}

bool stdout_is_journal() {
  const char* const stream = std::getenv("JOURNAL_STREAM");  // "device:inode", systemd.exec(5)
  struct stat status{};
  if (stream == nullptr || ::fstat(descriptor, &status) != 0) return false;
  return stream == std::to_string(status.st_dev) + ":" + std::to_string(status.st_ino);
}

void choose_form(Format format) {
  const bool on_terminal = format == Format::kAuto && ::isatty(descriptor) == 1;
  human.store(on_terminal || format == Format::kHuman, std::memory_order_relaxed);
  colored.store(terminal::shows_color(descriptor), std::memory_order_relaxed);
  journal.store(stdout_is_journal(), std::memory_order_relaxed);
}

void choose_default_form() {
  static const bool once = (choose_form(Format::kAuto), true);
  static_cast<void>(once);
}

struct JsonValue {
  JsonLine& line;
  std::string_view key;
  void operator()(std::string_view value) const { line.named_text(key, value); }
  void operator()(std::int64_t value) const { line.named_integer(key, value); }
  void operator()(double value) const { line.named_number(key, value); }
  void operator()(bool value) const { line.named_boolean(key, value); }
};

struct HumanValue {
  HumanLine& line;
  void operator()(std::string_view value) const { line.value(value); }
  void operator()(std::int64_t value) const { line.integer(value); }
  void operator()(double value) const { line.number(value); }
  void operator()(bool value) const { line.raw(value ? "true" : "false"); }
};

struct Line {
  Level level;
  std::string_view module, event, message;
  Fields fields;
};

std::size_t format_human(std::span<char> buffer, const Line& content) {
  HumanLine line(buffer, wall_now(), names(content.level).human, content.module);
  line.escaped(content.message);
  std::string_view separator = "  ";
  for (const Field& field : content.fields) {
    line.raw(std::exchange(separator, " "));
    line.escaped(field.key);
    line.raw("=");
    std::visit(HumanValue{line}, field.value);
  }
  return line.finish();
}

std::size_t format_json(std::span<char> buffer, const Line& content) {
  const LevelNames& level = names(content.level);
  JsonLine line(buffer, journal_lines() ? level.journal : "");
  line.timestamp("ts", wall_now());
  line.text("level", level.json);
  line.text("module", content.module);
  line.text("event", content.event);
  line.text("msg", content.message, kMaxLogLine / 2);
  for (const Field& field : content.fields) std::visit(JsonValue{line, field.key}, field.value);
  return line.finish();
}

std::size_t format(std::span<char> buffer, const Line& content) {
  return human_lines() ? format_human(buffer, content) : format_json(buffer, content);
}

void Sink::announce_losses() {
  const std::uint64_t lost = dropped_lines();
  if (lost == announced_) return;
  const auto count = static_cast<std::int64_t>(lost - announced_);
  const std::uint64_t lost_here = shared_output().lost_lines();
  char buffer[1024];
  const std::size_t size =
      format(buffer, {Level::kWarn, "base", "log.lines_dropped", "log lines were lost", {{"dropped", count}}});
  shared_output().write({buffer, size}, hurry);
  if (shared_output().lost_lines() == lost_here) announced_ = lost;
}

}  // namespace

LineOutput& shared_output() noexcept {
  static auto* const output = new LineOutput(STDOUT_FILENO);
  return *output;
}

void add_dropped(std::uint64_t lines) noexcept {
  dropped_elsewhere.fetch_add(lines, std::memory_order_relaxed);
  if (backend().pool->queue_size() == 0) backend().logger->flush();  // the sink announces when it flushes
}

bool colored_lines() noexcept { return colored.load(std::memory_order_relaxed); }

bool human_lines() noexcept {
  choose_default_form();
  return human.load(std::memory_order_relaxed);
}

bool journal_lines() noexcept { return journal.load(std::memory_order_relaxed); }

void configure(const Settings& settings) {
  choose_default_form();
  least_level.store(settings.level, std::memory_order_relaxed);
  choose_form(settings.format);
}

bool enabled(Level level) noexcept { return level >= least_level.load(std::memory_order_relaxed); }

void write(Level level, std::string_view module, std::string_view event, std::string_view message, Fields fields) {
  char buffer[kMaxLogLine];
  const std::size_t size = format(buffer, {level, module, event, message, fields});
  backend().logger->log(spdlog::source_loc{}, spdlog::level::info, spdlog::string_view_t(buffer, size));
}

void flush() {
  hurry.store(true, std::memory_order_relaxed);
  const std::uint64_t seen = backend().sink->flushes();
  backend().logger->flush();
  backend().sink->wait_flush_after(seen);
  hurry.store(false, std::memory_order_relaxed);
}

std::uint64_t dropped_lines() noexcept {
  return backend().pool->overrun_counter() + shared_output().lost_lines() +
         dropped_elsewhere.load(std::memory_order_relaxed);
}

void redirect_for_test(int fd) {
  descriptor = fd < 0 ? STDOUT_FILENO : fd;
  shared_output().set_fd(descriptor);
}

}  // namespace gatehouse::log
