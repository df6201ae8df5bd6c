#include <gtest/gtest.h>

#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "gatehouse/config/config.h"
#include "gatehouse/config/explain.h"
#include "gatehouse/keys/table.h"

namespace gatehouse::config {
namespace {

namespace fs = std::filesystem;

LoadOptions with(std::string text) {
  LoadOptions options;
  options.file = "test.yaml";
  options.text = std::move(text);
  options.read_dotenv = false;
  return options;
}

std::string problems(const Loaded& loaded) { return render(loaded.diagnostics); }

Leaf leaf(const Loaded& loaded, std::string_view path) {
  for (const Leaf& one : loaded.provenance)
    if (one.path == path) return one;
  return {};
}

class Directory {
 public:
  Directory() {
    std::string name = (fs::temp_directory_path() / "gatehouse-config-XXXXXX").string();
    path_ = ::mkdtemp(name.data());
  }
  Directory(const Directory&) = delete;
  ~Directory() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  std::string write(const std::string& name, const std::string& text, mode_t mode = 0600) const {
    const std::string path = (path_ / name).string();
    std::ofstream(path, std::ios::binary) << text;
    ::chmod(path.c_str(), mode);
    return path;
  }
  std::string path() const { return path_.string(); }

 private:
  fs::path path_;
};

constexpr const char* kHttp = "listeners: {http: {address: 127.0.0.1:1}}\n";

// ---- defaults

TEST(ConfigLoad, WithoutAFileAWelcomePageIsServedOnLoopback) {
  const Directory directory;
  LoadOptions options;
  options.search = {"gatehouse.yaml"};
  options.directory = directory.path();
  const Loaded loaded = load(options);
  ASSERT_TRUE(loaded.configuration) << problems(loaded);
  ASSERT_EQ(loaded.configuration->edge.listeners.size(), 1u);
  EXPECT_EQ(loaded.configuration->edge.listeners[0].address.to_string(), "127.0.0.1:8080");
  ASSERT_EQ(loaded.configuration->edge.routes.size(), 1u);
  EXPECT_TRUE(loaded.configuration->edge.routes[0].respond);
  EXPECT_EQ(loaded.configuration->workers, 1u);
}

TEST(ConfigLoad, NothingIsStartedThatTheFileDoesNotName) {
  const Loaded loaded = load(with("workers: 3\n"));
  ASSERT_TRUE(loaded.configuration);
  EXPECT_TRUE(loaded.configuration->edge.listeners.empty());
  EXPECT_TRUE(loaded.configuration->edge.routes.empty());
}

TEST(ConfigLoad, DefaultsAreThoseOfTheSettings) {
  const Loaded loaded = load(with(std::string(kHttp) + "upstreams: {a: {servers: [127.0.0.1:1]}}\nmcp: {servers: {s: {command: [x]}}}\n"));
  ASSERT_TRUE(loaded.configuration) << problems(loaded);
  const Configuration& c = *loaded.configuration;
  const edge::Timeouts timeouts;
  EXPECT_EQ(c.edge.timeouts.tls_handshake, timeouts.tls_handshake);
  EXPECT_EQ(c.edge.timeouts.first_byte, timeouts.first_byte);
  EXPECT_EQ(c.edge.timeouts.request_head, timeouts.request_head);
  EXPECT_EQ(c.edge.timeouts.request_body, timeouts.request_body);
  EXPECT_EQ(c.edge.timeouts.response_head, timeouts.response_head);
  EXPECT_EQ(c.edge.timeouts.response_body, timeouts.response_body);
  EXPECT_EQ(c.edge.timeouts.write, timeouts.write);
  EXPECT_EQ(c.edge.timeouts.keep_alive, timeouts.keep_alive);
  EXPECT_EQ(c.edge.timeouts.drain, timeouts.drain);
  EXPECT_EQ(c.edge.timeouts.min_rate, timeouts.min_rate);
  const edge::Limits limits;
  EXPECT_EQ(c.edge.limits.head.head_bytes, limits.head.head_bytes);
  EXPECT_EQ(c.edge.limits.head.target_bytes, limits.head.target_bytes);
  EXPECT_EQ(c.edge.limits.head.field_bytes, limits.head.field_bytes);
  EXPECT_EQ(c.edge.limits.body_bytes, limits.body_bytes);
  EXPECT_EQ(c.edge.limits.connections, limits.connections);
  EXPECT_EQ(c.edge.limits.connections_per_client, limits.connections_per_client);
  EXPECT_EQ(c.edge.limits.requests_per_connection, limits.requests_per_connection);
  const upstream::GroupSettings group;
  EXPECT_EQ(c.upstreams.at(0).connect_timeout, group.connect_timeout);
  EXPECT_EQ(c.upstreams.at(0).idle_timeout, group.idle_timeout);
  EXPECT_EQ(c.upstreams.at(0).max_idle, group.max_idle);
  EXPECT_EQ(c.upstreams.at(0).max_connections, group.max_connections);
  EXPECT_EQ(c.upstreams.at(0).max_lifetime, group.max_lifetime);
  const mcp::ServerSettings server;
  EXPECT_EQ(c.mcp.servers.at(0).max_processes, server.max_processes);
  EXPECT_EQ(c.mcp.servers.at(0).start_timeout, server.start_timeout);
  EXPECT_EQ(c.mcp.servers.at(0).call_timeout, server.call_timeout);
  EXPECT_EQ(c.mcp.servers.at(0).stop_grace, server.stop_grace);
  const mcp::Settings settings;
  EXPECT_EQ(c.mcp.session_idle, settings.session_idle);
  EXPECT_EQ(c.mcp.max_sessions, settings.max_sessions);
  EXPECT_EQ(c.mcp.max_sessions_per_principal, settings.max_sessions_per_principal);
  EXPECT_EQ(c.mcp.max_message_bytes, settings.max_message_bytes);
  EXPECT_EQ(c.mcp.max_json_depth, settings.max_json_depth);
  EXPECT_EQ(c.mcp.max_queue_bytes, settings.max_queue_bytes);
  const access::Settings access;
  EXPECT_EQ(c.access.token_lifetime, access.token_lifetime);
  EXPECT_EQ(c.access.key_lifetime, access.key_lifetime);
  EXPECT_EQ(c.access.issuer, access.issuer);
  EXPECT_EQ(c.access.argon2_memory_kib, access.argon2_memory_kib);
  EXPECT_EQ(c.access.argon2_passes, access.argon2_passes);
  EXPECT_EQ(c.edge.certificates.mode, tls::CertificateSettings().mode);
  EXPECT_EQ(c.edge.certificates.self_signed_names, tls::CertificateSettings().self_signed_names);
  EXPECT_EQ(c.log.level, log::Settings().level);
  EXPECT_EQ(c.edge.listeners.at(0).protocols, edge::ListenerSettings().protocols);
}

TEST(ConfigLoad, ProductionHasTwoWorkers) {
  LoadOptions options = with(std::string("profile: production\n") + kHttp);
  options.environment["GATEWAY_SECRET_KEY"] = std::string(40, 'k');
  const Loaded loaded = load(options);
  ASSERT_TRUE(loaded.configuration) << problems(loaded);
  EXPECT_EQ(loaded.configuration->workers, 2u);
  EXPECT_EQ(loaded.configuration->access.secret_key.reveal(), std::string(40, 'k'));
}

// ---- tiers

struct Set {
  bool file, dotenv, environment, flag;
};

TEST(ConfigTiers, TheHighestThatIsSetWins) {
  for (int bits = 0; bits < 16; ++bits) {
    const Set set{(bits & 1) != 0, (bits & 2) != 0, (bits & 4) != 0, (bits & 8) != 0};
    const Directory directory;
    LoadOptions options;
    options.file = directory.write("gatehouse.yaml", std::string(kHttp) + (set.file ? "workers: 2\n" : ""));
    if (set.dotenv) directory.write(".env", "# a remark\nGATEHOUSE_WORKERS=3\n");
    if (set.environment) options.environment["GATEHOUSE_WORKERS"] = "4";
    if (set.flag) options.overrides = {"workers=5"};
    const Loaded loaded = load(options);
    ASSERT_TRUE(loaded.configuration) << problems(loaded);
    const std::uint32_t wanted = set.flag ? 5 : set.environment ? 4 : set.dotenv ? 3 : set.file ? 2 : 1;
    const Tier tier = set.flag ? Tier::kFlag : set.environment ? Tier::kEnvironment : set.dotenv ? Tier::kDotenv
                    : set.file ? Tier::kFile : Tier::kDefault;
    EXPECT_EQ(loaded.configuration->workers, wanted);
    EXPECT_EQ(leaf(loaded, "workers").value, std::to_string(wanted));
    EXPECT_EQ(leaf(loaded, "workers").from.tier, tier);
    const int given = set.file + set.dotenv + set.environment + set.flag;
    EXPECT_EQ(leaf(loaded, "workers").over.size(), static_cast<std::size_t>(given));
  }
}

TEST(ConfigTiers, EmptyIsAValueInEveryTier) {
  const Directory directory;
  directory.write(".env", "GATEHOUSE_ACCESS_ISSUER=\n");
  LoadOptions options;
  options.file = directory.write("gatehouse.yaml", std::string(kHttp) + "access: {issuer: file}\n");
  EXPECT_EQ(load(options).configuration->access.issuer, "");
  options.environment["GATEHOUSE_ACCESS_ISSUER"] = "environment";
  EXPECT_EQ(load(options).configuration->access.issuer, "environment");
  options.overrides = {"access.issuer="};
  EXPECT_EQ(load(options).configuration->access.issuer, "");
}

TEST(ConfigTiers, OwnNameBeforeAlias) {
  LoadOptions options = with(kHttp);
  options.environment = {{"LOG_LEVEL", "ERROR"}, {"GATEWAY_LOG_LEVEL", "WARNING"}};
  EXPECT_EQ(load(options).configuration->log.level, log::Level::kWarn);
  options.environment["GATEHOUSE_LOG_LEVEL"] = "debug";
  EXPECT_EQ(load(options).configuration->log.level, log::Level::kDebug);
}

TEST(ConfigTiers, OriginsOfTheEarlierPlatformLoseTheirStar) {
  LoadOptions options = with(std::string(kHttp) + "mcp: {allowed_origins: ['https://file.test']}\n");
  const auto origins = [&](const char* value) {
    options.environment = {{"GATEWAY_CORS_ORIGINS", value}};
    return load(options).configuration->mcp.allowed_origins;
  };
  using List = std::vector<std::string>;
  EXPECT_EQ(origins("*"), List({"https://file.test"})) << "as if it were not set";
  EXPECT_EQ(origins("https://a.test, *,https://b.test"), List({"https://a.test", "https://b.test"}));
  EXPECT_EQ(origins("[\"*\"]"), List({"https://file.test"}));
  EXPECT_EQ(origins("https://a.test"), List({"https://a.test"}));
}

TEST(ConfigTiers, NamesWithDashesAndItemsOfListsAreFound) {
  LoadOptions options = with(std::string(kHttp) + "upstreams: {my-app: {servers: [127.0.0.1:1]}}\nroutes: [{to: my-app}]\n");
  options.environment = {{"GATEHOUSE_UPSTREAMS_MY_APP_MAX_IDLE", "7"},
                         {"GATEHOUSE_ROUTES_0_AUTH", "required"},
                         {"GATEHOUSE_LISTENERS_OTHER_ADDRESS", "127.0.0.1:2"},
                         {"GATEHOUSE_TRUSTED_PROXIES", "10.0.0.0/8, 127.0.0.1"}};
  const Loaded loaded = load(options);
  ASSERT_TRUE(loaded.configuration) << problems(loaded);
  EXPECT_EQ(loaded.configuration->upstreams.at(0).max_idle, 7u);
  EXPECT_EQ(loaded.configuration->edge.routes.at(0).auth, edge::Auth::kRequired);
  EXPECT_EQ(loaded.configuration->edge.listeners.at(1).name, "other");
  EXPECT_EQ(loaded.configuration->edge.trusted_proxies.size(), 2u);
}

TEST(ConfigTiers, ThePortAliasKeepsTheHost) {
  LoadOptions options = with("listeners: {http: {address: 0.0.0.0:80}}\n");
  options.environment["NGINX_HTTP_PORT"] = "18080";
  EXPECT_EQ(load(options).configuration->edge.listeners.at(0).address.to_string(), "0.0.0.0:18080");
}

TEST(ConfigTiers, OtherNamesOfTheEarlierPlatform) {
  const Directory directory;
  LoadOptions options = with(kHttp);
  options.environment = {{"SESSION_TIMEOUT", "3600"}, {"SSL_CERTIFICATE_MODE", "manual"},
                         {"SSL_CERT_PATH", directory.write("c", "c")}, {"SSL_KEY_PATH", directory.write("k", "k")},
                         {"GATEWAY_DATABASE_URL", "sqlite:///data/gateway.db"}, {"GATEWAY_CORS_ORIGINS", "https://a.test,https://b.test"}};
  const Loaded loaded = load(options);
  ASSERT_TRUE(loaded.configuration) << problems(loaded);
  EXPECT_EQ(loaded.configuration->mcp.session_idle, std::chrono::hours(1));
  EXPECT_EQ(loaded.configuration->edge.certificates.mode, tls::CertificateMode::kManual);
  EXPECT_EQ(loaded.configuration->edge.certificates.files.at(0).chain, directory.path() + "/c");
  EXPECT_EQ(loaded.configuration->state.database_url, "sqlite:///data/gateway.db");
  EXPECT_EQ(loaded.configuration->mcp.allowed_origins.size(), 2u);
}

TEST(ConfigTiers, ProfilesOfTheFlagAreAdded) {
  LoadOptions options = with(std::string("profile: gateway\n") + kHttp);
  options.profiles = {"development", "gateway"};
  EXPECT_EQ(load(options).configuration->profiles, (std::vector<std::string>{"gateway", "development"}));
}

TEST(ConfigDotenv, QuotesRemarksAndMistakes) {
  const Directory directory;
  directory.write(".env", "export A='x # y' # remark\nB=\"a\\nb\"\nC= plain # remark\nnonsense\nD='open\n");
  LoadOptions options;
  options.file = directory.write("g.yaml", std::string(kHttp) + "routes: [{respond: {body: '${A}|${B}|${C}'}}]\n");
  const Loaded loaded = load(options);
  const std::string env = directory.path() + "/.env";
  EXPECT_EQ(problems(loaded), env + ":4:1: document: a line is NAME=value or a comment  [bad-dotenv]\n" + env +
                                  ":5:1: D: a quote is not closed  [bad-dotenv]\n");
  EXPECT_EQ(leaf(loaded, "routes[0].respond.body").value, "x # y|a\nb|plain");
}

TEST(ConfigDotenv, ProblemsNameTheColumn) {
  const Directory directory;
  directory.write(".env", "export GATEHOUSE_WORKERS = many\n  GATEHOUSE_WROKERS=1\n");
  LoadOptions options;
  options.file = directory.write("g.yaml", kHttp);
  const std::string env = directory.path() + "/.env";
  const std::string said = problems(load(options));
  EXPECT_NE(said.find(env + ":1:28: workers: "), std::string::npos) << said;
  EXPECT_NE(said.find(env + ":2:3: "), std::string::npos) << said;
}

// ---- files, paths, secrets

TEST(ConfigLoad, RelativePathsAreRelativeToTheFile) {
  const Directory directory;
  LoadOptions options;
  options.file = directory.write("g.yaml", std::string(kHttp) + "state: {directory: ../x}\nmcp: {servers: {a: {command: [./run, ./arg]}}}\n");
  const Loaded loaded = load(options);
  ASSERT_TRUE(loaded.configuration) << problems(loaded);
  EXPECT_EQ(loaded.configuration->state.directory, (fs::path(directory.path()).parent_path() / "x").string());
  EXPECT_EQ(loaded.configuration->mcp.servers.at(0).command, (std::vector<std::string>{directory.path() + "/run", "./arg"}));
}

TEST(ConfigLoad, AFileOfMoreThan4MiBIsRefused) {
  const Loaded loaded = load(with("#" + std::string(4 * 1024 * 1024, 'x')));
  EXPECT_EQ(problems(loaded), "test.yaml: larger than 4 MiB  [file-too-large]\n");
}

TEST(ConfigLoad, AMissingFileIsNamed) {
  LoadOptions options;
  options.file = "/nonexistent/gatehouse.yaml";
  EXPECT_EQ(problems(load(options)),
            "/nonexistent/gatehouse.yaml: cannot read /nonexistent/gatehouse.yaml: No such file or directory  [file-unreadable]\n");
}

TEST(ConfigSecrets, ComeFromFilesVariablesAndCredentials) {
  const Directory directory;
  const std::string file = directory.write("key", "a long secret key from the file..\n");
  LoadOptions options = with(std::string(kHttp) + "access: {secret_key: 'file:" + file + "', admin_password: 'credential:pw'}\n");
  directory.write("pw", "from systemd");
  options.environment = {{"CREDENTIALS_DIRECTORY", directory.path()}};
  Loaded loaded = load(options);
  ASSERT_TRUE(loaded.configuration) << problems(loaded);
  EXPECT_EQ(loaded.configuration->access.secret_key.reveal(), "a long secret key from the file..");
  EXPECT_EQ(loaded.configuration->access.admin_password.reveal(), "from systemd");
  options.environment["GATEWAY_ADMIN_PASSWORD_FILE"] = file;
  options.environment["GATEHOUSE_ACCESS_SECRET_KEY"] = "a long secret key from the environment";
  loaded = load(options);
  ASSERT_TRUE(loaded.configuration) << problems(loaded);
  EXPECT_EQ(loaded.configuration->access.secret_key.reveal(), "a long secret key from the environment");
  EXPECT_EQ(loaded.configuration->access.admin_password.reveal(), "a long secret key from the file..");
}

TEST(ConfigSecrets, AreShownNowhere) {
  LoadOptions options = with(std::string("profile: development\naccess: {secret_key: hunter2hunter2hunter2hunter2hunter2}\n") + kHttp +
                             "mcp: {servers: {a: {command: [x], environment: {TOKEN: hunter2hunter2}}}}\n");
  options.environment["GATEWAY_ADMIN_PASSWORD"] = "hunter2hunter2";
  const Loaded loaded = load(options);
  ASSERT_TRUE(loaded.configuration) << problems(loaded);
  EXPECT_EQ(loaded.configuration->mcp.servers.at(0).environment.at("TOKEN"), "hunter2hunter2");
  std::string shown = *explain(loaded.provenance) + *explain_json(loaded.provenance) +
                      *explain(loaded.provenance, "access.secret_key") + *explain(loaded.provenance, "access.admin_password");
  options.text = kHttp;
  options.environment.clear();
  for (const Change& change : diff(*loaded.configuration, *load(options).configuration)) shown += change.before + change.after;
  EXPECT_EQ(shown.find("hunter2"), std::string::npos);
  EXPECT_NE(shown.find("(redacted)"), std::string::npos);
}

// ---- MCP

TEST(ConfigMcp, EveryEndpointAndServerGetsARoute) {
  const Loaded loaded = load(with(std::string(kHttp) + "mcp:\n  servers: {a: {url: 'http://127.0.0.1:1/mcp'}, b: {command: [x]}}\n"
                                  "  endpoints: {/mcp: {servers: [a], auth: none}, /mcp/b: {servers: [b]}}\n"
                                  "routes: [{match: {path: /t}, mcp: b, auth: none}]\n"));
  ASSERT_TRUE(loaded.configuration) << problems(loaded);
  std::map<std::string, edge::Auth> routes;
  for (const edge::RouteSettings& route : loaded.configuration->edge.routes) {
    EXPECT_EQ(route.handler, "mcp");
    routes[route.path] = route.auth;
  }
  EXPECT_EQ(routes, (std::map<std::string, edge::Auth>{{"/mcp", edge::Auth::kNone}, {"/mcp/a", edge::Auth::kRequired},
                                                       {"/mcp/b", edge::Auth::kRequired}, {"/t", edge::Auth::kNone}}));
  std::map<std::string, std::string> endpoints;
  for (const auto& endpoint : loaded.configuration->mcp.endpoints) endpoints[endpoint.path] = endpoint.servers.at(0);
  EXPECT_EQ(endpoints, (std::map<std::string, std::string>{{"/mcp", "a"}, {"/mcp/a", "a"}, {"/mcp/b", "b"}, {"/t", "b"}}));
}

// ---- diff

TEST(ConfigDiff, NamesWhatChangedAndWhatNeedsARestart) {
  const Loaded before = load(with(std::string(kHttp) + "workers: 1\ntimeouts: {write: 30000ms}\nlog: {level: info}\n"));
  const Loaded after = load(with(std::string(kHttp) + "workers: 2\ntimeouts: {write: 30s}\nlog: {level: warn}\nroutes: [{redirect: /x}]\n"));
  ASSERT_TRUE(before.configuration && after.configuration);
  std::map<std::string, std::string> changes;
  for (const Change& change : diff(*before.configuration, *after.configuration))
    changes[change.path] = change.before + ">" + change.after + (change.needs_restart ? "!" : "");
  EXPECT_EQ(changes.at("workers"), "1>2!");
  EXPECT_EQ(changes.at("log.level"), "info>warn");
  EXPECT_EQ(changes.at("routes[0].redirect"), ">/x");
  EXPECT_FALSE(changes.contains("timeouts.write"));
  EXPECT_TRUE(diff(*after.configuration, *after.configuration).empty());
}

TEST(ConfigLoad, KeyLifetimeIsExact) {
  LoadOptions options;
  options.text = "access: {key_lifetime: 90m}\nlisteners: {http: {address: 127.0.0.1:0}}\n";
  options.read_dotenv = false;
  const Loaded loaded = load(options);
  ASSERT_TRUE(loaded.configuration);
  EXPECT_EQ(loaded.configuration->access.key_lifetime, std::chrono::minutes(90));
}

TEST(ConfigLoad, WhatNeedsARestartStaysAsItStarted) {
  const auto with = [](const std::string& text) {
    LoadOptions options;
    options.text = text + "listeners: {http: {address: 127.0.0.1:0}}\n";
    options.read_dotenv = false;
    Loaded loaded = load(options);
    EXPECT_TRUE(loaded.configuration) << render(loaded.diagnostics);
    return std::move(*loaded.configuration);
  };
  const Configuration started = with("workers: 1\naccess: {issuer: a}\nadmin: {socket: /run/a.sock}\nlog: {level: info}\n");
  const Configuration wanted = with("workers: 3\naccess: {issuer: b}\nadmin: {socket: /run/b.sock}\nlog: {level: warn}\nprofile: gateway\n");
  const Configuration used = keep_until_restart(started, wanted);
  EXPECT_EQ(used.workers, 1u);
  EXPECT_EQ(used.access.issuer, "a");
  EXPECT_EQ(used.admin_socket, "/run/a.sock");
  EXPECT_TRUE(used.profiles.empty());
  EXPECT_EQ(used.log.level, log::Level::kWarn);
  std::vector<std::string> pending;
  for (const Change& change : diff(used, wanted)) {
    EXPECT_TRUE(change.needs_restart) << change.path;
    pending.push_back(change.path);
  }
  EXPECT_EQ(pending, (std::vector<std::string>{"access.issuer", "admin.socket", "profile", "workers"}));
}

// keep_until_restart() keeps these by section: a key of them that needs no restart would not be taken over.
TEST(ConfigLoad, SectionsThatNeedARestartNeedItWhole) {
  for (const keys::Key* key : keys::all_keys()) {
    if (key->type == keys::Type::kLater) continue;
    const std::string_view top = key->path.substr(0, key->path.find('.'));
    if (top == "state" || top == "access" || top == "podman") EXPECT_TRUE(key->restart) << key->path;
    else if (key->restart) EXPECT_TRUE(key->path == "backup.directory" || key->path == "profile" || key->path == "workers" || key->path == "admin.socket" || key->path == "metrics.compat") << key->path;
  }
}

TEST(ConfigLoad, AVariableIsNamedAsOrigin) {
  LoadOptions options;
  options.text = "listeners: {http: {address: \"127.0.0.1:${PORT:-0}\"}}\nlog: {level: \"${LEVEL}\"}\n";
  options.environment = {{"LEVEL", "warn"}};
  options.read_dotenv = false;
  const Loaded loaded = load(options);
  const auto text = explain(loaded.provenance, "log.level");
  ASSERT_TRUE(text);
  EXPECT_NE(text->find("with LEVEL (environment)"), std::string::npos) << *text;
}

}  // namespace
}  // namespace gatehouse::config
