// From the edge's principal to the identity that Accounts knows.
#pragma once

#include <string_view>

#include "gatehouse/access/identity.h"
#include "gatehouse/http/exchange.h"

namespace gatehouse::admin {

// `authorization`: the field's value, already verified; the expiry of a token is read from it.
access::Identity identity_of(const http::Principal& principal, std::string_view authorization, runtime::WallTime now);

// An IPv6 address cut to its /64, so that one network counts as one client.
std::string throttle_client(std::string_view address);

}  // namespace gatehouse::admin
