// JSON Web Tokens (RFC 7519) as JWS compact serialization (RFC 7515 7.1), the part that we issue and accept: HS256. The
// key carries its one algorithm; what the header says is compared with it and never chooses.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "crypto.h"
#include "gatehouse/base/result.h"
#include "gatehouse/runtime/clock.h"

namespace gatehouse::access {

inline constexpr std::size_t kMaxTokenBytes = 8192;
inline constexpr std::chrono::seconds kLeeway{30};  // clocks of several nodes

class Hs256Key {
 public:
  explicit Hs256Key(std::string_view key) : hmac_(key) {}
  std::string sign(std::string_view payload) const;
  // The payload, when header and signature are right. The header must be exactly {"alg":"HS256","typ":"JWT"}.
  Result<std::string> open(std::string_view token) const;

 private:
  HmacKey hmac_;
};

struct Claims {
  std::string issuer;
  std::string audience;
  std::string subject;           // username
  std::string token_id;
  std::int64_t user_id = 0;
  std::int64_t generation = 0;
  std::int64_t issued = 0;       // these three: seconds since 1970
  std::int64_t not_before = 0;
  std::int64_t expires = 0;
};

std::string to_json(const Claims& claims);
// All claims must be there with the right type; unknown ones, and names given twice, are refused.
Result<Claims> parse_claims(std::string_view payload);
Status check_claims(const Claims& claims, std::string_view issuer, runtime::WallTime now);

}  // namespace gatehouse::access
