// What the loader refuses (D1, X1, X2, R14), and the order of services.
#include "gatehouse/services/checks.h"

#include <gtest/gtest.h>

#include "gatehouse/services/graph.h"
#include "gatehouse/services/known.h"

namespace gatehouse::services {
namespace {

ServiceSettings named(const std::string& name, std::vector<Dependency> depends_on = {}) {
  ServiceSettings out = default_service(name, Limits::kOn);
  if (out.image.empty()) out.image = "localhost/" + name + ":1";
  out.depends_on = std::move(depends_on);
  return out;
}

std::string first(const std::vector<Problem>& problems) {
  if (problems.empty()) return "fine";
  return problems[0].path + ": " + problems[0].message + " [" + problems[0].slug + "]";
}

std::string slug(const ServiceSettings& service) {
  const auto problems = check_service(service, "/srv/gate/state");
  return problems.empty() ? "fine" : problems[0].slug;
}

std::string slug_of_mount(const std::string& source) {
  ServiceSettings service = named("worker");
  service.volumes = {{source, "/data"}};
  return slug(service);
}

TEST(ServicesChecks, RefuseMountsThatGiveTheHostAway) {
  for (const char* source : {"/", "/etc", "/etc/", "/proc", "/proc/1/root", "/sys/fs/cgroup", "/dev/sda", "/run/podman", "/run",
                             "/run/podman/podman.sock", "/var/run/docker.sock", "/srv/../etc", "//", "/home/me/docker.sock",
                             "/srv/gate/state", "/srv/gate/state/keys", "/srv/gate", "/srv", "/var/lib"})
    EXPECT_EQ(slug_of_mount(source), "forbidden-mount") << source;
  for (const char* source : {"/srv/data", "/etc/ssl/certs", "/home/me", "/srv/gate/state2", "worker-data", "/devices"})
    EXPECT_EQ(slug_of_mount(source), "fine") << source;
  EXPECT_EQ(slug_of_mount("../data"), "bad-name");
  ServiceSettings service = named("worker");
  service.files = {{"/proc/self/environ", "/x"}};
  EXPECT_EQ(slug(service), "forbidden-mount");
}

TEST(ServicesChecks, RefuseWhatCannotWork) {
  const auto with = [](void (*change)(ServiceSettings&)) {
    ServiceSettings service = named("worker");
    change(service);
    return slug(service);
  };
  EXPECT_EQ(with([](ServiceSettings&) {}), "fine");
  EXPECT_EQ(with([](ServiceSettings& s) { s.image.clear(); }), "image-missing");
  EXPECT_EQ(with([](ServiceSettings& s) { s.name = "Worker"; }), "bad-name");
  EXPECT_EQ(with([](ServiceSettings& s) { s.name = "a/../b"; }), "bad-name");
  EXPECT_EQ(with([](ServiceSettings& s) { s.name = std::string(49, 'a'); }), "bad-name");
  EXPECT_EQ(with([](ServiceSettings& s) { s.volumes = {{"data", "data"}}; }), "bad-target");
  EXPECT_EQ(with([](ServiceSettings& s) { s.volumes = {{"data", "/x/.."}}; }), "bad-target");
  EXPECT_EQ(with([](ServiceSettings& s) { s.volumes = {{"data", "/tmp/"}}; }), "duplicate-target");
  EXPECT_EQ(with([](ServiceSettings& s) { s.secrets = {{.name = "a", .mode = 0444}}; }), "readable-secret");
  EXPECT_EQ(with([](ServiceSettings& s) { s.secrets = {{.name = "a"}, {.name = "b", .target = "/run/secrets/a"}}; }),
            "duplicate-target");
  EXPECT_EQ(with([](ServiceSettings& s) { s.resources.reserve_memory = s.resources.memory = 1, ++s.resources.reserve_memory; }),
            "bad-limit");
  EXPECT_EQ(with([](ServiceSettings& s) { s.resources = {100, 0, 200, 0, 0}; }), "bad-limit");
  EXPECT_EQ(with([](ServiceSettings& s) { s.health.probe.kind = health::Kind::kHttp; }), "bad-health");
  EXPECT_EQ(with([](ServiceSettings& s) { s.health.probe.kind = health::Kind::kExec; }), "bad-health");
  EXPECT_EQ(with([](ServiceSettings& s) { s.health.probe.kind = health::Kind::kUnix; }), "bad-health");
  EXPECT_EQ(with([](ServiceSettings& s) {
              s.health.probe = {.kind = health::Kind::kRedis, .port = 6379, .password = "other"};
            }),
            "bad-health");
}

TEST(ServicesChecks, DatabasesStayOnThisHost) {
  ServiceSettings redis = named("redis");
  redis.ports = {{"0.0.0.0", 6379, 6379}};
  EXPECT_EQ(slug(redis), "public-database");
  redis.ports = {{"127.0.0.1", 6379, 6379}};
  EXPECT_EQ(slug(redis), "fine");
  redis.ports = {{"::1", 6379, 6379}};
  EXPECT_EQ(slug(redis), "fine");
  ServiceSettings worker = named("worker");
  worker.ports = {{"0.0.0.0", 8000, 8000}};
  EXPECT_EQ(slug(worker), "fine");
  EXPECT_EQ(loosened(worker).back(), "publishes port 8000 on 0.0.0.0");
}

TEST(ServicesChecks, AuditTellsWhatIsLoosened) {
  ServiceSettings service = named("worker");
  service.cap_add = {"NET_BIND_SERVICE"};
  service.read_only = service.no_new_privileges = false;
  service.user = "0:0";
  service.resources = {};
  service.volumes = {{"/srv/www", "/www"}};
  service.ports = {{"::1", 1, 1}, {"127.0.0.2", 2, 2}};
  const std::vector<std::string> expected = {"keeps the capability NET_BIND_SERVICE",
                                             "can write to its root file system",
                                             "may gain privileges (no_new_privileges is off)",
                                             "runs as root",
                                             "has no limit on memory",
                                             "mounts /srv/www of the host"};
  EXPECT_EQ(loosened(service), expected);
}

TEST(ServicesChecks, CyclesAreRefusedByName) {
  EXPECT_EQ(
      first(check_together({named("a", {{.service = "b"}}), named("b", {{.service = "c"}}), named("c", {{.service = "a"}})})),
      "services.a.depends_on.b: these wait for each other for ever: a -> b -> c -> a [dependency-cycle]");
  EXPECT_EQ(first(check_together({named("z", {{.service = "z"}})})),
            "services.z.depends_on.z: these wait for each other for ever: z -> z [dependency-cycle]");
  const auto inside =
      check_together({named("a", {{.service = "y"}}), named("x", {{.service = "y"}}), named("y", {{.service = "x"}})});
  ASSERT_EQ(inside.size(), 1u);
  EXPECT_EQ(inside[0].message, "these wait for each other for ever: x -> y -> x");
  EXPECT_TRUE(
      check_together({named("a", {{.service = "b"}, {.service = "c"}}), named("b", {{.service = "c"}}), named("c")}).empty());
}

TEST(ServicesChecks, ConditionsThatNeverComeTrueAreRefused) {
  ServiceSettings job = named("job");
  EXPECT_EQ(first(check_together({named("a", {{.service = "jop"}}), job})),
            "services.a.depends_on.jop: no service is called 'jop' [unknown-service]");
  EXPECT_EQ(check_together({named("a", {{.service = "jop"}}), job})[0].suggestion, "did you mean 'job'?");
  EXPECT_EQ(first(check_together({named("a", {{.service = "jop", .required = false}}), job})), "fine");
  EXPECT_EQ(first(check_together({named("a", {{.service = "job", .condition = Condition::kHealthy}}), job})),
            "services.a.depends_on.job: 'job' has no health check, so it is never healthy [no-health-check]");
  EXPECT_EQ(first(check_together({named("a", {{.service = "job", .condition = Condition::kCompleted}}), job})),
            "services.a.depends_on.job: 'job' is restarted whenever it ends, so it never completes [never-completes]");
  job.restart.policy = RestartPolicy::kOnFailure;
  EXPECT_EQ(first(check_together({named("a", {{.service = "job", .condition = Condition::kCompleted}}), job})), "fine");
}

TEST(ServicesChecks, APortHasOneOwner) {
  ServiceSettings a = named("a"), b = named("b");
  a.ports = {{.host = 9000, .container = 1}, {.host = 0, .container = 2}};
  b.ports = {{.host = 0, .container = 1}, {.host = 9000, .container = 2}};
  EXPECT_EQ(first(check_together({a, b})), "services.b.ports: port 9000 is published by 'a' already [duplicate-port]");
}

TEST(ServicesGraph, WavesGoFromDependenciesToDependants) {
  const Graph graph({named("web", {{.service = "api"}, {.service = "redis"}}),
                     named("api", {{.service = "postgres"}, {.service = "redis"}}), named("postgres"), named("redis"),
                     named("lone", {{.service = "absent", .required = false}})});
  const std::vector<std::vector<std::string>> expected = {{"lone", "postgres", "redis"}, {"api"}, {"web"}};
  EXPECT_EQ(graph.waves(), expected);
  ASSERT_EQ(graph.dependants("redis").size(), 2u);
  EXPECT_EQ(graph.dependants("redis")[0].from, "web");
  EXPECT_EQ(graph.dependencies("api")[1].to, "redis");
  EXPECT_TRUE(graph.dependencies("lone").empty());
  EXPECT_TRUE(graph.dependants("nobody").empty());
}

}  // namespace
}  // namespace gatehouse::services
