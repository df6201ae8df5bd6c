// Between the words of the supervisor and those of Podman. Pure functions.
#pragma once

#include <string>

#include "gatehouse/base/result.h"
#include "gatehouse/base/secret.h"
#include "gatehouse/podman/types.h"
#include "gatehouse/services/observed.h"
#include "gatehouse/services/spec.h"
#include "gatehouse/supervisor/port.h"

namespace gatehouse::engine {

services::Container container_of(const podman::Details& details);  // without limits
podman::Creation creation_of(const supervisor::Create& what, const std::string& project, const std::string& generated);
podman::Limits limits_of(const services::Resources& resources);

// "SIGINT", "INT" or "2"; 0: not a signal.
int signal_number(std::string_view name);

// `format` with {} for the value; empty: the value.
Secret formatted(const std::string& format, const Secret& value);

supervisor::Answer answer_of(const Status& status);
supervisor::Answer failure(const Error& error);

}  // namespace gatehouse::engine
