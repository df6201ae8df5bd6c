#include "key_text.h"

#include <charconv>

#include "gatehouse/base/encoding.h"

namespace gatehouse::access {

std::optional<KeyText> parse_key(std::string_view text) {
  if (!text.starts_with(kKeyPrefix)) return std::nullopt;
  text.remove_prefix(kKeyPrefix.size());
  if (text.empty() || text.front() < '1' || text.front() > '9') return std::nullopt;
  KeyText key;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), key.id);
  if (error != std::errc() || end == text.data() + text.size() || *end != '.') return std::nullopt;
  key.secret = text.substr(static_cast<std::size_t>(end - text.data()) + 1);
  if (key.secret.size() != kKeySecretChars || !decode_base64url(key.secret)) return std::nullopt;
  return key;
}

std::string key_text(std::int64_t id, std::string_view secret) {
  return std::string(kKeyPrefix) + std::to_string(id) + "." + std::string(secret);
}

}  // namespace gatehouse::access
