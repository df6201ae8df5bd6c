// What is made, as Podman's JSON. Built from typed values only. Pure functions.
#pragma once

#include <string>

#include "gatehouse/podman/types.h"

namespace gatehouse::podman {

std::string creation_json(const Creation& creation);
std::string limits_json(const Limits& limits);
std::string execution_json(const Execution& what);
std::string network_json(const std::string& name, const std::string& subnet, const Labels& labels);

}  // namespace gatehouse::podman
