// The fields of a service, their hash (R6), names (R9) and labels.
#include "gatehouse/services/spec.h"

#include <gtest/gtest.h>

#include "world.h"

namespace gatehouse::services {
namespace {

std::string hash(const ServiceSettings& settings) { return spec_of(settings).hash; }

ServiceSettings changed(void (*change)(ServiceSettings&)) {
  ServiceSettings out = default_service("postgres", Limits::kOn);
  change(out);
  return out;
}

// These must not change from one version of the daemon to the next: every container would be replaced. A new scheme gets a
// new prefix.
TEST(ServicesSpec, HashesAreStable) {
  EXPECT_EQ(hash(default_service("postgres", Limits::kOn)), "v1:d36062c66201c3151a58866d6f4559cb");
  EXPECT_EQ(hash(worker()), "v1:c312359e14ca82ed134b3e6502698897");
}

TEST(ServicesSpec, TheHashCoversWhatOnlyANewContainerHas) {
  const std::string before = hash(default_service("postgres", Limits::kOn));
  const ServiceSettings others[] = {
      changed([](ServiceSettings& s) { s.image = "docker.io/library/postgres:18-alpine"; }),
      changed([](ServiceSettings& s) { s.environment["TZ"] = "UTC"; }),
      changed([](ServiceSettings& s) { s.environment["POSTGRES_DB"] = "other"; }),
      changed([](ServiceSettings& s) { s.command = {"postgres", "-c", "log_statement=all"}; }),
      changed([](ServiceSettings& s) { s.user = "999"; }),
      changed([](ServiceSettings& s) { s.volumes[0].read_only = true; }),
      changed([](ServiceSettings& s) { s.tmpfs.pop_back(); }),
      changed([](ServiceSettings& s) { s.secrets[0].mode = 0440; }),
      changed([](ServiceSettings& s) { s.secrets[0].target = "/run/other"; }),
      changed([](ServiceSettings& s) { s.ports = {{.host = 5432, .container = 5432}}; }),
      changed([](ServiceSettings& s) { s.read_only = false; }),
      changed([](ServiceSettings& s) { s.no_new_privileges = false; }),
      changed([](ServiceSettings& s) { s.cap_add = {"CHOWN"}; }),
      changed([](ServiceSettings& s) { s.aliases = {"db"}; }),
      changed([](ServiceSettings& s) { s.shm_size *= 2; }),
      changed([](ServiceSettings& s) { s.nofile = 1024; }),
      changed([](ServiceSettings& s) { s.stop_signal = "SIGTERM"; }),
      changed([](ServiceSettings& s) { s.init = true; }),
      changed([](ServiceSettings& s) { s.work_dir = "/"; }),
      changed([](ServiceSettings& s) { s.entrypoint = {"sh"}; }),
      changed([](ServiceSettings& s) { s.health.probe = {.kind = health::Kind::kExec, .command = {"/bin/check"}}; }),
  };
  for (const ServiceSettings& other : others) EXPECT_NE(hash(other), before);
  EXPECT_NE(spec_of(default_service("postgres", Limits::kOn), "sha256:2").hash, before);
}

TEST(ServicesSpec, TheHashCoversNothingElse) {
  const std::string before = hash(default_service("postgres", Limits::kOn));
  const ServiceSettings others[] = {
      changed([](ServiceSettings& s) { s.depends_on = {{.service = "redis"}}; }),
      changed([](ServiceSettings& s) { s.restart.policy = RestartPolicy::kNo; }),
      changed([](ServiceSettings& s) { s.health.interval *= 2; }),
      changed([](ServiceSettings& s) { s.health.probe.port = 1; }),
      changed([](ServiceSettings& s) { s.profiles = {"gateway"}; }),
      changed([](ServiceSettings& s) { s.stop_timeout *= 2; }),
      changed([](ServiceSettings& s) { s.pull = Pull::kNewer; }),
      changed([](ServiceSettings& s) { s.resources.memory *= 2; }),
      changed([](ServiceSettings& s) { std::swap(s.tmpfs[0], s.tmpfs[1]); }),
  };
  for (const ServiceSettings& other : others) EXPECT_EQ(hash(other), before);
}

TEST(ServicesSpec, TheHashCoversVersionsOfSecretsAndContentsOfFiles) {
  const ServiceSettings postgres = default_service("postgres", Limits::kOn);
  Facts other = facts();
  other.secret_versions["postgres_password"] = "v2";
  EXPECT_NE(resolve(postgres, kPodman, other, "sha256:1")->hash, hash(postgres));
  const ServiceSettings prometheus = default_service("prometheus", Limits::kOn);
  other.content_hashes["prometheus"] = "decaf";
  EXPECT_NE(resolve(prometheus, kPodman, other, "sha256:1")->hash, hash(prometheus));
  other = facts();
  other.secret_versions["unrelated"] = "v1";
  EXPECT_EQ(resolve(postgres, kPodman, other, "sha256:1")->hash, hash(postgres));
}

TEST(ServicesSpec, MissingFactsAreNamed) {
  const auto no_secret = resolve(default_service("postgres", Limits::kOn), kPodman, {}, "");
  ASSERT_FALSE(no_secret);
  EXPECT_EQ(no_secret.error().slug, "secret-missing");
  EXPECT_EQ(no_secret.error().message, "the secret 'postgres_password' has no value");
  EXPECT_EQ(no_secret.error().help, "it is taken from env:POSTGRES_PASSWORD");
  const auto no_file = resolve(default_service("prometheus", Limits::kOn), kPodman, {}, "");
  ASSERT_FALSE(no_file);
  EXPECT_EQ(no_file.error().message, "there is no 'prometheus' to be mounted at /etc/prometheus");
}

TEST(ServicesSpec, ValuesThatLookSecretAreNotInTheFields) {
  ServiceSettings service = worker();
  service.environment = {{"DB_PASSWORD", "hunter2"},  {"api_key", "hunter2"}, {"DSN", "postgres://u:hunter2@db/x"},
                         {"PASSWORD_FILE", "/run/p"}, {"EMPTY", ""},          {"PLAIN", "a\"b\n"}};
  const Spec spec = spec_of(service);
  EXPECT_EQ(fields_text(spec.fields).find("hunter2"), std::string::npos);
  EXPECT_EQ(spec.fields.at("environment.DB_PASSWORD"), spec.fields.at("environment.api_key"));
  EXPECT_EQ(spec.fields.at("environment.PASSWORD_FILE"), "'/run/p'");
  EXPECT_EQ(spec.fields.at("environment.EMPTY"), "''");
  service.environment["DB_PASSWORD"] = "hunter3";
  EXPECT_NE(spec_of(service).hash, spec.hash);
}

TEST(ServicesSpec, FieldsGoThroughTheirTextUnchanged) {
  const Spec spec = spec_of(default_service("redis", Limits::kOn));
  EXPECT_EQ(parse_fields(fields_text(spec.fields)), spec.fields);
  EXPECT_EQ(parse_fields("{}"), Fields{});
  for (const char* text : {"", "[]", "null", "{", "{\"a\":1}", "{\"a\":{}}", "{\"a\":\"b\"} x"})
    EXPECT_FALSE(parse_fields(text)) << text;
  EXPECT_FALSE(parse_fields("{\"a\":\"" + std::string(70'000, 'x') + "\"}"));
}

TEST(ServicesSpec, NamesHoldGenerationAndNumber) {
  EXPECT_EQ(container_name("mcp", "redis", 3, 1), "mcp-redis-3-1");
  EXPECT_EQ(secret_name("mcp", "redis_conf", "ab12"), "mcp-redis_conf-ab12");
}

TEST(ServicesSpec, LabelsComeBack) {
  const Spec spec = spec_of(worker());
  const auto labels = read_labels(make_labels({"mcp", "node-1", "worker", 7, 2, spec.hash, spec.fields}));
  ASSERT_TRUE(labels);
  EXPECT_EQ(labels->project, "mcp");
  EXPECT_EQ(labels->instance, "node-1");
  EXPECT_EQ(labels->service, "worker");
  EXPECT_EQ(labels->generation, 7u);
  EXPECT_EQ(labels->replica, 2);
  EXPECT_EQ(labels->hash, spec.hash);
  EXPECT_EQ(labels->fields, spec.fields);
}

TEST(ServicesSpec, LabelsOfOthersAreNotOurs) {
  EXPECT_FALSE(read_labels({}));
  auto labels = make_labels({"mcp", "node-1", "worker", 7, 1, "v1:x", Fields{}});
  labels["io.gatehouse.role"] = "job";
  EXPECT_FALSE(read_labels(labels));
  labels = make_labels({"mcp", "node-1", "worker", 7, 1, "v1:x", Fields{}});
  labels["io.gatehouse.generation"] = "7x";
  labels["io.gatehouse.spec"] = "{";
  const auto damaged = read_labels(labels);
  ASSERT_TRUE(damaged);
  EXPECT_EQ(damaged->generation, 0u);
  EXPECT_FALSE(damaged->fields);
}

TEST(ServicesSpec, HashVersions) {
  EXPECT_EQ(hash_version("v1:ab"), "v1");
  EXPECT_EQ(hash_version("ab"), "");
  EXPECT_EQ(hash_version("x1:ab"), "");
  EXPECT_EQ(cpus_text(2000), "2");
  EXPECT_EQ(cpus_text(250), "0.25");
  EXPECT_EQ(cpus_text(1050), "1.05");
}

}  // namespace
}  // namespace gatehouse::services
