// Services and what the engine says of them, for tests.
#pragma once

#include <string>

#include "gatehouse/services/known.h"
#include "gatehouse/services/observed.h"
#include "gatehouse/services/plan.h"
#include "gatehouse/services/spec.h"

namespace gatehouse::services {

inline const PodmanSettings kPodman{};
inline const Identity kUs{"mcp", "node-1"};

inline Facts facts() {
  return {{{"postgres_password", "v1"}, {"redis_conf", "v7"}, {"grafana_password", "v1"}},
          {{"prometheus", "c0ffee"}, {"grafana/provisioning", "beef"}, {"grafana/dashboards", "cafe"}}};
}

inline Spec spec_of(const ServiceSettings& settings, const std::string& digest = "sha256:1") {
  return *resolve(settings, kPodman, facts(), digest);
}

inline ServiceSettings worker() {
  ServiceSettings out = default_service("worker", Limits::kOn);
  out.image = "docker.io/example/worker:1.4";
  out.environment = {{"MODE", "fast"}};
  out.resources = {1000, 512 << 20, 250, 128 << 20, 256};
  return out;
}

// As the engine shows what we made from the spec, running.
inline Container running(const Spec& spec, std::uint64_t generation = 1, const std::string& instance = "node-1") {
  Container out;
  const std::string& service = spec.settings.name;
  out.id = service + "-id-" + std::to_string(generation);
  out.name = container_name("mcp", service, generation, 1);
  out.labels = make_labels({"mcp", instance, service, generation, 1, spec.hash, spec.fields});
  out.status = Status::kRunning;
  out.networks = {{spec.network, "10.100.0.2"}};
  return out;
}

inline ObservedLimits limits_of(const Resources& r, std::int64_t shares) {
  return {r.milli_cpus, r.memory, shares, std::nullopt, r.reserve_memory, r.pids};
}

}  // namespace gatehouse::services
