#include "order_state.h"

#include "json.h"

namespace gatehouse::acme {

namespace {

Challenge read_challenge(const Json& json, Members& outer) {
  Members members(json, "the stored challenge");
  Challenge challenge{.type = members.required_text("type"), .name = {}, .token = members.text("token"),
                      .key_authorization = members.text("key_authorization")};
  auto name = pki::parse_name(members.required_text("name"));
  if (name) challenge.name = *std::move(name);
  else outer.take(name.error());
  if (members.error()) outer.take(*members.error());
  return challenge;
}

std::map<std::string, std::set<std::string>> read_failed_types(const Json& json, Members& outer) {
  std::map<std::string, std::set<std::string>> failed;
  Members members(json, "the stored order");
  for (const auto& item : json.items()) {
    const std::vector<std::string> types = members.texts(item.key().c_str());
    failed[item.key()] = {types.begin(), types.end()};
  }
  if (members.error()) outer.take(*members.error());
  return failed;
}

}  // namespace

Secret OrderState::text() const {
  Json json = {{"directory", directory}, {"names", pki::texts_of(names)}, {"profile", profile}, {"url", url}, {"runs", runs}};
  if (!failed_types.empty()) json["failed_types"] = failed_types;
  if (key) json["key"] = std::string(key->to_pem().reveal());
  json["presented"] = Json::array();
  for (const Challenge& challenge : presented) {
    json["presented"].push_back({{"type", challenge.type},
                                 {"name", challenge.name.text},
                                 {"token", challenge.token},
                                 {"key_authorization", challenge.key_authorization}});
  }
  return Secret(dump(json));
}

Result<OrderState> OrderState::parse(const Secret& text) {
  const auto json = parse_object(text.reveal(), "the stored order");
  if (!json) return json.error();
  Members members(*json, "the stored order");
  OrderState state;
  state.directory = members.text("directory");
  state.profile = members.text("profile");
  state.url = members.url("url");
  state.runs = static_cast<int>(std::min<std::int64_t>(members.integer("runs"), 1000));
  auto names = pki::parse_names(members.texts("names"));
  if (names) state.names = *std::move(names);
  else members.take(names.error());
  if (members.has("key")) {
    auto key = pki::Key::parse(members.text("key"));
    if (key) state.key = *std::move(key);
    else members.take(key.error());
  }
  state.failed_types = read_failed_types(members.object("failed_types"), members);
  for (const Json& item : members.array("presented")) state.presented.push_back(read_challenge(item, members));
  if (members.error()) return *members.error();
  return state;
}

}  // namespace gatehouse::acme
