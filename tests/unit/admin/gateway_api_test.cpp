#include <fstream>

#include "gatehouse/access/seal.h"
#include "gatehouse/base/timestamp.h"
#include "house.h"

namespace gatehouse::admin {
namespace {

TEST_F(ApiTest, HealthIsTrue) {
  EXPECT_EQ(get("/livez").status, 200);
  for (const char* path : {"/health", "/gateway/health"}) {
    const Answer answer = get(path);
    EXPECT_EQ(answer.status, 200);
    EXPECT_EQ(answer.json(), (Json{{"status", "healthy"}, {"database", "ok"}, {"templates", 0}, {"instances", {{"total", 0}, {"healthy", 0}, {"unhealthy", 0}}}, {"uptime", 12.5}}));
  }
  status_.state = "failed";
  EXPECT_EQ(get("/health").status, 503);
}

TEST_F(ApiTest, HealthIsFalseWhenTheDatabaseIsDamaged) {
  for (const char* file : {"/state/gatehouse.db", "/state/gatehouse.db-wal", "/state/gatehouse.db-shm"}) {
    if (std::filesystem::exists(path_ + file)) std::ofstream(path_ + file, std::ios::binary | std::ios::in) << std::string(65536, 'x');
  }
  const Answer answer = get("/gateway/health");
  EXPECT_EQ(answer.status, 503) << answer.body;
  EXPECT_EQ(answer.json()["status"], "unhealthy");
  EXPECT_TRUE(answer.json()["database"].get<std::string>().starts_with("database-")) << answer.body;
  EXPECT_EQ(answer.body.find(path_), std::string::npos);
}

TEST_F(ApiTest, ReadinessNamesTheModules) {
  EXPECT_EQ(get("/readyz").json(), Json::parse(R"({"status":"ready","modules":[{"name":"edge","state":"healthy","reason":""}]})"));
  status_.modules.push_back({"access", "starting", "loads"});
  const Answer waiting = get("/readyz");
  EXPECT_EQ(waiting.status, 503);
  EXPECT_EQ(waiting.json()["status"], "not_ready");
  EXPECT_EQ(waiting.json()["modules"][1]["reason"], "loads");
  status_.modules.pop_back();
  status_.state = "stopping";
  EXPECT_EQ(get("/readyz").status, 503);
}

TEST_F(ApiTest, CertificateStatusIsThatOfTheWorst) {
  EXPECT_EQ(get("/.well-known/certificate-status").json(),
            Json::parse(R"({"status":"OK","certificate_mode":"","expires":null,"certificates":{"ok":0,"warning":0,"critical":0}})"));
  certificates_.mode = "manual";
  const auto add = [&](const char* name, int days, const char* state) {
    CertificateView& one = certificates_.certificates.emplace_back();
    one.names = {name};
    one.not_after = clock_.wall() + std::chrono::hours(24 * days);
    one.state = state;
    one.file = "/etc/" + std::string(name);
  };
  const auto now = [&] { return get("/.well-known/certificate-status", {.principal = {}, .authorization = "", .address = "192.0.2.7"}); };
  add("a.test", 60, "OK");
  EXPECT_EQ(now().json()["status"], "OK");
  add("b.test", 20, "WARNING");
  EXPECT_EQ(now().json()["status"], "WARNING");
  EXPECT_EQ(now().json()["expires"], rfc3339(clock_.wall() + std::chrono::hours(24 * 20)));
  add("c.test", -1, "CRITICAL");
  const Answer answer = now();
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.json()["status"], "CRITICAL");
  EXPECT_EQ(answer.json()["certificate_mode"], "manual");
  EXPECT_EQ(answer.json()["certificates"], (Json{{"ok", 1}, {"warning", 1}, {"critical", 1}}));
  EXPECT_EQ(answer.body.find(".test"), std::string::npos) << "no names for strangers";
  EXPECT_EQ(get("/admin/status", socket()).json()["certificates"][1]["names"], Json{"b.test"});
}

TEST_F(ApiTest, MetricsAreForThoseWhoMay) {
  registry_.loop(0).add(registry_.counter("demo_total", "Demo."));
  const Answer local = get("/metrics");
  EXPECT_EQ(local.status, 200);
  EXPECT_TRUE(local.type.starts_with("text/plain; version=0.0.4"));
  EXPECT_NE(local.body.find("demo_total 1"), std::string::npos) << local.body;
  Caller far;
  far.address = "192.0.2.7";
  EXPECT_EQ(get("/gateway/metrics", far).status, 403);
  allow_ = {*net::parse_cidr("192.0.2.0/24")};
  EXPECT_EQ(get("/gateway/metrics", far).status, 200);
  allow_.clear();
  EXPECT_EQ(get("/metrics", socket()).status, 200);
  Caller reader = user("rita", {"gateway:read"});
  Caller other = user("olaf", {"tools:call"});
  reader.address = other.address = "192.0.2.7";
  EXPECT_EQ(get("/metrics", reader).status, 200);
  EXPECT_EQ(get("/metrics", other).status, 403);
}

TEST_F(ApiTest, NothingOfTheRegistryIsPublic) {
  const Caller caller = user("olaf", {"tools:call"});
  for (const char* path : {"/gateway/templates", "/gateway/registry", "/gateway/stats", "/admin/status"}) {
    const Answer anonymous = get(path);
    EXPECT_EQ(anonymous.status, 401) << path;
    EXPECT_EQ(anonymous.challenge, "Bearer");
    const Answer refused = get(path, caller);
    EXPECT_EQ(refused.status, 403) << path;
    EXPECT_NE(refused.body.find("required scopes"), std::string::npos) << refused.body;
  }
  for (const char* path : {"/gateway/registry/sync", "/admin/reload", "/auth/logout", "/auth/users"}) {
    EXPECT_EQ(call("POST", path, {}).status, 401) << path;
  }
  EXPECT_EQ(call("POST", "/admin/reload", user("walter", {"gateway:write"})).status, 403);
  EXPECT_FALSE(reload_done_);
}

TEST_F(ApiTest, PathsAndMethods) {
  EXPECT_EQ(get("/gateway/nothing").status, 404);
  EXPECT_EQ(get("/auth/users/").status, 404);
  EXPECT_EQ(get("/gateway/templates//instances").status, 404);
  const Answer wrong = call("PUT", "/auth/users", {});
  EXPECT_EQ(wrong.status, 405);
  EXPECT_EQ(wrong.allow, "GET, HEAD, POST");
  EXPECT_EQ(call("HEAD", "/livez", {}).status, 200);
}

TEST_F(ApiTest, InstancesComeAndGo) {
  const Caller admin = this->admin();
  const Json body{{"id", "demo-1"}, {"transport", "http"}, {"endpoint", "http://127.0.0.1:7071/mcp"}, {"metadata", {{"weight", 2}}}};
  const Answer made = call("POST", "/gateway/templates/demo/instances", admin, body);
  ASSERT_EQ(made.status, 200) << made.body;
  EXPECT_EQ(made.json()["status"], "unknown");
  EXPECT_EQ(made.json()["metadata"]["weight"], 2);
  EXPECT_EQ(call("POST", "/gateway/templates/demo/instances", admin, body).status, 409);
  EXPECT_EQ(get("/gateway/templates", admin).json(), (Json{{"templates", {"demo"}}}));
  const Json registry = get("/gateway/registry", admin).json();
  EXPECT_EQ(registry["total_instances"], 1);
  EXPECT_EQ(registry["healthy_instances"], 0);
  EXPECT_EQ(registry["templates"]["demo"]["instances"][0]["id"], "demo-1");
  EXPECT_EQ(get("/health").json()["instances"]["total"], 1);
  const Json sync = call("POST", "/gateway/registry/sync", admin).json();
  EXPECT_EQ(sync["templates"], 1);
  EXPECT_EQ(sync["instances"], 1);
  EXPECT_EQ(store_->audit(0, 10)->front().change.action, "instance.registered");
  const Answer gone = call("DELETE", "/gateway/templates/demo/instances/demo-1", admin);
  EXPECT_EQ(gone.json(), (Json{{"message", "Instance deregistered successfully"}}));
  EXPECT_EQ(call("DELETE", "/gateway/templates/demo/instances/demo-1", admin).status, 404);
}

TEST_F(ApiTest, InstancesKeepWhatTheEarlierPlatformKept) {
  const Caller admin = this->admin();
  const Json body{{"id", "w"}, {"endpoint", "http://127.0.0.1:7071/mcp"}, {"backend", "docker"}, {"container_id", "c0ffee"},
                  {"deployment_id", "d"}, {"namespace", "team"}, {"working_dir", "/srv"}, {"status", "healthy"}, {"is_active", false},
                  {"last_health_check", "2026-03-01T12:00:00Z"}, {"consecutive_failures", 3},
                  {"instance_metadata", {{"weight", 2}}}, {"env_vars", {{"TOKEN", "hunter2"}}}};
  const Answer made = call("POST", "/gateway/templates/demo/instances", admin, body);
  ASSERT_EQ(made.status, 200) << made.body;
  const Json row = get("/gateway/registry", admin).json()["templates"]["demo"]["instances"][0];
  EXPECT_EQ(row, made.json());
  for (const char* key : {"id", "endpoint", "backend", "container_id", "deployment_id", "namespace", "working_dir", "status", "is_active",
                          "consecutive_failures", "instance_metadata"}) {
    EXPECT_EQ(row[key], body[key]) << key;
  }
  EXPECT_TRUE(row["last_health_check"].get<std::string>().starts_with("2026-03-01T12:00:00"));
  EXPECT_FALSE(row.contains("env_vars"));
  EXPECT_EQ((made.body + get("/gateway/registry", admin).body).find("hunter2"), std::string::npos);
  const std::string sealed = store_->instance("w")->sealed_environment;
  EXPECT_EQ(sealed.find("hunter2"), std::string::npos);
  const access::Seal seal(accounts_->keys(), runtime::system_random());
  EXPECT_EQ(seal.open(sealed, "instance:w")->reveal(), R"({"TOKEN":"hunter2"})");
}

TEST_F(ApiTest, BadColumnsOfInstancesAreRefused) {
  const Caller admin = this->admin();
  for (const Json& wrong : {Json{{"status", "fine"}}, Json{{"is_active", "yes"}}, Json{{"last_health_check", "today"}}, Json{{"consecutive_failures", -1}},
                            Json{{"consecutive_failures", 1.5}}, Json{{"namespace", "a\nb"}}, Json{{"working_dir", std::string(257, 'x')}},
                            Json{{"env_vars", {{"A", 1}}}}, Json{{"env_vars", {{"A=B", "1"}}}}, Json{{"env_vars", Json::array()}},
                            Json{{"metadata", Json::object()}, {"instance_metadata", Json::object()}}}) {
    Json body{{"endpoint", "http://a/"}};
    body.update(wrong);
    EXPECT_EQ(call("POST", "/gateway/templates/demo/instances", admin, body).status, 422) << body;
  }
  EXPECT_TRUE(store_->instances()->empty());
}

TEST_F(ApiTest, CommandsFromTheNetworkAreRefused) {
  for (const Json& body : {Json{{"transport", "stdio"}, {"command", {"sh", "-c", "id"}}}, Json{{"transport", "stdio"}, {"endpoint", "http://a/"}},
                           Json{{"transport", "http"}, {"endpoint", "http://a/"}, {"command", {"id"}}}}) {
    const Answer answer = call("POST", "/gateway/templates/demo/instances", admin(), body);
    EXPECT_EQ(answer.status, 403) << answer.body;
    EXPECT_NE(answer.body.find("not offered over the API"), std::string::npos);
  }
  EXPECT_TRUE(store_->instances()->empty());
}

TEST_F(ApiTest, BadInstancesAreRefused) {
  for (const char* url : {"", "ftp://a/", "http://", "http:///x", "http://user:pw@a/", "http://a b/", "http://a:99999/", "http://a:0/", "http://:80/",
                          "http://a/#x", "http://unix:/run/x", "http://a:80:80/", "HTTP//a", "http://a\\b/"}) {
    EXPECT_EQ(call("POST", "/gateway/templates/demo/instances", admin(), {{"endpoint", url}}).status, 422) << url;
  }
  EXPECT_EQ(call("POST", "/gateway/templates/demo/instances", admin(), {{"endpoint", "http://a/"}, {"id", "a/b"}}).status, 422);
  EXPECT_EQ(call("POST", "/gateway/templates/demo/instances", admin(), {{"endpoint", "http://a/"}, {"template_name", "b"}}).status, 422);
  EXPECT_EQ(call("POST", "/gateway/templates/d%00/instances", admin(), {{"endpoint", "http://a/"}}).status, 422);
  EXPECT_TRUE(store_->templates()->empty());
  for (const char* url : {"https://[2001:db8::1]:8443/mcp?x=1", "http://[::1]/", "https://mcp.example.org"}) {
    EXPECT_EQ(call("POST", "/gateway/templates/demo/instances", admin(), {{"endpoint", url}, {"id", "i" + std::to_string(std::string(url).size())}}).status, 200) << url;
  }
}

TEST_F(ApiTest, StatsAreTrueOrNull) {
  const Caller admin = this->admin();
  EXPECT_EQ(get("/gateway/stats", admin).json()["total_requests"], nullptr);
  const auto id = registry_.histogram("gatehouse_http_request_duration_seconds", "Time.");
  registry_.loop(0).observe(id, 5ms);
  registry_.loop(0).observe(id, 5ms);
  status_.listeners = {{.name = "http", .address = "127.0.0.1:8080", .protocols = {"http/1.1"}, .tls = false, .connections = 3}};
  status_.upstreams = {{.group = "app", .server = "10.0.0.1:80", .connections = 2, .connect_failures = 0}};
  const Json stats = get("/gateway/stats", admin).json();
  EXPECT_EQ(stats["total_requests"], 2);
  EXPECT_EQ(stats["active_connections"], 3);
  EXPECT_EQ(stats["load_balancer"]["requests_per_instance"], nullptr);
  EXPECT_EQ(stats["load_balancer"]["active_connections"]["app/10.0.0.1:80"], 2);
  EXPECT_EQ(stats["health_checker"]["running"], false);
}

TEST_F(ApiTest, StatusForTheCommandLine) {
  status_.mcp_servers = {{.name = "web", .transport = "http", .state = "ready", .sessions = 1, .processes = 0, .last_error = "\xff"}};
  const Json status = get("/admin/status", socket()).json();
  EXPECT_EQ(status["version"], "1.2.3");
  EXPECT_EQ(status["config"]["ok"], true);
  EXPECT_EQ(status["mcp_servers"][0]["sessions"], 1);
  EXPECT_EQ(status["modules"][0]["name"], "edge");
}

TEST_F(ApiTest, OpenApiListsEveryPath) {
  const Json document = get("/openapi.json").json();
  EXPECT_EQ(document["openapi"], "3.1.0");
  for (const char* path : {"/auth/login", "/auth/users/{id}", "/gateway/metrics", "/admin/reload"}) EXPECT_TRUE(document["paths"].contains(path)) << path;
  const Json& add = document["paths"]["/gateway/templates/{template}/instances"]["post"];
  EXPECT_EQ(add["parameters"][0]["name"], "template");
  EXPECT_TRUE(add["security"].is_array());
  EXPECT_TRUE(add["security"][0].contains("bearer"));
  EXPECT_TRUE(add["requestBody"]["content"].contains("application/json"));
}

TEST_F(ApiTest, ReloadAnswersWhatChanged) {
  FakeExchange exchange(loop_, "POST", "/admin/reload", {});
  exchange.who() = socket().principal;
  group_.spawn(api_->handle(exchange));
  ASSERT_TRUE(reload_done_);
  EXPECT_FALSE(exchange.answered());
  reload_done_({.ok = true, .changes = {{"workers", "1", "2", true}}, .diagnostics = {}, .text = "a warning"});
  run_until([&] { return exchange.answered(); });
  EXPECT_EQ(exchange.status(), 200);
  EXPECT_EQ(Json::parse(exchange.output()), Json::parse(R"({"changes":[{"path":"workers","before":"1","after":"2","needs_restart":true}],
                            "diagnostics":[],"text":"a warning"})"));
}

TEST_F(ApiTest, RefusedReloadGivesTheDiagnostics) {
  FakeExchange exchange(loop_, "POST", "/admin/reload", {});
  exchange.who() = socket().principal;
  group_.spawn(api_->handle(exchange));
  reload_done_({.ok = false, .valid = false, .changes = {}, .diagnostics = {{"g.yaml", 3, 5, "workers", "no number", "bad-value", "1"}}, .text = "g.yaml:3:5"});
  run_until([&] { return exchange.answered(); });
  EXPECT_EQ(exchange.status(), 422);
  const Json answer = Json::parse(exchange.output());
  EXPECT_EQ(answer["diagnostics"][0]["line"], 3);
  EXPECT_EQ(answer["text"], "g.yaml:3:5");
}

TEST_F(ApiTest, AReloadThatCouldNotBePutIntoEffectIsAConflict) {
  FakeExchange exchange(loop_, "POST", "/admin/reload", {});
  exchange.who() = socket().principal;
  group_.spawn(api_->handle(exchange));
  reload_done_({.ok = false, .changes = {}, .diagnostics = {}, .text = "the port is taken"});
  run_until([&] { return exchange.answered(); });
  EXPECT_EQ(exchange.status(), 409);
  EXPECT_EQ(Json::parse(exchange.output())["text"], "the port is taken");
}

TEST_F(ApiTest, ReloadSurvivesItsExchange) {
  {
    FakeExchange exchange(loop_, "POST", "/admin/reload", {});
    exchange.who() = socket().principal;
    group_.spawn(api_->handle(exchange));
    group_.stop();
  }
  reload_done_({.ok = true, .changes = {}, .diagnostics = {}, .text = {}});
  loop_.run_for_test(20ms);
  FakeExchange draining(loop_, "POST", "/admin/reload", {});
  draining.who() = socket().principal;
  group_.spawn(api_->handle(draining));
  draining.start_draining();
  run_until([&] { return draining.answered(); });
  EXPECT_EQ(draining.status(), 503);
}

TEST_F(ApiTest, AFullPoolIsAnsweredAtOnce) {
  runtime::OffloadPool full(1, 0);
  make(*store_, full);
  const Answer answer = get("/health");
  EXPECT_EQ(answer.status, 503);
  EXPECT_EQ(answer.retry_after, "1");
  EXPECT_EQ(get("/livez").status, 200);
}

TEST_F(ApiTest, RoutesLeadHere) {
  const auto routes = Api::routes();
  EXPECT_EQ(routes.size(), 9u);
  for (const edge::RouteSettings& route : routes) {
    EXPECT_EQ(route.handler, "admin");
    EXPECT_EQ(route.auth, edge::Auth::kNone);
    EXPECT_EQ(route.body_limit, 65536u);
  }
}

}  // namespace
}  // namespace gatehouse::admin
