// What is there, in the words of the supervisor.
#include "core.h"
#include "translate.h"

namespace gatehouse::engine {

using services::Container;
using supervisor::Answer;

podman::Labels Core::our_labels() const {
  return {{std::string(services::kProjectLabel), options_.project}, {"io.gatehouse.instance", options_.instance}};
}

Container Core::seen(const podman::Details& details) {
  Container out = container_of(details);
  if (out.status != services::Status::kRunning) processes_.erase(out.name);
  if (out.status == services::Status::kRunning) {
    processes_[out.name] = {out.id, out.pid};
    if (const auto groups = find_groups(options_.proc, options_.cgroup, out.pid, out.id)) {
      out.limits = limits_in(*groups);
      ends_.watch(out, *groups);
    }
  }
  out.out_of_memory = out.out_of_memory || ends_.out_of_memory(out);
  return out;
}

// A container may go between the list and the look at it.
runtime::Task<Result<std::vector<Container>>> Core::containers(std::string label) {
  std::vector<Container> out;
  auto listing = podman_.list(std::move(label));
  const auto listed = co_await listing;
  if (!listed) co_return listed.error();
  for (const podman::Listed& one : *listed) {
    auto looking = podman_.inspect(one.id);
    const auto details = co_await looking;
    if (details) out.push_back(seen(*details));
    else if (details.error().slug != "podman-not-found") co_return details.error();
  }
  co_return out;
}

Core::AnswerTask Core::inspect(const std::string& service) {
  auto looking = containers("io.gatehouse.service=" + service);
  auto found = co_await looking;
  if (!found) co_return failure(found.error());
  co_return Answer{.containers = std::move(*found)};
}

Core::AnswerTask Core::observe(const supervisor::Observe& what) {
  services::Observation out;
  auto looking = containers(project_label_);
  auto found = co_await looking;
  if (!found) co_return failure(found.error());
  out.containers = std::move(*found);
  std::set<std::string> ids;
  for (const Container& one : out.containers) ids.insert(one.id);
  ends_.keep_only(ids);
  std::erase_if(processes_, [&](const auto& one) { return !ids.contains(one.second.container); });
  auto filling = fill_shared(out, what.images);
  const Status filled = co_await filling;
  if (!filled) co_return failure(filled.error());
  co_return Answer{.observation = std::move(out)};
}

runtime::Task<Status> Core::fill_shared(services::Observation& out, const std::vector<std::string>& images) {
  const std::string key(services::kProjectLabel);
  const auto ours = [&](const podman::Labels& labels) {
    const auto found = labels.find(key);
    return found != labels.end() && found->second == options_.project;
  };
  const auto networks = co_await podman_.networks();
  if (!networks) co_return networks.error();
  for (const podman::NetworkInfo& one : *networks) out.networks.push_back({one.name, one.subnet, ours(one.labels)});
  const auto volumes = co_await podman_.volumes();
  if (!volumes) co_return volumes.error();
  out.volumes.insert(volumes->begin(), volumes->end());
  const auto secrets = co_await podman_.secrets();
  if (!secrets) co_return secrets.error();
  for (const std::string& name : *secrets) {
    if (!name.starts_with(options_.project + "-")) continue;
    const auto labels = co_await podman_.secret_labels(name);
    if (labels && ours(*labels)) out.secrets.insert(name);
  }
  for (const std::string& image : images) {
    const auto id = co_await podman_.image(image);
    if (id) out.images.emplace(image, *id);
    else if (id.error().slug != "podman-not-found") co_return id.error();
  }
  co_return Status();
}

}  // namespace gatehouse::engine
