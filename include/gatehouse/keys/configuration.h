// The whole configuration as one value: the settings of every room. Filled along the table of keys (table.h).
// Owner: whoever loaded it; immutable afterwards by convention. No thread, nothing to stop.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "gatehouse/access/settings.h"
#include "gatehouse/backup/settings.h"
#include "gatehouse/base/log.h"
#include "gatehouse/base/secret.h"
#include "gatehouse/edge/settings.h"
#include "gatehouse/issuer/settings.h"
#include "gatehouse/mcp/settings.h"
#include "gatehouse/services/settings.h"
#include "gatehouse/state/settings.h"
#include "gatehouse/upstream/settings.h"

namespace gatehouse::keys {

struct Configuration {
  std::vector<std::string> profiles;  // as given, without duplicates
  std::uint32_t workers = 1;          // event loops
  log::Settings log;
  edge::Settings edge;
  issuer::Settings acme;
  issuer::WatchSettings watch;
  std::vector<upstream::GroupSettings> upstreams;
  mcp::Settings mcp;
  state::Settings state;
  backup::Settings backup;
  access::Settings access;
  services::Settings services;        // those that shall run: declared, of a profile, or needed by one of them
  bool supervised = false;            // `podman` or `services` is in the file
  std::map<std::string, Secret> service_secrets;  // values by name, of those that have one
  std::string admin_socket;           // path; empty: none
  bool metrics_compat = true;         // also the metric names of the earlier platform
  std::string file;                   // main file; empty: there was none
  std::map<std::string, Secret> values;  // every leaf in its canonical text; what config::diff() compares

  bool has_profile(std::string_view name) const;
};

}  // namespace gatehouse::keys
