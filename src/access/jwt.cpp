#include "jwt.h"

#include <nlohmann/json.hpp>
#include <optional>
#include <set>

#include "gatehouse/base/encoding.h"

namespace gatehouse::access {

namespace {

using Json = nlohmann::json;

constexpr std::string_view kHeader = R"({"alg":"HS256","typ":"JWT"})";
constexpr std::int64_t kLatest = 253402300799;  // end of the year 9999: no sum of times overflows

Error refused(const char* why) { return make_error("invalid-credentials", std::string("token refused: ") + why); }

// A flat JSON object: no name twice, no object or array inside.
std::optional<Json> parse_flat(std::string_view text) {
  std::set<std::string> names;
  bool flat = true;
  const auto look = [&](int depth, Json::parse_event_t event, Json& value) {
    if (event == Json::parse_event_t::key) flat = names.insert(value.get<std::string>()).second && flat;
    if (event == Json::parse_event_t::array_start) flat = false;
    if (event == Json::parse_event_t::object_start && depth > 0) flat = false;
    return true;
  };
  Json json = Json::parse(text.begin(), text.end(), look, /*allow_exceptions=*/false);
  if (!flat || !json.is_object()) return std::nullopt;
  return json;
}

struct Parts {
  std::string_view header, payload, signature, signed_text;
};

std::optional<Parts> split(std::string_view token) {
  const std::size_t first = token.find('.');
  if (first == std::string_view::npos) return std::nullopt;
  const std::size_t second = token.find('.', first + 1);
  if (second == std::string_view::npos || token.find('.', second + 1) != std::string_view::npos) return std::nullopt;
  return Parts{token.substr(0, first), token.substr(first + 1, second - first - 1), token.substr(second + 1),
               token.substr(0, second)};
}

// crit, kid, jku, jwk, x5u, b64 and everything else that could change the meaning: not ours, refused.
bool header_is_ours(std::string_view encoded) {
  const auto text = decode_base64url(encoded);
  if (!text) return false;
  const auto header = parse_flat(*text);
  return header && header->size() == 2 && header->contains("alg") && header->contains("typ") &&
         (*header)["alg"] == "HS256" && (*header)["typ"] == "JWT";
}

struct TextClaim {
  const char* name;
  std::string Claims::* member;
};
struct NumberClaim {
  const char* name;
  std::int64_t Claims::* member;
};
constexpr TextClaim kTexts[] = {
    {"iss", &Claims::issuer}, {"aud", &Claims::audience}, {"sub", &Claims::subject}, {"jti", &Claims::token_id}};
constexpr NumberClaim kNumbers[] = {{"uid", &Claims::user_id},
                                    {"gen", &Claims::generation},
                                    {"iat", &Claims::issued},
                                    {"nbf", &Claims::not_before},
                                    {"exp", &Claims::expires}};

std::optional<std::int64_t> whole_number(const Json& value) {
  if (!value.is_number_unsigned() || value.get<std::uint64_t>() > static_cast<std::uint64_t>(kLatest)) return std::nullopt;
  return value.get<std::int64_t>();
}

}  // namespace

std::string Hs256Key::sign(std::string_view payload) const {
  const std::string token = encode_base64url(kHeader) + "." + encode_base64url(payload);
  return token + "." + encode_base64url(hmac_.sign(token));
}

Result<std::string> Hs256Key::open(std::string_view token) const {
  if (token.size() > kMaxTokenBytes) return refused("longer than 8192 bytes");
  const auto parts = split(token);
  if (!parts) return refused("not three parts");
  if (!header_is_ours(parts->header)) return refused("header is not that of HS256");
  const auto signature = decode_base64url(parts->signature);
  if (!signature || !equal_constant_time(*signature, as_text(hmac_.sign(parts->signed_text)))) {
    return refused("signature is wrong");
  }
  auto payload = decode_base64url(parts->payload);
  if (!payload) return refused("payload is not base64url");
  return *std::move(payload);
}

std::string to_json(const Claims& claims) {
  Json json = Json::object();
  for (const TextClaim& claim : kTexts) json[claim.name] = claims.*claim.member;
  for (const NumberClaim& claim : kNumbers) json[claim.name] = claims.*claim.member;
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Result<Claims> parse_claims(std::string_view payload) {
  const auto json = parse_flat(payload);
  if (!json) return refused("claims are not a flat JSON object with each name once");
  if (json->size() != std::size(kTexts) + std::size(kNumbers)) return refused("claims are not those of an access token");
  Claims claims;
  for (const TextClaim& claim : kTexts) {
    const auto found = json->find(claim.name);
    if (found == json->end() || !found->is_string()) return refused("claims are not those of an access token");
    claims.*claim.member = found->get<std::string>();
  }
  for (const NumberClaim& claim : kNumbers) {
    const auto found = json->find(claim.name);
    const auto number = found == json->end() ? std::nullopt : whole_number(*found);
    if (!number) return refused("claims are not those of an access token");
    claims.*claim.member = *number;
  }
  return claims;
}

Status check_claims(const Claims& claims, std::string_view issuer, runtime::WallTime now) {
  const std::int64_t seconds = std::chrono::floor<std::chrono::seconds>(now).time_since_epoch().count();
  if (claims.issuer != issuer) return refused("issued by somebody else");
  if (claims.audience != issuer) return refused("meant for somebody else");
  if (claims.expires <= seconds - kLeeway.count()) return refused("expired");
  if (claims.not_before > seconds + kLeeway.count()) return refused("not valid yet");
  if (claims.issued > seconds + kLeeway.count()) return refused("issued in the future");
  return {};
}

}  // namespace gatehouse::access
