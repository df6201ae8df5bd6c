#include <iostream>

#include "cli.h"
#include "cli_ask.h"

namespace gatehouse::app {
namespace {

std::string uptime(const Json& seconds) {
  const auto total = seconds.is_number() ? static_cast<long long>(seconds.get<double>()) : 0;
  if (total < 60) return std::to_string(total) + " s";
  if (total < 3600) return std::to_string(total / 60) + " min";
  if (total < 86400) return std::to_string(total / 3600) + " h " + std::to_string(total / 60 % 60) + " min";
  return std::to_string(total / 86400) + " d " + std::to_string(total / 3600 % 24) + " h";
}

std::string text_list(const Json& object, const char* key) {
  std::string text;
  for (const Json& one : list_of(object, key))
    if (one.is_string()) text += (text.empty() ? "" : ", ") + printable(one.get<std::string>());
  return text;
}

void print_status(const Style& style, const Json& answer) {
  const Json config = answer.value("config", Json::object());
  std::cout << "gatehouse " << printable(text_of(answer, "version")) << "   " << printable(text_of(answer, "state")) << "   up "
            << uptime(answer.value("uptime_seconds", Json())) << "   config " << printable(text_of(config, "file"))
            << (config.is_object() && config.value("ok", Json(true)) == true ? " ok" : " not loaded, an older one is in effect") << "\n";
  const std::string pending = text_list(config, "restart_pending");
  if (!pending.empty()) std::cout << "changed, in effect after a restart: " << pending << "\n";
  const std::pair<const char*, std::vector<Column>> tables[] = {
      {"listeners", {{"name", "LISTENER"}, {"address", "ADDRESS"}, {"protocols", "PROTOCOLS"}, {"connections", "CONNECTIONS"}}},
      {"upstreams", {{"group", "UPSTREAM"}, {"server", "SERVER"}, {"connections", "CONNECTIONS"}, {"connect_failures", "FAILURES"}}},
      {"mcp_servers", {{"name", "MCP SERVER"}, {"transport", "TRANSPORT"}, {"state", "STATE"}, {"sessions", "SESSIONS"}, {"processes", "PROCESSES"},
                       {"last_error", "LAST ERROR"}}},
      {"services", {{"name", "SERVICE"}, {"state", "STATE"}, {"health", "HEALTH"}, {"restarts", "RESTARTS"}, {"address", "ADDRESS"}, {"why", "WHY"}}},
      {"modules", {{"name", "MODULE"}, {"state", "STATE"}, {"reason", "REASON"}}},
  };
  for (const auto& [key, columns] : tables) {
    const Json items = list_of(answer.value(key, Json::array()), "items");
    if (!items.empty()) std::cout << table(style, items, columns);
  }
}

// A line for each thing, and below it one for each field that differs.
void print_plan(const Json& items) {
  for (const Json& item : items) {
    std::cout << printable(text_of(item, "action")) << "  " << printable(text_of(item, "kind")) << " " << printable(text_of(item, "name"));
    const std::string reason = text_of(item, "reason");
    std::cout << (reason.empty() ? "" : "  (" + printable(reason) + ")") << "\n";
    for (const Json& field : list_of(item, "fields")) {
      const auto shown = [&](const char* key) { return text_of(field, key).empty() ? std::string("-") : printable(text_of(field, key)); };
      std::cout << "    " << printable(text_of(field, "path")) << ": " << shown("observed") << " -> " << shown("desired") << "\n";
    }
  }
}

}  // namespace

// Nothing that differs is nothing to show.
int plan(const CliOptions& options) {
  int code = kFine;
  const Json answer = ask_json(options, "GET", "/admin/plan", code);
  if (code != kFine) return code;
  const Json items = list_of(answer, "items");
  const bool changes = answer.is_object() && answer.value("changes", Json(false)) == true;
  if (options.format == "json") print_items(options.style(), "Plan", items, {});
  else print_plan(items);
  if (!changes && !options.quiet) note("nothing to do");
  return changes && options.exit_code ? static_cast<int>(kDiffers) : static_cast<int>(kFine);
}

int reload(const CliOptions& options) {
  auto answer = ask(options, "POST", "/admin/reload");
  if (!answer) return fail(std::move(answer).error(), options);
  const Json body = Json::parse(answer->body, nullptr, false);
  if (answer->status == 422) {
    std::cerr << printable(text_of(body, "text"), true);
    print_error(make_error("config-refused", "nothing was changed: the configuration has errors"));
    return kWrongInput;
  }
  if (answer->status == 409) {
    std::cerr << printable(text_of(body, "text"), true);
    print_error(make_error("reload-failed", "nothing was changed: the configuration is right, but could not be put into effect"));
    return kFailed;
  }
  if (answer->status / 100 != 2) return fail(problem(*answer), options);
  print_items(options.style(), "ChangeList", list_of(body, "changes"), {{"path", "KEY"}, {"before", "BEFORE"}, {"after", "AFTER"}, {"needs_restart", "NEEDS RESTART"}});
  std::cerr << printable(text_of(body, "text"), true);  // warnings
  if (!options.quiet) note("reloaded");
  return kFine;
}

int status(const CliOptions& options) {
  int code = kFine;
  const Json answer = ask_json(options, "GET", "/admin/status", code);
  if (code != kFine) return code;
  if (!answer.is_object()) return fail(make_error("bad-answer", "the daemon's status is not an object"), options);
  if (options.format == "json") print_items(options.style(), "Status", Json::array({answer}), {});
  else print_status(options.style(), answer);
  return kFine;
}

// For HEALTHCHECK and scripts: silent when all is well.
int health(const CliOptions& options) {
  auto answer = ask(options, "GET", "/readyz");
  if (!answer) return fail(std::move(answer).error(), options);
  if (options.format == "json") print_items(options.style(), "Health", Json::array({Json::parse(answer->body, nullptr, false)}), {});
  if (answer->status == 200) return kFine;
  print_error(make_error("not-ready", "the daemon is not ready (" + std::to_string(answer->status) + ")", "gatehouse status"));
  return kFailed;
}

}  // namespace gatehouse::app
