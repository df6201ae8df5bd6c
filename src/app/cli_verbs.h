// What each verb does once its flags are known.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "cli_output.h"

namespace gatehouse::app {

struct CliOptions {
  std::string format = "table";
  bool no_color = false, quiet = false, verbose = false;

  std::string socket, url, key_file, ca_file;  // where the daemon is, and who asks
  bool insecure = false;
  std::optional<std::chrono::milliseconds> timeout;

  std::string config;
  std::vector<std::string> profiles, overrides;
  std::string file, key;                        // check FILE, config explain KEY
  bool exit_code = false;                       // plan: 4 when something differs
  std::string from, to;                         // state copy; proxy, mcp: where to listen
  std::vector<std::string> targets, domains;    // proxy, init
  bool print_config = false;                    // proxy, mcp
  std::string backup, into, confirm;            // backup, restore

  std::string server, tool, arguments_json;     // tools, call
  std::vector<std::string> arguments;

  std::string name, email, description, password_file;  // users, keys
  std::vector<std::string> scopes;
  bool password_stdin = false, superuser = false;
  std::int64_t id = 0;
  std::optional<std::int64_t> user_id;

  std::string chain_file, private_key_file, directory, reason;  // certs
  bool force = false;

  Style style() const { return stdout_style(format == "json", no_color); }
};

// The socket that --socket or GATEHOUSE_SOCKET names, or the first of the usual places where somebody listens.
std::string find_socket(const CliOptions& options);

int proxy(const CliOptions& options);
int mcp_server(const CliOptions& options);  // options.arguments: program and arguments
int init(const CliOptions& options);

int check_config(const CliOptions& options);
int config_explain(const CliOptions& options);
int config_show(const CliOptions& options);
int config_schema(const CliOptions& options);
int config_reference(const CliOptions& options);
int state_copy(const CliOptions& options);

int reload(const CliOptions& options);
int status(const CliOptions& options);
int health(const CliOptions& options);
int plan(const CliOptions& options);
int backup_now(const CliOptions& options);
int backup_list(const CliOptions& options);
int backup_verify(const CliOptions& options);
int backup_drill(const CliOptions& options);
int restore_backup(const CliOptions& options);
int list_tools(const CliOptions& options);
int call_tool(const CliOptions& options);
int add_user(const CliOptions& options);
int list_users(const CliOptions& options);
int add_key(const CliOptions& options);
int list_keys(const CliOptions& options);
int revoke_key(const CliOptions& options);

int list_certificates(const CliOptions& options);
int show_certificate(const CliOptions& options);
int issue_certificate(const CliOptions& options);
int renew_certificate(const CliOptions& options);
int revoke_certificate(const CliOptions& options);
int import_certificate(const CliOptions& options);
int export_certificate(const CliOptions& options);
int certificate_records(const CliOptions& options);

}  // namespace gatehouse::app
