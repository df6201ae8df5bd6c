#include "gatehouse/services/spec.h"

#include <charconv>

#include "fields.h"
#include "gatehouse/yaml/words.h"

namespace gatehouse::services {

namespace {

constexpr std::string_view kRole = "service";  // others who label (jobs, drills) have other roles

const std::string* find_label(const std::map<std::string, std::string>& labels, const std::string& name) {
  const auto found = labels.find("io.gatehouse." + name);
  return found == labels.end() ? nullptr : &found->second;
}

std::string label(const std::map<std::string, std::string>& labels, const std::string& name) {
  const std::string* found = find_label(labels, name);
  return found == nullptr ? "" : *found;
}

template <class Number>
Number number(std::string_view text) {
  Number value = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
  return parsed.ec == std::errc() && parsed.ptr == text.data() + text.size() ? value : Number(0);
}

}  // namespace

Result<Spec> resolve(const ServiceSettings& settings, const PodmanSettings& podman, const Facts& facts,
                     std::string image_digest) {
  Spec spec{settings, podman.network, std::move(image_digest), {}, {}, {}};
  for (const SecretFile& secret : settings.secrets) {
    const auto found = facts.secret_versions.find(secret.name);
    if (found == facts.secret_versions.end())
      return make_error("secret-missing", "the secret " + yaml::quoted(secret.name) + " has no value",
                        "it is taken from " + secret.reference);
    spec.facts.secret_versions.insert(*found);
  }
  for (const File& file : settings.files) {
    const auto found = facts.content_hashes.find(file.source);
    if (found == facts.content_hashes.end())
      return make_error("file-missing", "there is no " + yaml::quoted(file.source) + " to be mounted at " + file.target);
    spec.facts.content_hashes.insert(*found);
  }
  spec.fields = make_fields(spec);
  spec.hash = hash_of(spec.fields);
  return spec;
}

std::string container_name(std::string_view project, std::string_view service, std::uint64_t generation, int replica) {
  return std::string(project) + "-" + std::string(service) + "-" + std::to_string(generation) + "-" + std::to_string(replica);
}

std::string secret_name(std::string_view project, std::string_view secret, std::string_view version) {
  return std::string(project) + "-" + std::string(secret) + "-" + std::string(version);
}

std::map<std::string, std::string> make_labels(const Labels& labels) {
  return {{"io.gatehouse.role", std::string(kRole)},
          {std::string(kProjectLabel), labels.project},
          {"io.gatehouse.instance", labels.instance},
          {"io.gatehouse.service", labels.service},
          {"io.gatehouse.generation", std::to_string(labels.generation)},
          {"io.gatehouse.replica", std::to_string(labels.replica)},
          {"io.gatehouse.hash", labels.hash},
          {"io.gatehouse.spec", fields_text(labels.fields.value_or(Fields()))}};
}

std::optional<Labels> read_labels(const std::map<std::string, std::string>& labels) {
  Labels out;
  out.project = label(labels, "project");
  out.service = label(labels, "service");
  if (out.project.empty() || out.service.empty() || label(labels, "role") != kRole) return std::nullopt;
  out.instance = label(labels, "instance");
  out.generation = number<std::uint64_t>(label(labels, "generation"));
  out.replica = number<int>(label(labels, "replica"));
  out.hash = label(labels, "hash");
  if (const std::string* text = find_label(labels, "spec")) out.fields = parse_fields(*text);
  return out;
}

}  // namespace gatehouse::services
