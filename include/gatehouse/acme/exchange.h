// One request to a certificate authority and its answer, as values, and the header fields that the protocol uses.
// Sources: RFC 8555 sections 6 and 7, RFC 8288 (Link), RFC 9110 section 10.2.3 (Retry-After).
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gatehouse/runtime/clock.h"

namespace gatehouse::acme {

enum class Method : std::uint8_t { kGet, kHead, kPost };

struct Request {
  Method method = Method::kGet;
  std::string url;       // https, from the settings or from the authority's own documents
  std::string body{};    // kPost: a JWS, application/jose+json
  std::string accept{};  // empty: anything
};

inline constexpr std::size_t kMaxAnswer = 512 * 1024;  // bytes of a body; more is an error of the transport

struct Answer {
  int status = 0;
  std::vector<std::pair<std::string, std::string>> headers{};
  std::string body{};

  bool ok() const noexcept { return status >= 200 && status < 300; }
  std::string_view header(std::string_view name) const noexcept;  // case-insensitive, the first; empty when absent
};

// Empty when absent or no base64url (section 6.5.1 wants such a value ignored), or longer than 512 bytes.
std::string_view replay_nonce(const Answer& answer) noexcept;

// Seconds or a date; a date that has passed is zero, nothing is longer than a year. Absent or invalid: nothing.
std::optional<std::chrono::seconds> retry_after(const Answer& answer, runtime::WallTime now) noexcept;

// Targets of Link fields with this relation, https only, at most 16.
std::vector<std::string> links(const Answer& answer, std::string_view relation);

bool is_https_url(std::string_view text);  // and shorter than 2048 bytes

}  // namespace gatehouse::acme
