// The fields of a service.
#pragma once

#include "gatehouse/services/spec.h"

namespace gatehouse::services {

inline constexpr std::string_view kResourcePrefix = "resources.";

// Expects every fact to be there.
Fields make_fields(const Spec& spec);
void add_resources(Fields& fields, const Resources& resources);

std::string digest(std::string_view text, std::size_t hex_digits);  // of SHA-256

}  // namespace gatehouse::services
