// From nothing to something that runs: a proxy or an MCP server with one line, and the first configuration file. Each is a
// configuration that is written here and read by the loader like any other.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdlib>
#include <filesystem>
#include <iostream>

#include "cli.h"
#include "cli_verbs.h"
#include "daemon.h"
#include "gatehouse/base/unique_fd.h"
#include "load_options.h"

namespace gatehouse::app {

namespace {

namespace fs = std::filesystem;

// JSON is YAML; a dollar sign begins a variable.
std::string in_yaml(std::string_view text) {
  std::string out = Json(text).dump(-1, ' ', false, Json::error_handler_t::replace);
  for (std::size_t at = out.find('$'); at != std::string::npos; at = out.find('$', at + 2)) out.insert(at, 1, '$');
  return out;
}

std::string list_in_yaml(const std::vector<std::string>& texts) {
  std::string out;
  for (const std::string& text : texts) out += (out.empty() ? "[" : ", ") + in_yaml(text);
  return out + "]";
}

std::string server_of(std::string_view to) {
  constexpr std::string_view kScheme = "http://";
  if (to.starts_with(kScheme)) to.remove_prefix(kScheme.size());
  if (to.ends_with('/')) to.remove_suffix(1);
  return std::string(to);
}

bool is_loopback(std::string_view address) {
  return address.starts_with("127.") || address.starts_with("localhost:") || address.starts_with("[::1]:");
}

// Only for as long as it lives: what one line starts keeps nothing.
class TemporaryState {
 public:
  TemporaryState() {
    const char* const where = std::getenv("TMPDIR");
    path_ = std::string(where == nullptr || *where == '\0' ? "/tmp" : where) + "/gatehouse-XXXXXX";
    if (::mkdtemp(path_.data()) == nullptr) path_.clear();
  }
  TemporaryState(const TemporaryState&) = delete;
  TemporaryState& operator=(const TemporaryState&) = delete;
  ~TemporaryState() {
    std::error_code ignored;
    if (!path_.empty()) fs::remove_all(path_, ignored);
  }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

int print_or_run(const CliOptions& options, const std::string& verb, const std::string& text) {
  if (options.print_config) {
    std::cout << text;
    return kFine;
  }
  const TemporaryState state;
  if (state.path().empty()) {
    print_error(system_error("state-unwritable", "cannot make a directory for temporary files", errno));
    return kFailed;
  }
  if (!options.quiet) note("nothing is kept after the end; `gatehouse " + verb + " … --print-config` shows the file to go on with");
  RunOptions run{.config = "gatehouse " + verb, .text = text + "state: {directory: " + in_yaml(state.path()) + "}\nadmin: {socket: " +
                                                       in_yaml(state.path() + "/admin.sock") + "}\n", .profiles = {}, .overrides = {}};
  return run_daemon(run);
}

std::string init_text(const CliOptions& options) {
  std::string text = "# Reference: gatehouse config reference. `gatehouse check` finds mistakes, `systemctl reload gatehouse` puts changes into effect.\n"
                     "listeners:\n  http: {address: \":80\"}\n  https: {address: \":443\"}\n\ncertificates:\n";
  if (options.email.empty()) {
    text += "  mode: self_signed\n  self_signed_names: " + list_in_yaml(options.domains) + "\n";
  } else {
    text += "  mode: acme\n  acme:\n    email: " + in_yaml(options.email) + "\n    names:\n";
    for (const std::string& domain : options.domains) text += "      - [" + in_yaml(domain) + "]\n";
  }
  text += "\nupstreams:\n  app:\n    servers:\n";
  for (const std::string& to : options.targets) text += "      - " + in_yaml(server_of(to)) + "\n";
  text += "\nroutes:\n  - match: {hosts: " + list_in_yaml(options.domains) + ", path: /}\n    to: app\n";
  return text;
}

Status write_file(const std::string& path, std::string_view text) {
  const std::string part = path + ".part";
  const UniqueFd fd(::open(part.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644));
  if (!fd) return system_error("output-failed", "cannot write " + part, errno);
  while (!text.empty()) {
    const ssize_t put = ::write(fd.get(), text.data(), text.size());
    if (put < 0) return system_error("output-failed", "cannot write " + part, errno);
    text.remove_prefix(static_cast<std::size_t>(put));
  }
  if (::fsync(fd.get()) != 0 || ::rename(part.c_str(), path.c_str()) != 0) return system_error("output-failed", "cannot write " + path, errno);
  return {};
}

// The old file under the first number that is free.
Result<std::string> keep_old(const std::string& path) {
  for (int number = 1;; ++number) {
    const std::string kept = path + "." + std::to_string(number);
    if (::link(path.c_str(), kept.c_str()) == 0) return kept;
    if (errno == ENOENT) return std::string();
    if (errno != EEXIST) return system_error("output-failed", "cannot keep the old file as " + kept, errno);
  }
}

}  // namespace

int proxy(const CliOptions& options) {
  std::vector<std::string> servers;
  for (const std::string& to : options.targets) servers.push_back(server_of(to));
  return print_or_run(options, "proxy", "listeners: {http: {address: " + in_yaml(options.from) + "}}\nupstreams: {app: {servers: " + list_in_yaml(servers) +
                                            "}}\nroutes: [{match: {path: /}, to: app}]\n");
}

int mcp_server(const CliOptions& options) {
  const std::string open = is_loopback(options.from) ? ", auth: none" : "";
  return print_or_run(options, "mcp", "listeners: {http: {address: " + in_yaml(options.from) + "}}\nmcp:\n  servers: {server: {command: " +
                                          list_in_yaml(options.arguments) + "}}\n  endpoints: {/mcp: {servers: [server]" + open + "}}\n");
}

int init(const CliOptions& options) {
  const std::string path = options.file.empty() ? "/etc/gatehouse/gatehouse.yaml" : options.file;
  const std::string text = init_text(options);
  config::LoadOptions load = load_options({});
  load.file = path;
  load.text = text;
  const config::Loaded loaded = config::load(load);
  std::cerr << config::render(loaded.diagnostics, config::look_of(STDERR_FILENO));
  if (!loaded.configuration) return kWrongInput;
  auto kept = keep_old(path);
  Status done = kept ? write_file(path, text) : Status(kept.error());
  if (!done) {
    print_error(done.error());
    return kFailed;
  }
  if (options.quiet) return kFine;
  const auto lines = std::to_string(std::count(text.begin(), text.end(), '\n'));
  note("wrote " + path + " (" + lines + " lines)" + (kept->empty() ? "" : "; the old file is " + *kept));
  if (options.email.empty()) note("certificates are self-signed; with --email they come from Let's Encrypt");
  else note("certificates come from Let's Encrypt; ports 80 and 443 must reach this machine");
  note("next: gatehouse check " + path + " && gatehouse run --config " + path);
  return kFine;
}

}  // namespace gatehouse::app
