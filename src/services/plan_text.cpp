// The two text forms of a plan.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "gatehouse/base/json.h"
#include "gatehouse/services/plan.h"

namespace gatehouse::services {

namespace {

constexpr std::string_view kIndent = "    ";

// Texts of the engine and of labels go to a terminal: on one line, without control characters, and not longer than one reads.
std::string shown(const std::string& text) {
  constexpr std::size_t kLongest = 120;
  if (text.empty()) return "(none)";
  char buffer[kLongest];
  const auto escaped = json::append_escaped(buffer, buffer + kLongest, text);
  return std::string(buffer, escaped.end) + (escaped.complete ? "" : "…");
}

std::string subject(const PlanItem& item) { return item.kind == "service" ? item.name : item.kind + " " + item.name; }

void pad(std::string& line, std::size_t width) { line.append(width > line.size() ? width - line.size() : 0, ' '); }

}  // namespace

std::string plan_table(const Plan& plan) {
  std::size_t width = 0;
  for (const PlanItem& item : plan.items) width = std::max(width, subject(item).size());
  std::string out;
  for (const PlanItem& item : plan.items) {
    std::string line = subject(item);
    pad(line, width + 2);
    line += to_string(item.verb);
    pad(line, width + 12);
    line += item.container.empty() ? item.reason : shown(item.container) + ": " + item.reason;
    out += line + '\n';
    for (const Difference& field : item.fields) {
      out += std::string(kIndent) + shown(field.path) + ": " + shown(field.observed) + " -> " + shown(field.desired);
      if (to_string(field.remedy) != to_string(item.verb)) out += "  (" + std::string(to_string(field.remedy)) + ")";
      out += '\n';
    }
  }
  return out + (plan.changes() ? "" : "Nothing to do.\n");
}

std::string plan_json(const Plan& plan) {
  using nlohmann::ordered_json;
  ordered_json items = ordered_json::array();
  for (const PlanItem& item : plan.items) {
    ordered_json fields = ordered_json::array();
    for (const Difference& field : item.fields)
      fields.push_back({{"path", field.path},
                        {"observed", field.observed},
                        {"desired", field.desired},
                        {"remedy", std::string(to_string(field.remedy))}});
    items.push_back({{"action", std::string(to_string(item.verb))},
                     {"kind", item.kind},
                     {"name", item.name},
                     {"container", item.container},
                     {"reason", item.reason},
                     {"fields", std::move(fields)}});
  }
  const ordered_json document = {{"kind", "plan"}, {"version", 1}, {"changes", plan.changes()}, {"items", std::move(items)}};
  return document.dump(-1, ' ', false, ordered_json::error_handler_t::replace) + '\n';
}

}  // namespace gatehouse::services
