// What supervision keeps in the state directory, services.json: who we are (labels of our containers say it), the key under which
// versions of secrets are made, and who wants which service stopped. Without it our containers are somebody else's.
//
// Errors: "state-unwritable", "services-damaged". Blocking: at the start, or on the offload pool. Values.
#pragma once

#include <map>
#include <string>

#include "gatehouse/base/result.h"
#include "gatehouse/base/secret.h"
#include "gatehouse/runtime/random.h"

namespace gatehouse::app {

struct ServiceMemory {
  std::string instance;
  Secret key;
  std::map<std::string, std::string> holds;  // service → who wants it stopped
};

Result<ServiceMemory> open_service_memory(const std::string& state_directory, runtime::Random& random);  // made when there is none
Status keep_service_memory(const std::string& state_directory, const ServiceMemory& memory);

}  // namespace gatehouse::app
