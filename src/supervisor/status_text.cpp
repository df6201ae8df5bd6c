// The two text forms of a status.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "gatehouse/base/json.h"
#include "gatehouse/supervisor/status.h"
#include "gatehouse/yaml/words.h"

namespace gatehouse::supervisor {

namespace {

constexpr std::size_t kStateWidth = 12;

// Words of the engine and of containers go to a terminal: without control characters, and not longer than one reads.
std::string shown(const std::string& text) {
  constexpr std::size_t kLongest = 200;
  char buffer[kLongest];
  const auto escaped = json::append_escaped(buffer, buffer + kLongest, text);
  return std::string(buffer, escaped.end) + (escaped.complete ? "" : "…");
}

std::string in_text(std::chrono::milliseconds time) {
  const auto ms = time.count();
  return yaml::duration_text(ms < 1000 ? ms : (ms + 999) / 1000 * 1000);
}

void pad(std::string& line, std::size_t width) { line.append(width > line.size() ? width - line.size() : 1, ' '); }

std::string remarks(const ServiceStatus& service) {
  std::string out = shown(service.why);
  const auto add = [&](const std::string& text) { out += (out.empty() ? "" : "; ") + text; };
  if (service.next_try) add("next try in " + in_text(*service.next_try));
  if (service.restarts > 0) add(std::to_string(service.restarts) + (service.restarts == 1 ? " restart" : " restarts"));
  return out;
}

}  // namespace

std::string status_table(const std::vector<ServiceStatus>& services) {
  std::size_t width = 0;
  for (const ServiceStatus& service : services) width = std::max(width, service.name.size());
  std::string out;
  for (const ServiceStatus& service : services) {
    std::string line = service.name;
    pad(line, width + 2);
    line += to_string(service.state);
    const std::string text = remarks(service);
    if (!text.empty()) {
      pad(line, width + 2 + kStateWidth);
      line += text;
    }
    out += line + '\n';
  }
  return out;
}

std::string status_json(const std::vector<ServiceStatus>& services) {
  using nlohmann::ordered_json;
  ordered_json items = ordered_json::array();
  for (const ServiceStatus& service : services) {
    ordered_json item = {{"name", service.name},
                         {"state", std::string(to_string(service.state))},
                         {"why", service.why},
                         {"container", service.container},
                         {"address", service.address},
                         {"health", nullptr},
                         {"serves", service.serves},
                         {"restarts", service.restarts},
                         {"next_try_ms", nullptr},
                         {"last_exit", service.last_exit}};
    if (service.health) item["health"] = std::string(health::to_string(*service.health));
    if (service.next_try) item["next_try_ms"] = service.next_try->count();
    items.push_back(std::move(item));
  }
  const ordered_json document = {{"kind", "services"}, {"version", 1}, {"items", std::move(items)}};
  return document.dump(-1, ' ', false, ordered_json::error_handler_t::replace) + '\n';
}

}  // namespace gatehouse::supervisor
