// What of a text must not be shown again, judged by the raw text: it may be anything but well-formed. Pure functions.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace gatehouse::yaml {

// For each line whether a secret may stand in it: lines that speak of secrets, passwords, tokens or keys, or hold a URL with
// a user, and what is indented or bracketed below such a line or below `access` and `environment`.
std::vector<bool> secret_lines(std::string_view text);

// "http://user:word@host" as "http://***@host".
std::string without_passwords(std::string text);

}  // namespace gatehouse::yaml
