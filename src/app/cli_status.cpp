#include "cli_status.h"

#include <cmath>
#include <cstdio>

#include "cli_ask.h"
#include "gatehouse/base/timestamp.h"

namespace gatehouse::app {

namespace {

std::optional<std::chrono::seconds> until(const Json& time, runtime::WallTime now) {
  if (!time.is_string()) return std::nullopt;
  const auto parsed = parse_rfc3339(time.get<std::string>());
  if (!parsed) return std::nullopt;
  return std::chrono::duration_cast<std::chrono::seconds>(*parsed - now);
}

std::string in_time(const Json& time, runtime::WallTime now) {
  const auto left = until(time, now);
  if (!left) return "";
  return *left < std::chrono::seconds(0) ? span(-*left) + " ago" : "in " + span(*left);
}

std::string rounded(double value) {
  char text[32];
  std::snprintf(text, sizeof text, value < 10 ? "%.1f" : "%.0f", value);
  return text;
}

Json number(const Json& object, const char* key) {
  const auto found = object.is_object() ? object.find(key) : object.end();
  return object.is_object() && found != object.end() && found->is_number() ? *found : Json();
}

void add_rate(Json& listener) {
  const Json rate = listener.value("rate", Json());
  const Json per_second = number(rate, "per_second"), errors = number(rate, "errors"), p95 = number(rate, "p95_seconds");
  if (per_second.is_number()) listener["req_s"] = rounded(per_second.get<double>());
  if (errors.is_number()) listener["error_share"] = rounded(errors.get<double>() * 100) + " %";
  if (p95.is_number()) listener["p95"] = "<= " + std::to_string(std::lround(p95.get<double>() * 1000)) + " ms";
}

void add_calls(Json& server) {
  if (const Json calls = number(server, "calls_per_minute"); calls.is_number()) server["calls_min"] = rounded(calls.get<double>());
}

void describe_certificate(Json& certificate, runtime::WallTime now) {
  const Json names = list_of(certificate, "names");
  certificate["name"] = names.empty() || !names.front().is_string() ? "" : names.front().get<std::string>();
  if (names.size() > 1) certificate["name"] = certificate["name"].get<std::string>() + " (+" + std::to_string(names.size() - 1) + ")";
  certificate["expires"] = in_time(certificate.value("not_after", Json()), now);
  std::string state = text_of(certificate, "state");
  for (char& c : state) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
  const Json acme = certificate.value("acme", Json());
  const std::string renewal = acme.is_object() ? in_time(acme.value("renewal", Json()), now) : "";
  const std::string refusal = text_of(certificate, "refusal"), failed = acme.is_object() ? text_of(acme, "last_error") : "";
  const std::string more = !refusal.empty() ? refusal : !failed.empty() ? failed : renewal.empty() ? "" : "renewal " + renewal;
  certificate["shown"] = state + (more.empty() ? "" : " (" + more + ")");
}

std::string text_list(const Json& object, const char* key) {
  std::string text;
  for (const Json& one : list_of(object, key))
    if (one.is_string()) text += (text.empty() ? "" : ", ") + printable(one.get<std::string>());
  return text;
}

std::string first_line(const Json& answer, runtime::WallTime now) {
  const Json config = answer.value("config", Json::object());
  const Json up = number(answer, "uptime_seconds");
  std::string line = "gatehouse " + printable(text_of(answer, "version")) + "   " + printable(text_of(answer, "state")) + "   up " +
                     span(std::chrono::seconds(up.is_number() ? static_cast<long long>(up.get<double>()) : 0));
  if (const std::string profiles = text_list(answer, "profiles"); !profiles.empty()) line += "   profile " + profiles;
  line += "   config " + printable(text_of(config, "file"));
  const auto since = until(config.value("loaded_at", Json()), now);
  const std::string loaded = since ? " (loaded " + span(std::max(-*since, std::chrono::seconds(0))) + " ago)" : "";
  const bool fine = config.is_object() && config.value("ok", Json(true)) == true;
  line += fine ? " ok" + loaded : " not loaded, an older one is in effect" + loaded;
  const Json workers = number(answer, "workers");
  if (workers.is_number()) line += "   " + workers.dump() + (workers == 1 ? " worker" : " workers");
  return line + "\n";
}

}  // namespace

std::string span(std::chrono::seconds seconds) {
  const long long total = seconds.count();
  if (total < 60) return std::to_string(total) + " s";
  if (total < 3600) return std::to_string(total / 60) + " min";
  if (total < 86400) return std::to_string(total / 3600) + " h " + std::to_string(total / 60 % 60) + " min";
  if (total < 10 * 86400) return std::to_string(total / 86400) + " d " + std::to_string(total / 3600 % 24) + " h";
  return std::to_string(total / 86400) + " days";
}

std::string status_page(const Style& style, const Json& answer, runtime::WallTime now) {
  std::string page = first_line(answer, now);
  const std::string pending = text_list(answer.value("config", Json::object()), "restart_pending");
  if (!pending.empty()) page += "changed, in effect after a restart: " + pending + "\n";
  const std::pair<const char*, std::vector<Column>> tables[] = {
      {"listeners", {{"name", "LISTENER"}, {"address", "ADDRESS"}, {"protocols", "PROTOCOLS"}, {"connections", "CONNECTIONS"}, {"req_s", "REQ/S"},
                     {"error_share", "ERRORS"}, {"p95", "P95"}}},
      {"upstreams", {{"group", "UPSTREAM"}, {"server", "SERVER"}, {"connections", "CONNECTIONS"}, {"connect_failures", "FAILURES"}}},
      {"services", {{"name", "SERVICE"}, {"state", "STATE"}, {"health", "HEALTH"}, {"restarts", "RESTARTS"}, {"address", "ADDRESS"}, {"why", "WHY"}}},
      {"mcp_servers", {{"name", "MCP SERVER"}, {"transport", "TRANSPORT"}, {"state", "STATE"}, {"sessions", "SESSIONS"}, {"processes", "PROCESSES"},
                       {"calls_min", "CALLS/MIN"}, {"last_error", "LAST ERROR"}}},
      {"certificates", {{"name", "CERTIFICATE"}, {"source", "SOURCE"}, {"expires", "EXPIRES"}, {"shown", "STATE"}}},
      {"modules", {{"name", "MODULE"}, {"state", "STATE"}, {"reason", "REASON"}}},
  };
  bool anything = false;
  for (const auto& [key, columns] : tables) {
    Json items = list_of(answer, key);
    for (Json& item : items) {
      if (!item.is_object()) continue;
      if (key == std::string_view("listeners")) add_rate(item);
      if (key == std::string_view("mcp_servers")) add_calls(item);
      if (key == std::string_view("certificates")) describe_certificate(item, now);
    }
    if (!items.empty()) page += table(style, items, columns);
    anything = anything || (!items.empty() && (key == std::string_view("upstreams") || key == std::string_view("services") || key == std::string_view("mcp_servers")));
  }
  if (!anything) page += "No upstreams, services or MCP servers are configured.\n";
  return page;
}

}  // namespace gatehouse::app
