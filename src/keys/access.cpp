// Certificates, users, keys, tokens.
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
    {.path = "certificates.mode",
     .type = Type::kEnum,
     .fallback = "auto",
     .help = "manual: the files. self_signed: made at start. auto: the files when there are any, else self_signed",
     .apply = [](Draft& d, const Place&, const Value& v) {
       constexpr tls::CertificateMode kModes[] = {tls::CertificateMode::kManual, tls::CertificateMode::kSelfSigned,
                                                  tls::CertificateMode::kAuto};
       d.out.edge.certificates.mode = kModes[v.number];
     },
     .choices = "manual|self_signed|auto",
     .later = "acme"},
    {.path = "certificates.files[].chain",
     .type = Type::kPath,
     .help = "PEM file, the server's certificate first",
     .apply = [](Draft& d, const Place& p, const Value& v) { d.certificate(p).chain = v.text; },
     .required = true},
    {.path = "certificates.files[].key",
     .type = Type::kPath,
     .help = "PEM file of the private key; refused when everybody may read it",
     .apply = [](Draft& d, const Place& p, const Value& v) { d.certificate(p).key = v.text; },
     .required = true},
    {.path = "certificates.self_signed_names",
     .type = Type::kStrings,
     .fallback = "[localhost, 127.0.0.1, \"::1\"]",
     .help = "Names and addresses in a self-signed certificate",
     .apply = [](Draft& d, const Place&, const Value& v) { d.out.edge.certificates.self_signed_names = v.list; },
     .min = 1,
     .max = 100},
    {.path = "certificates.acme", .type = Type::kLater, .help = "Certificates from an ACME directory"},
};

}  // namespace

std::span<const Key> access_keys() { return kKeys; }

}  // namespace gatehouse::keys
