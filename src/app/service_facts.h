// What specs of services need to know from outside: versions of secrets and hashes of files. A version is a keyed digest: labels
// carry it, and nobody can find a value by trying without the key. Blocking; any thread.
#pragma once

#include "gatehouse/base/secret.h"
#include "gatehouse/keys/configuration.h"
#include "gatehouse/services/spec.h"

namespace gatehouse::app {

services::Facts gather_facts(const keys::Configuration& configuration, const Secret& key);

// Of a file, or of all that is in a directory: names and contents. Empty: it cannot be read, or is larger than 16 MiB.
std::string content_hash(const std::string& path);

}  // namespace gatehouse::app
