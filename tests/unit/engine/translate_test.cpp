#include "translate.h"

#include <gtest/gtest.h>

#include "gatehouse/services/compare.h"
#include "gatehouse/services/known.h"

namespace gatehouse::engine {

namespace {

using services::Status;

services::Spec spec_of(services::ServiceSettings settings) {
  services::Facts facts;
  for (const auto& secret : settings.secrets) facts.secret_versions[secret.name] = "abc";
  for (const auto& file : settings.files) facts.content_hashes[file.source] = "def";
  auto spec = services::resolve(settings, {}, facts, "sha256:1");
  EXPECT_TRUE(spec);
  return *spec;
}

supervisor::Create create(services::ServiceSettings settings) {
  return {.name = "mcp-x-1-1", .labels = {{"a", "b"}}, .spec = std::make_shared<services::Spec>(spec_of(std::move(settings)))};
}

TEST(EngineTranslate, StatesOfPodmanAreStatesOfOurs) {
  const auto status = [](std::string text) { return container_of({.id = "a", .name = "b", .labels = {}, .status = std::move(text)}).status; };
  EXPECT_EQ(status("initialized"), Status::kCreated);
  EXPECT_EQ(status("running"), Status::kRunning);
  EXPECT_EQ(status("stopped"), Status::kExited) << "its process is gone, though Podman has not cleaned up";
  EXPECT_EQ(status("exited"), Status::kExited);
  EXPECT_EQ(status("stopping"), Status::kStopping);
  EXPECT_EQ(status("something new"), Status::kUnknown);
}

TEST(EngineTranslate, TheMissingRestartPolicyIsNo) {
  EXPECT_EQ(container_of({.id = "a", .name = "b", .labels = {}, .status = "running"}).restart_policy, "no");
}

TEST(EngineTranslate, PostgresIsMadeAsItIsDeclared) {
  const podman::Creation made = creation_of(create(services::default_service("postgres", services::Limits::kOn)), "mcp", "/generated");
  EXPECT_EQ(made.image, "docker.io/library/postgres:17-alpine");
  EXPECT_EQ(made.user, "70:70");
  EXPECT_EQ(made.network, "mcp_platform_network");
  EXPECT_EQ(made.aliases, std::vector<std::string>{"postgres"});
  EXPECT_EQ(made.secrets.at(0).name, "mcp-postgres_password-abc");
  EXPECT_EQ(made.secrets.at(0).target, "postgres_password");
  EXPECT_EQ(made.secrets.at(0).mode, 0400u);
  EXPECT_EQ(made.stop_signal, 2);
  EXPECT_EQ(made.stop_timeout, std::chrono::seconds(60));
  EXPECT_EQ(made.limits.memory, std::int64_t{2} << 30);
  EXPECT_EQ(made.limits.cpu_shares, 512);
  EXPECT_TRUE(made.read_only && made.no_new_privileges && made.cap_add.empty());
  EXPECT_TRUE(made.environment.at("POSTGRES_PASSWORD_FILE").starts_with("/run/secrets/"));
}

TEST(EngineTranslate, FilesOfOursComeFromTheirDirectory) {
  const podman::Creation made = creation_of(create(services::default_service("prometheus", services::Limits::kOn)), "mcp", "/generated");
  const auto found = std::find_if(made.mounts.begin(), made.mounts.end(), [](const auto& one) { return one.target == "/etc/prometheus"; });
  ASSERT_NE(found, made.mounts.end());
  EXPECT_EQ(found->source, "/generated/prometheus");
  EXPECT_TRUE(found->read_only);
}

// Else every look would tell a difference that is none.
TEST(EngineTranslate, WhatPodmanConfirmsOfADefaultServiceDiffersInNothing) {
  const services::Spec spec = spec_of(services::default_service("redis", services::Limits::kOn));
  podman::Details details{.id = "a", .name = "mcp-redis-1-1", .labels = {}, .status = "running"};
  details.labels = services::make_labels({"mcp", "me", "redis", 1, 1, spec.hash, spec.fields});
  details.networks = {{"mcp_platform_network", "10.89.0.2"}};
  details.user = "999:1000";
  details.read_only = details.no_new_privileges = true;
  details.shm_size = 64 * 1024 * 1024;
  EXPECT_TRUE(services::compare(spec, container_of(details), "mcp-redis-1-1").empty());
  details.read_only = false;
  const auto differences = services::compare(spec, container_of(details), "mcp-redis-1-1");
  ASSERT_EQ(differences.size(), 1u);
  EXPECT_EQ(differences[0].path, "read_only");
}

TEST(EngineTranslate, SignalsHaveNamesAndNumbers) {
  EXPECT_EQ(signal_number("SIGINT"), 2);
  EXPECT_EQ(signal_number("TERM"), 15);
  EXPECT_EQ(signal_number("9"), 9);
  for (const char* bad : {"", "SIGNOTHING", "0", "-1", "1000", "9x"}) EXPECT_EQ(signal_number(bad), 0) << bad;
}

TEST(EngineTranslate, ASecretStandsInItsFormat) {
  EXPECT_EQ(formatted("", Secret("pw")).reveal(), "pw");
  EXPECT_EQ(formatted("requirepass {}\n", Secret("p{}w")).reveal(), "requirepass p{}w\n");
  EXPECT_EQ(formatted("requirepass {quoted}\n", Secret("a \"b\" \\ {}\n")).reveal(), "requirepass \"a \\\"b\\\" \\\\ {}\\x0a\"\n");
}

TEST(EngineTranslate, FailuresSayWhetherSomethingMayHaveHappened) {
  using Kind = supervisor::Answer::Kind;
  const auto kind = [](std::string_view slug) { return failure(make_error(slug, "x")).kind; };
  EXPECT_EQ(kind("podman-not-found"), Kind::kNotFound);
  EXPECT_EQ(kind("podman-conflict"), Kind::kConflict);
  EXPECT_EQ(kind("podman-timeout"), Kind::kTimeout);
  EXPECT_EQ(kind("podman-lost"), Kind::kLost);
  EXPECT_EQ(kind("podman-bad-answer"), Kind::kLost);
  EXPECT_EQ(kind("podman-unreachable"), Kind::kLost);
  EXPECT_EQ(kind("podman-refused"), Kind::kRefused);
}

}  // namespace

}  // namespace gatehouse::engine
