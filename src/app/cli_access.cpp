#include <iostream>

#include "cli.h"
#include "cli_ask.h"

namespace gatehouse::app {
namespace {

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
  const std::string number = key.is_object() ? key.value("id", Json()).dump() : "";
  if (flush_output() != Output::kWritten) {
    print_error(make_error("output-failed", "key " + number + " was made, but nobody has read it: standard output cannot be written",
                           "gatehouse keys revoke " + number + ", then make another"));
    return kFailed;
  }
  if (!options.quiet) note("key " + number + " is shown this once");
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
