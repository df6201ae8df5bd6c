// The description of a backup, as JSON.
#include <nlohmann/json.hpp>

#include "gatehouse/backup/shelf.h"

namespace gatehouse::backup {

namespace {

using Json = nlohmann::json;

constexpr int kVersion = 1;

Json json_of(const std::optional<Look>& look) {
  if (!look) return nullptr;
  return {{"at", rfc3339(look->at)}, {"failure", look->failure}};
}

Error damaged(std::string_view what) { return make_error("backup-unreadable", "the description of a backup: " + std::string(what)); }

const Json& member(const Json& object, const char* key) {
  static const Json kNothing;
  const auto found = object.find(key);
  return found == object.end() ? kNothing : *found;
}

std::string text_of(const Json& object, const char* key) {
  const Json& value = member(object, key);
  return value.is_string() ? value.get<std::string>() : std::string();
}

std::int64_t number_of(const Json& object, const char* key) {
  const Json& value = member(object, key);
  return value.is_number_integer() ? value.get<std::int64_t>() : 0;
}

std::optional<Look> look_of(const Json& object, const char* key) {
  const Json& value = member(object, key);
  if (!value.is_object()) return std::nullopt;
  const auto at = parse_rfc3339(text_of(value, "at"));
  if (!at) return std::nullopt;
  return Look{*at, text_of(value, "failure")};
}

Tables tables_of(const Json& object) {
  Tables out;
  const Json& tables = member(object, "tables");
  if (!tables.is_object()) return out;
  for (const auto& [name, rows] : tables.items())
    if (rows.is_object()) out[name] = {number_of(rows, "least"), number_of(rows, "most")};
  return out;
}

}  // namespace

std::string_view to_string(Kind kind) { return kind == Kind::kSqlite ? "sqlite" : "postgresql"; }

std::string to_json(const Entry& entry) {
  Json tables = Json::object();
  for (const auto& [name, rows] : entry.tables) tables[name] = {{"least", rows.least}, {"most", rows.most}};
  const Json json = {{"version", kVersion},
                     {"id", entry.id},
                     {"target", entry.target},
                     {"kind", to_string(entry.kind)},
                     {"database", entry.database},
                     {"taken", rfc3339(entry.taken)},
                     {"took_ms", entry.took.count()},
                     {"bytes", entry.bytes},
                     {"sha256", entry.sha256},
                     {"safety", entry.safety},
                     {"tables", std::move(tables)},
                     {"verified", json_of(entry.verified)},
                     {"drilled", json_of(entry.drilled)}};
  return json.dump(1, ' ', false, Json::error_handler_t::replace) + "\n";
}

Result<Entry> parse_entry(std::string_view text) {
  const Json json = Json::parse(text, nullptr, false);
  if (!json.is_object()) return damaged("no JSON");
  if (number_of(json, "version") != kVersion) return damaged("of another version");
  Entry out;
  out.id = text_of(json, "id");
  out.target = text_of(json, "target");
  out.database = text_of(json, "database");
  out.sha256 = text_of(json, "sha256");
  const std::string kind = text_of(json, "kind");
  if (kind == to_string(Kind::kPostgres)) out.kind = Kind::kPostgres;
  else if (kind != to_string(Kind::kSqlite)) return damaged("of an unknown kind");
  const auto taken = parse_rfc3339(text_of(json, "taken"));
  if (!taken || out.id.empty() || out.target.empty() || out.sha256.size() != 64) return damaged("parts of it are missing");
  out.taken = *taken;
  out.took = std::chrono::milliseconds(number_of(json, "took_ms"));
  out.bytes = static_cast<std::uint64_t>(number_of(json, "bytes"));
  const Json& safety = member(json, "safety");
  out.safety = safety.is_boolean() && safety.get<bool>();
  out.tables = tables_of(json);
  out.verified = look_of(json, "verified");
  out.drilled = look_of(json, "drilled");
  return out;
}

}  // namespace gatehouse::backup
