// Asking the daemon, as the verbs do it: over its socket, or over HTTPS with a key.
#pragma once

#include <chrono>
#include <string>

#include "cli_output.h"
#include "cli_verbs.h"
#include "gatehouse/base/secret.h"
#include "gatehouse/client/http.h"

namespace gatehouse::app {

Result<Secret> read_secret_file(const std::string& path);  // without the line end
Result<Secret> credential(const CliOptions& options);      // empty: the socket needs none

// How long to wait for an answer: --timeout, or what the verb needs.
std::chrono::milliseconds patience(const CliOptions& options, std::chrono::milliseconds otherwise);

Result<client::HttpAnswer> ask(const CliOptions& options, std::string method, const std::string& path, const Json& body = nullptr);

// Asks for JSON; on any failure it is printed and `code` set.
Json ask_json(const CliOptions& options, std::string method, const std::string& path, int& code, const Json& body = nullptr);

int fail(Error error, const CliOptions& options);          // prints it; the exit code
Error problem(const client::HttpAnswer& answer);           // what an answer says that is no success

std::string text_of(const Json& object, const char* key);  // "" when there is no such text
Json list_of(const Json& answer, const char* key);         // the list itself, or under `key` or "items"

}  // namespace gatehouse::app
