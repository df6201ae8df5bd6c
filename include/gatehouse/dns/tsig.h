// Transaction signatures of DNS messages (RFC 8945), HMAC-SHA256, sans-IO.
//
//   auto request = dns::sign(encoded, key, now);             // append the TSIG record
//   …send request->bytes, receive answer…
//   Status genuine = dns::verify(answer, key, request->mac, now);
//
// Errors: "dns-unsigned"; "dns-tsig" (another key, a wrong signature, a clock that differs by more than five minutes, or what the
// server said about ours: BADKEY, BADSIG, BADTIME). Pure functions; any thread.
#pragma once

#include <string>
#include <string_view>

#include "gatehouse/base/result.h"
#include "gatehouse/base/secret.h"
#include "gatehouse/runtime/clock.h"

namespace gatehouse::dns {

struct TsigKey {
  std::string name;
  Secret secret;  // bytes
};

struct Signed {
  std::string bytes;
  std::string mac;
};

Result<Signed> sign(std::string message, const TsigKey& key, runtime::WallTime now);
Status verify(std::string_view answer, const TsigKey& key, std::string_view request_mac, runtime::WallTime now);

}  // namespace gatehouse::dns
