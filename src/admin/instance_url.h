// Endpoint URLs of registered instances.
#pragma once

#include <string_view>

#include "gatehouse/base/result.h"

namespace gatehouse::admin {

// http(s)://host[:port][/path][?query], visible ASCII, at most 2048 bytes. No user part (a URL is no place for a password)
// and no fragment. Slug "unprocessable".
Status check_instance_url(std::string_view url);

}  // namespace gatehouse::admin
