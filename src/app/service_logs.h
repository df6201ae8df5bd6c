// ServiceLogs: what supervised containers write, as lines of the daemon's log: one follower for each container that runs. A line that
// is a JSON object has its level and message lifted. Each service has a bucket of lines; what does not fit is left out and counted.
//
// Errors: a stream that breaks is taken up again at the next follow(). Owner: Supervision. Thread: loop 0, but for dropped().
// Stop: destroy it.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>

#include "gatehouse/engine/usage.h"
#include "gatehouse/podman/client.h"

namespace gatehouse::app {

// A line as it is shown.
struct ShownLine {
  std::string level = "info";  // as in our own log
  std::string message;
  std::string fields;          // what else was in the object, as JSON; empty: nothing
  bool truncated = false;
};
ShownLine shown_line(const std::string& text);

class ServiceLogs {
 public:
  ServiceLogs(runtime::Loop& loop, podman::Client& podman) : loop_(loop), podman_(podman), since_(loop.clock().wall()) {}

  void follow(const std::map<std::string, engine::Process>& running);  // by service
  std::map<std::string, std::uint64_t> dropped() const;                // any thread

 private:
  struct Bucket {
    double tokens = 0;
    runtime::SteadyTime filled{};
  };
  static runtime::Task<void> read(ServiceLogs& self, std::string service, std::string container, runtime::WallTime since);
  void take(const std::string& service, const std::string& container, const podman::LogLine& line);
  bool fits(const std::string& service);

  runtime::Loop& loop_;
  podman::Client& podman_;
  const runtime::WallTime since_;                      // what was written before is an earlier daemon's
  std::set<std::string> followed_;                     // ids
  std::map<std::string, runtime::WallTime> heard_;     // by id: the last line
  std::map<std::string, Bucket> buckets_;
  mutable std::mutex mutex_;
  std::map<std::string, std::uint64_t> dropped_;
  runtime::TaskGroup tasks_;
};

}  // namespace gatehouse::app
