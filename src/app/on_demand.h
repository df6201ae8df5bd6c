// OnDemand: decides about names that clients ask for and no certificate has. A name must stand in the list; then, when a URL is
// configured, that must say yes; then there must be room: so many names in all, so many new ones in an hour. The handshake waits for
// nothing of this: the client gets what listeners.*.tls.unknown_names says, and the certificate when it comes again.
//
// What was decided is remembered: a refusal for ten minutes, trouble with the URL or no room for one, at most 1000 names.
// Owner: Issuing. Thread: loop 0, but asked() from any. Stop: stop(), on loop 0 or when it does not run.
#pragma once

#include <atomic>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>

#include "gatehouse/client/fetch.h"
#include "gatehouse/issuer/settings.h"
#include "gatehouse/metrics/metrics.h"
#include "gatehouse/runtime/task.h"

namespace gatehouse::app {

// Exactly, or by a wildcard of one label.
bool allows(const std::vector<std::string>& patterns, const std::string& name);

class OnDemand {
 public:
  struct Services {
    client::Network network;
    metrics::Registry& metrics;
    std::function<bool()> has_room;                  // for one name more
    std::function<void(const std::string&)> order;
  };
  explicit OnDemand(Services services);

  void use(issuer::OnDemandSettings settings);  // what was decided is forgotten
  void stop();

  void asked(const std::string& name);
  void postpone(const std::string& name, runtime::Duration pause);  // an order that failed

 private:
  void count(const char* result);
  void refuse(const std::string& name, const char* result, const std::string& reason, runtime::Duration pause);
  runtime::Task<void> decide(std::string name);
  runtime::Task<Result<bool>> ask(std::string name);
  bool hour_is_full();

  Services services_;
  std::atomic<bool> on_{false};
  mutable std::mutex mutex_;  // settings_, decided_
  issuer::OnDemandSettings settings_;
  std::map<std::string, runtime::SteadyTime> decided_;  // until when nothing is to be decided again
  std::deque<runtime::SteadyTime> ordered_;             // in the last hour
  std::unique_ptr<runtime::TaskGroup> group_;
};

}  // namespace gatehouse::app
