// Users, keys, tokens.
#include "parts.h"

namespace gatehouse::keys {
namespace {

const Key kKeys[] = {
    {.path = "access.secret_key",
     .type = Type::kSecret,
     .fallback = "",
     .help = "Signs tokens and indexes keys; a reference: file:/path, env:NAME or credential:NAME. Empty: made once and "
             "kept in the state directory. At least 32 characters. Profile production: required",
     .apply = [](Draft& d, const Place&, const Value& v) { d.out.access.secret_key = v.secret; },
     .min = 32,
     .restart = true,
     .sensitive = true},
    {.path = "access.admin_password",
     .type = Type::kSecret,
     .fallback = "",
     .help = "Of the first user, as a reference. Empty: random, printed once. At least 8 characters, profile production: 12",
     .apply = [](Draft& d, const Place&, const Value& v) { d.out.access.admin_password = v.secret; },
     .min = 12,
     .restart = true,
     .sensitive = true},
    {.path = "access.token_lifetime",
     .type = Type::kDuration,
     .fallback = "30m",
     .help = "How long a token from a login is valid",
     .apply = [](Draft& d, const Place&, const Value& v) {
       d.out.access.token_lifetime = std::chrono::seconds(v.number / 1000);
     },
     .min = 60'000,
     .max = 86'400'000,
     .restart = true},
    {.path = "access.key_lifetime",
     .type = Type::kDuration,
     .fallback = "30d",
     .help = "How long an API key is valid that names no expiry",
     .apply = [](Draft& d, const Place&, const Value& v) {
       d.out.access.key_lifetime = std::chrono::seconds(v.number / 1000);
     },
     .min = 3'600'000,
     .max = 3650LL * 86'400'000,
     .restart = true},
    {.path = "access.issuer",
     .type = Type::kString,
     .fallback = "gatehouse",
     .help = "The issuer named in tokens",
     .apply = [](Draft& d, const Place&, const Value& v) { d.out.access.issuer = v.text; },
     .restart = true},
    {.path = "access.argon2_memory",
     .type = Type::kSize,
     .fallback = "19MiB",
     .help = "Memory of one password check (Argon2id)",
     .apply = [](Draft& d, const Place&, const Value& v) {
       d.out.access.argon2_memory_kib = static_cast<std::uint32_t>(v.number / 1024);
     },
     .min = 7 * 1024 * 1024,
     .max = 1024 * 1024 * 1024,
     .restart = true},
    {.path = "access.argon2_passes",
     .type = Type::kInteger,
     .fallback = "2",
     .help = "Passes of one password check (Argon2id)",
     .apply = [](Draft& d, const Place&, const Value& v) {
       d.out.access.argon2_passes = static_cast<std::uint32_t>(v.number);
     },
     .min = 1,
     .max = 16,
     .restart = true},
};

}  // namespace

std::span<const Key> access_keys() { return kKeys; }

}  // namespace gatehouse::keys
