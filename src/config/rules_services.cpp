// Rules about supervised containers: which of them run, and what they need.
#include <algorithm>

#include "gatehouse/services/checks.h"
#include "gatehouse/services/known.h"
#include "loader.h"

namespace gatehouse::config {
namespace {

using services::ServiceSettings;

void tell(Context& context, const services::Problem& problem) {
  Diagnostic& out = context.report.error(spot_at(context, problem.path), problem.path, problem.slug, problem.message);
  out.suggestion = problem.suggestion;
}

// A reservation that nobody wrote gives way to a limit that somebody did.
void fit_reservations(const Draft& draft, const std::string& name, services::Resources& resources) {
  const auto fit = [&](const char* key, std::int64_t& reserved, std::int64_t limit) {
    if (limit != 0 && !draft.out.values.contains("services." + name + ".resources." + key)) reserved = std::min(reserved, limit);
  };
  fit("reserve_cpus", resources.reserve_milli_cpus, resources.milli_cpus);
  fit("reserve_memory", resources.reserve_memory, resources.memory);
}

// One without a key in it was not met yet. In profile development there are no limits but those that somebody wrote.
void complete(const Context& context, Draft& draft) {
  for (const std::string& name : names_below(context, "services")) {
    if (!services::is_service_name(name)) continue;  // refused
    Place place;
    place.names.push_back(name);
    services::Resources& resources = draft.service(place).resources;
    fit_reservations(draft, name, resources);
    if (!context.development) continue;
    const auto drop = [&](const char* key, std::int64_t services::Resources::*member) {
      if (!draft.out.values.contains("services." + name + ".resources." + key)) resources.*member = 0;
    };
    drop("cpus", &services::Resources::milli_cpus);
    drop("memory", &services::Resources::memory);
    drop("reserve_cpus", &services::Resources::reserve_milli_cpus);
    drop("reserve_memory", &services::Resources::reserve_memory);
    drop("pids", &services::Resources::pids);
  }
}

bool is_generated(const ServiceSettings& service) {
  return std::any_of(service.files.begin(), service.files.end(), [](const services::File& file) { return file.generated; });
}

// What profiles ask for runs only beside a `podman` section: nobody gets containers who has not named Podman.
void choose(Context& context, Draft& draft) {
  const bool podman = find_path(context.root, "podman") != nullptr;
  const std::vector<ServiceSettings> declared = std::exchange(draft.out.services.services, {});
  auto selection = services::select(draft.out.profiles, declared);
  for (const services::Problem& problem : selection.problems)
    if (problem.slug != "unknown-service") tell(context, problem);  // told by check_together() as well
  for (services::Chosen& chosen : selection.services) {
    if (!podman && chosen.reason.starts_with("profile ")) continue;
    const std::string path = "services." + chosen.settings.name;
    const bool written = find_path(context.root, path) != nullptr;
    if (!is_generated(chosen.settings)) draft.out.services.services.push_back(std::move(chosen.settings));
    else if (written) context.report.error(spot_at(context, path), path, "not-available", "'" + path + "' is not available in this version");
  }
}

// Without a value a service cannot be made; the others can.
void resolve_secrets(Context& context, Draft& draft) {
  for (const ServiceSettings& service : draft.out.services.services) {
    for (const services::SecretFile& secret : service.secrets) {
      const std::string path = "services." + service.name + ".secrets." + secret.name;
      if (secret.reference.empty()) {
        context.report.error(spot_at(context, path), path, "missing-key", "the secret '" + secret.name + "' needs a reference");
        continue;
      }
      auto value = resolve_secret(context, secret.reference, context.directory);
      if (value) {
        if (context.production) check_production_secret(context, *value, path, 12);
        draft.out.service_secrets.insert_or_assign(secret.name, *std::move(value));
      } else if (context.production) {
        context.report.error(spot_at(context, path), path, "missing-secret", value.error().message).help = value.error().help;
      } else {
        context.report.warning(spot_at(context, path), path, "missing-secret",
                               value.error().message + ": " + service.name + " cannot be started");
      }
    }
  }
}

// POSTGRES_PASSWORD alone would put the state into a PostgreSQL on this machine: not when it is that of a service.
void keep_state_out(Context& context, Draft& draft) {
  const auto& all = draft.out.services.services;
  const bool postgres = std::any_of(all.begin(), all.end(), [](const ServiceSettings& one) { return one.name == "postgres"; });
  state::Settings& state = draft.out.state;
  if (!postgres || !state.database_url.empty() || !state.postgres.host.empty() || state.postgres.password.empty()) return;
  state.postgres.password = Secret();
  context.report.warning(spot_at(context, "state"), "state.postgres", "state-elsewhere",
                         "the password is that of the service postgres, and the state stays in SQLite: nothing names a host");
}

}  // namespace

void check_services(Context& context, Draft& draft) {
  draft.out.supervised = find_path(context.root, "podman") != nullptr || find_path(context.root, "services") != nullptr;
  if (!draft.out.supervised) return;
  complete(context, draft);
  choose(context, draft);
  keep_state_out(context, draft);
  for (const ServiceSettings& service : draft.out.services.services)
    for (const services::Problem& problem : services::check_service(service, draft.out.state.directory)) tell(context, problem);
  for (const services::Problem& problem : services::check_together(draft.out.services.services)) tell(context, problem);
  resolve_secrets(context, draft);
}

}  // namespace gatehouse::config
