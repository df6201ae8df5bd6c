#include "service_logs.h"

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "gatehouse/base/log.h"

namespace gatehouse::app {

namespace {

using Json = nlohmann::json;

constexpr std::size_t kMostMessage = 6 * 1024, kMostFields = 1536;  // a line of the log has 8 KiB
constexpr double kBurst = 2000, kPerSecond = 500;

struct Word {
  std::string_view theirs;
  log::Level level;
};
constexpr std::array kWords{Word{"trace", log::Level::kTrace},   Word{"debug", log::Level::kDebug}, Word{"info", log::Level::kInfo},
                            Word{"notice", log::Level::kInfo},   Word{"warn", log::Level::kWarn},   Word{"warning", log::Level::kWarn},
                            Word{"error", log::Level::kError},   Word{"err", log::Level::kError},   Word{"critical", log::Level::kCritical},
                            Word{"fatal", log::Level::kCritical}, Word{"panic", log::Level::kCritical}};
constexpr std::string_view kLevels[] = {"trace", "debug", "info", "warn", "error", "critical"};

log::Level level_of(std::string word) {
  for (char& c : word) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c;
  for (const Word& one : kWords)
    if (one.theirs == word) return one.level;
  return log::Level::kInfo;
}

// The first of these keys that has a text; it is taken out.
std::string lift(Json& object, std::initializer_list<const char*> keys) {
  for (const char* key : keys) {
    const auto found = object.find(key);
    if (found == object.end() || !found->is_string()) continue;
    std::string text = found->get<std::string>();
    object.erase(found);
    return text;
  }
  return {};
}

bool cut(std::string& text, std::size_t most) {
  if (text.size() <= most) return false;
  text.resize(most);
  return true;
}

}  // namespace

ShownLine shown_line(const std::string& text) {
  ShownLine out{.message = text, .fields = {}};
  Json object = text.starts_with('{') ? Json::parse(text, nullptr, false) : Json();
  if (object.is_object()) {
    out.level = kLevels[static_cast<std::size_t>(level_of(lift(object, {"level", "severity", "lvl"})))];
    out.message = lift(object, {"msg", "message"});
    if (!object.empty()) out.fields = object.dump(-1, ' ', false, Json::error_handler_t::replace);
  }
  const bool long_message = cut(out.message, kMostMessage);
  out.truncated = cut(out.fields, kMostFields) || long_message;
  return out;
}

void ServiceLogs::follow(const std::map<std::string, engine::Process>& running) {
  std::set<std::string> ids;
  for (const auto& [service, process] : running) {
    ids.insert(process.container);
    if (!followed_.insert(process.container).second) continue;
    const auto heard = heard_.find(process.container);
    tasks_.spawn(read(*this, service, process.container, heard == heard_.end() ? since_ : heard->second));
  }
  std::erase_if(heard_, [&](const auto& one) { return !ids.contains(one.first); });
}

runtime::Task<void> ServiceLogs::read(ServiceLogs& self, std::string service, std::string container, runtime::WallTime since) {
  self.heard_[container] = since;
  auto reading = self.podman_.logs(container, since, [&](const podman::LogLine& line) { self.take(service, container, line); });
  const Status ended = co_await reading;
  self.followed_.erase(container);
  if (!ended) log::debug("supervisor", "service.log_lost", "the log of a container broke off", {{"service", service}, {"error", ended.error().message}});
}

void ServiceLogs::take(const std::string& service, const std::string& container, const podman::LogLine& line) {
  heard_[container] = loop_.clock().wall();
  if (!fits(service)) {
    const std::lock_guard lock(mutex_);
    ++dropped_[service];
    return;
  }
  const ShownLine shown = shown_line(line.text);
  const log::Level level = level_of(shown.level);
  if (!log::enabled(level)) return;
  const std::string_view instance = std::string_view(container).substr(0, 12);
  const std::string_view stream = line.error_stream ? "stderr" : "stdout";
  if (shown.truncated)
    log::write(level, "container", "service.line", shown.message,
               {{"service", service}, {"instance", instance}, {"stream", stream}, {"fields", shown.fields}, {"truncated", true}});
  else if (!shown.fields.empty())
    log::write(level, "container", "service.line", shown.message,
               {{"service", service}, {"instance", instance}, {"stream", stream}, {"fields", shown.fields}});
  else
    log::write(level, "container", "service.line", shown.message, {{"service", service}, {"instance", instance}, {"stream", stream}});
}

bool ServiceLogs::fits(const std::string& service) {
  const runtime::SteadyTime now = loop_.clock().now();
  const auto [found, fresh] = buckets_.try_emplace(service, Bucket{kBurst, now});
  Bucket& bucket = found->second;
  bucket.tokens = std::min(kBurst, bucket.tokens + std::chrono::duration<double>(now - bucket.filled).count() * kPerSecond);
  bucket.filled = now;
  if (bucket.tokens < 1) return false;
  bucket.tokens -= 1;
  return true;
}

std::map<std::string, std::uint64_t> ServiceLogs::dropped() const {
  const std::lock_guard lock(mutex_);
  return dropped_;
}

}  // namespace gatehouse::app
