// Spec: a service as it is to run, everything resolved: which image exactly, which versions of secrets, which contents of
// files. Its fields are its one text form: what is compared, shown in a plan, hashed, and kept in a label of the container, so
// that whoever comes later (we after a restart, another version) can tell what differs without a file of its own.
//
//   {"command": "[\"redis-server\"]", "environment.TZ": "UTC", "image": "…", "volumes./data": "redis_data"}
//
// Only what differs from the default is there, so that a new setting does not change old texts. Not in it, because it changes
// nothing in the container: labels, order, dependencies, health (but for a command, which is kept in it), restart policy,
// replicas. Values of variables that look like secrets stand as a digest. Pure functions and values; any thread.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "gatehouse/base/result.h"
#include "gatehouse/services/settings.h"

namespace gatehouse::services {

using Fields = std::map<std::string, std::string, std::less<>>;

// What a spec needs to know from outside.
struct Facts {
  std::map<std::string, std::string, std::less<>> secret_versions;  // name → version, which changes with the value
  std::map<std::string, std::string, std::less<>> content_hashes;   // source of a File → hash of what is in it
};

struct Spec {
  ServiceSettings settings;
  std::string network;
  std::string image_digest;  // what the reference means
  Facts facts;               // of this service
  Fields fields;
  std::string hash;
};

// `image_digest` empty: not known yet. Slugs "secret-missing", "file-missing": a fact that the service needs is not there.
Result<Spec> resolve(const ServiceSettings& settings, const PodmanSettings& podman, const Facts& facts, std::string image_digest);

// "v1:" and 32 digits over all fields but `resources.`, which a running container can change.
std::string hash_of(const Fields& fields);
std::string_view hash_version(std::string_view hash);  // "v1"; empty: not one of ours

std::string fields_text(const Fields& fields);                // one JSON object
std::optional<Fields> parse_fields(std::string_view text);    // nothing: not what fields_text() writes; at most 64 KiB

// Names of what is made for a service.
std::string container_name(std::string_view project, std::string_view service, std::uint64_t generation, int replica);
std::string secret_name(std::string_view project, std::string_view secret, std::string_view version);

// What a container's labels say.
struct Labels {
  std::string project;
  std::string instance;  // which daemon made it
  std::string service;
  std::uint64_t generation = 0;
  int replica = 1;
  std::string hash;
  std::optional<Fields> fields;  // nothing: the label is missing or damaged
};
inline constexpr std::string_view kProjectLabel = "io.gatehouse.project";
std::map<std::string, std::string> make_labels(const Labels& labels);
std::optional<Labels> read_labels(const std::map<std::string, std::string>& labels);  // nothing: not a service of ours

// "0.5", "2": thousandths of a CPU.
std::string cpus_text(std::int64_t milli_cpus);

}  // namespace gatehouse::services
