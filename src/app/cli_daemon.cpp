#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iostream>
#include <iterator>

#include "cli.h"
#include "cli_verbs.h"
#include "gatehouse/base/secret.h"
#include "gatehouse/client/http.h"
#include "gatehouse/client/mcp_client.h"

namespace gatehouse::app {
namespace {

constexpr const char* kSocketPlaces[] = {"/run/gatehouse/admin.sock", "./build/state/admin.sock"};

Result<Secret> read_secret_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return system_error("unreadable-file", "cannot open " + path, errno);
  std::string text(std::istreambuf_iterator<char>(file), {});
  while (text.ends_with('\n') || text.ends_with('\r')) text.pop_back();
  return Secret(std::move(text));
}

Result<Secret> credential(const CliOptions& options) {
  if (!options.key_file.empty()) return read_secret_file(options.key_file);
  const char* const key = std::getenv("GATEHOUSE_API_KEY");
  return Secret(options.url.empty() || key == nullptr ? "" : key);
}

// The daemon's answers say in problem+json what is wrong; `type` ends with the slug.
Error problem(const client::HttpAnswer& answer) {
  const Json body = Json::parse(answer.body, nullptr, false);
  const auto text = [&body](const char* key) {
    return body.is_object() && body.contains(key) && body[key].is_string() ? body[key].get<std::string>() : std::string();
  };
  std::string slug = text("type");
  slug = slug.substr(slug.find_last_of("/#") + 1);
  const std::string detail = text("detail").empty() ? text("title") : text("detail");
  return make_error(slug.empty() ? "refused" : slug, "the daemon answered " + std::to_string(answer.status) + (detail.empty() ? "" : ": " + detail));
}

Result<client::HttpAnswer> ask(const CliOptions& options, std::string method, const std::string& path, const Json& body = nullptr) {
  auto key = credential(options);
  if (!key) return std::move(key).error();
  client::HttpRequest request;
  request.unix_socket = options.url.empty() ? find_socket(options) : "";
  request.url = (options.url.empty() ? "http://localhost" : options.url) + path;
  request.method = std::move(method);
  request.trust = {!options.insecure, options.ca_file};
  request.deadline = std::chrono::seconds(options.timeout_seconds);
  if (!key->empty()) request.headers.emplace_back("Authorization", "Bearer " + std::string(key->reveal()));
  if (!body.is_null()) {
    request.headers.emplace_back("Content-Type", "application/json");
    request.body = body.dump(-1, ' ', false, Json::error_handler_t::replace);
  }
  return client::request(request);
}

int fail(Error error, const CliOptions& options) {
  const bool away = error.slug == "unreachable" || error.slug == "timeout";
  if (away && options.url.empty()) {
    error = make_error("daemon-unreachable", "the daemon does not answer on " + find_socket(options) + ": " +
                       error.message.substr(error.message.rfind(": ") == std::string::npos ? 0 : error.message.rfind(": ") + 2),
                       "systemctl status gatehouse, or name its socket with --socket    (exit code 3)");
  }
  print_error(error);
  return away ? kUnreachable : kFailed;
}

// Asks for JSON; on any failure it is printed and `code` set.
Json ask_json(const CliOptions& options, std::string method, const std::string& path, int& code, const Json& body = nullptr) {
  auto answer = ask(options, std::move(method), path, body);
  if (!answer) {
    code = fail(std::move(answer).error(), options);
    return {};
  }
  if (answer->status / 100 != 2) {
    code = fail(problem(*answer), options);
    return {};
  }
  code = kFine;
  Json value = Json::parse(answer->body, nullptr, false);
  return value.is_discarded() ? Json() : value;
}

std::string text_of(const Json& object, const char* key) {
  return object.is_object() && object.contains(key) && object[key].is_string() ? object[key].get<std::string>() : "";
}

Json list_of(const Json& answer, const char* key) {
  if (answer.is_array()) return answer;
  for (const char* const name : {key, "items"}) {
    if (answer.is_object() && answer.contains(name) && answer[name].is_array()) return answer[name];
  }
  return Json::array();
}

std::string uptime(const Json& seconds) {
  const auto total = seconds.is_number() ? static_cast<long long>(seconds.get<double>()) : 0;
  if (total < 60) return std::to_string(total) + " s";
  if (total < 3600) return std::to_string(total / 60) + " min";
  if (total < 86400) return std::to_string(total / 3600) + " h " + std::to_string(total / 60 % 60) + " min";
  return std::to_string(total / 86400) + " d " + std::to_string(total / 3600 % 24) + " h";
}

void print_status(const Style& style, const Json& answer) {
  const Json config = answer.value("config", Json::object());
  std::cout << "gatehouse " << printable(text_of(answer, "version")) << "   " << printable(text_of(answer, "state")) << "   up "
            << uptime(answer.value("uptime_seconds", Json())) << "   config " << printable(text_of(config, "file"))
            << (config.is_object() && config.value("ok", Json(true)) == true ? " ok" : " not loaded, an older one is in effect") << "\n";
  const std::pair<const char*, std::vector<Column>> tables[] = {
      {"listeners", {{"name", "LISTENER"}, {"address", "ADDRESS"}, {"protocols", "PROTOCOLS"}, {"connections", "CONNECTIONS"}}},
      {"upstreams", {{"group", "UPSTREAM"}, {"server", "SERVER"}, {"connections", "CONNECTIONS"}, {"connect_failures", "FAILURES"}}},
      {"mcp_servers", {{"name", "MCP SERVER"}, {"transport", "TRANSPORT"}, {"state", "STATE"}, {"tools", "TOOLS"}, {"reason", "REASON"}}},
      {"modules", {{"name", "MODULE"}, {"state", "STATE"}, {"reason", "REASON"}}},
  };
  for (const auto& [key, columns] : tables) {
    const Json items = list_of(answer.value(key, Json::array()), "items");
    if (!items.empty()) std::cout << table(style, items, columns);
  }
}

Result<std::unique_ptr<client::McpClient>> connect(const CliOptions& options) {
  auto key = credential(options);
  if (!key) return std::move(key).error();
  client::McpTarget target;
  target.unix_socket = options.url.empty() ? find_socket(options) : "";
  target.url = (options.url.empty() ? "http://localhost" : options.url) + "/mcp/" + options.server;
  target.bearer = std::move(*key);
  target.trust = {!options.insecure, options.ca_file};
  target.deadline = std::chrono::seconds(options.timeout_seconds);
  if (::isatty(STDERR_FILENO) != 0 && !options.quiet) {
    target.on_notification = [](std::string_view method, std::string_view params) {
      const Json values = Json::parse(params, nullptr, false);
      if (method == "notifications/progress") note("  " + printable(text_of(values, "message")));
    };
  }
  return client::McpClient::connect(std::move(target));
}

// --arg name=value: text where the tool's schema says text (or nothing), JSON where it says something else.
Result<Json> tool_arguments(const CliOptions& options, const std::vector<client::McpTool>& tools) {
  Json schema;
  std::vector<std::string> names;
  for (const client::McpTool& tool : tools) {
    names.push_back(tool.name);
    if (tool.name == options.tool) schema = Json::parse(tool.input_schema, nullptr, false);
  }
  if (schema.is_null()) {
    const std::string near = nearest(options.tool, names);
    return make_error("unknown-tool", options.server + " has no tool '" + options.tool + "'",
                      near.empty() ? "gatehouse tools " + options.server : "did you mean '" + near + "'?");
  }
  Json values = options.arguments_json.empty() ? Json::object() : Json::parse(options.arguments_json, nullptr, false);
  if (!values.is_object()) return make_error("bad-arguments", "--json must be a JSON object");
  for (const std::string& argument : options.arguments) {
    const std::size_t equals = argument.find('=');
    if (equals == std::string::npos || equals == 0) return make_error("bad-arguments", "'" + argument + "': expected NAME=VALUE");
    const std::string name = argument.substr(0, equals), value = argument.substr(equals + 1);
    const Json::json_pointer place = Json::json_pointer("/properties") / name / "type";
    const std::string type = schema.is_object() && schema.contains(place) && schema[place].is_string() ? schema[place].get<std::string>() : "string";
    values[name] = type == "string" ? Json(value) : Json::parse(value, nullptr, false);
    if (values[name].is_discarded()) return make_error("bad-arguments", name + ": '" + value + "' is no JSON; the tool wants " + type);
  }
  return values;
}

Result<Secret> read_password(const CliOptions& options) {
  if (!options.password_file.empty()) return read_secret_file(options.password_file);
  if (!options.password_stdin) return make_error("bad-arguments", "a password is missing", "--password-stdin or --password-file FILE");
  std::string line;
  std::getline(std::cin, line);
  return Secret(std::move(line));
}

const std::vector<Column> kUserColumns = {{"id", "ID"}, {"username", "NAME"}, {"email", "EMAIL"}, {"scopes", "SCOPES"},
                                          {"is_active", "ACTIVE"}, {"is_superuser", "SUPERUSER"}};
const std::vector<Column> kKeyColumns = {{"id", "ID"}, {"user_id", "USER"}, {"name", "NAME"}, {"scopes", "SCOPES"}, {"is_active", "ACTIVE"},
                                         {"expires_at", "EXPIRES"}, {"last_used", "LAST USED"}};

}  // namespace

std::string find_socket(const CliOptions& options) {
  if (!options.socket.empty()) return options.socket;
  if (const char* const named = std::getenv("GATEHOUSE_SOCKET"); named != nullptr && *named != '\0') return named;
  for (const char* const place : kSocketPlaces) {
    if (::access(place, F_OK) == 0) return place;
  }
  return kSocketPlaces[0];
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
  if (answer->status / 100 != 2) return fail(problem(*answer), options);
  print_items(options.style(), "ChangeList", list_of(body, "changes"), {{"path", "KEY"}, {"before", "BEFORE"}, {"after", "AFTER"}, {"needs_restart", "NEEDS RESTART"}});
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
  if (options.format == "json") std::cout << Json{{"kind", "Health"}, {"version", 1}, {"items", Json::array({Json::parse(answer->body, nullptr, false)})}}.dump(2, ' ', false, Json::error_handler_t::replace) << "\n";
  if (answer->status == 200) return kFine;
  print_error(make_error("not-ready", "the daemon is not ready (" + std::to_string(answer->status) + ")", "gatehouse status"));
  return kFailed;
}

int list_tools(const CliOptions& options) {
  auto client = connect(options);
  if (!client) return fail(std::move(client).error(), options);
  auto tools = (*client)->tools();
  if (!tools) return fail(std::move(tools).error(), options);
  Json items = Json::array();
  for (const client::McpTool& tool : *tools) {
    items.push_back({{"name", tool.name}, {"title", tool.title}, {"description", tool.description}, {"input_schema", Json::parse(tool.input_schema, nullptr, false)}});
  }
  print_items(options.style(), "ToolList", items, {{"name", "TOOL"}, {"description", "DESCRIPTION"}});
  return kFine;
}

int call_tool(const CliOptions& options) {
  auto client = connect(options);
  if (!client) return fail(std::move(client).error(), options);
  auto tools = (*client)->tools();
  if (!tools) return fail(std::move(tools).error(), options);
  auto arguments = tool_arguments(options, *tools);
  if (!arguments) {
    print_error(arguments.error());
    return kWrongInput;
  }
  auto result = (*client)->call(options.tool, arguments->dump(-1, ' ', false, Json::error_handler_t::replace));
  if (!result) return fail(std::move(result).error(), options);
  if (options.format == "json") {
    print_items(options.style(), "ToolResult", Json::array({Json::parse(result->json, nullptr, false)}), {});
  } else {
    const bool terminal = ::isatty(STDOUT_FILENO) != 0;
    std::ostream& out = result->is_error ? std::cerr : std::cout;
    for (const std::string& text : result->texts) out << (terminal || result->is_error ? printable(text, true) : text) << "\n";
    if (result->texts.empty()) std::cout << result->json << "\n";
  }
  if (result->is_error) print_error(make_error("tool-failed", options.tool + " says that it failed"));
  return result->is_error ? kFailed : kFine;
}

int add_user(const CliOptions& options) {
  auto password = read_password(options);
  if (!password) {
    print_error(password.error());
    return kWrongInput;
  }
  Json body{{"username", options.name}, {"password", password->reveal()}, {"is_superuser", options.superuser}};
  if (!options.email.empty()) body["email"] = options.email;
  if (!options.scopes.empty()) body["scopes"] = options.scopes;
  int code = kFine;
  const Json user = ask_json(options, "POST", "/auth/users", code, body);
  if (code == kFine) print_items(options.style(), "User", Json::array({user}), kUserColumns);
  return code;
}

int list_users(const CliOptions& options) {
  int code = kFine;
  const Json users = ask_json(options, "GET", "/auth/users", code);
  if (code == kFine) print_items(options.style(), "UserList", list_of(users, "users"), kUserColumns);
  return code;
}

int add_key(const CliOptions& options) {
  Json body{{"name", options.name}, {"scopes", options.scopes.empty() ? std::vector<std::string>{"tools:call"} : options.scopes}};
  if (!options.description.empty()) body["description"] = options.description;
  if (options.user_id) body["user_id"] = *options.user_id;
  int code = kFine;
  const Json key = ask_json(options, "POST", "/auth/api-keys", code, body);
  if (code != kFine) return code;
  if (options.format == "json") print_items(options.style(), "ApiKey", Json::array({key}), {});
  else std::cout << text_of(key, "key") << "\n";
  if (!options.quiet) note("key " + (key.is_object() ? key.value("id", Json()).dump() : "") + " is shown this once");
  return code;
}

int list_keys(const CliOptions& options) {
  int code = kFine;
  const Json keys = ask_json(options, "GET", "/auth/api-keys", code);
  if (code == kFine) print_items(options.style(), "ApiKeyList", list_of(keys, "api_keys"), kKeyColumns);
  return code;
}

int revoke_key(const CliOptions& options) {
  int code = kFine;
  ask_json(options, "DELETE", "/auth/api-keys/" + std::to_string(options.id), code);
  if (code == kFine && !options.quiet) note("key " + std::to_string(options.id) + " is revoked");
  return code;
}

}  // namespace gatehouse::app
