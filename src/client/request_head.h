// A request's head as bytes; sans-IO.
#pragma once

#include <string>

#include "gatehouse/client/fetch.h"

namespace gatehouse::client {

std::string name_of(const Peer& peer);      // in messages: "a.test:80", "/run/x.sock"
Status check_request(const Request& request);  // slug "bad-request"
std::string request_head(const Request& request);

}  // namespace gatehouse::client
