// What both sides of TLS have in common: versions, suites, groups, modes.
#pragma once

#include <openssl/ssl.h>

#include <string>
#include <vector>

#include "gatehouse/base/result.h"
#include "gatehouse/tls/settings.h"

namespace gatehouse::tls {

bool apply_policy(SSL_CTX* context, Policy policy, bool& post_quantum);
void apply_modes(SSL_CTX* context, bool tickets);
Result<std::string> alpn_wire(const std::vector<std::string>& protocols);  // RFC 7301 3.1

}  // namespace gatehouse::tls
