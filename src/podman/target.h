// Percent-encoding for a segment of a path or a value of a query (RFC 3986, section 2.3: unreserved characters stay).
#pragma once

#include <string>
#include <string_view>

namespace gatehouse::podman {

std::string encoded(std::string_view text);

}  // namespace gatehouse::podman
