// Where certificates come from.
#include <filesystem>

#include "parts.h"

namespace gatehouse::keys {
namespace {

constexpr std::int64_t kSecond = 1000, kHour = 3600 * kSecond, kDay = 24 * kHour;

template <std::string issuer::Settings::*Member>
void set_text(Draft& draft, const Place&, const Value& value) {
  draft.out.acme.*Member = value.text;
}
template <std::string issuer::AuthorityChoice::*Member>
void set_own(Draft& draft, const Place&, const Value& value) {
  draft.out.acme.own.*Member = value.text;
}
template <std::string issuer::AuthorityChoice::*Member>
void set_listed(Draft& draft, const Place& place, const Value& value) {
  draft.authority(place).*Member = value.text;
}
template <std::string issuer::DnsSettings::*Member>
void set_dns_text(Draft& draft, const Place&, const Value& value) {
  draft.out.acme.dns.*Member = value.text;
}
template <std::chrono::seconds tls::CertificateSettings::*Member>
void set_duration(Draft& draft, const Place&, const Value& value) {
  draft.out.edge.certificates.*Member = std::chrono::seconds(value.number / kSecond);
}

void set_mode(Draft& draft, const Place&, const Value& value) {
  constexpr tls::CertificateMode kModes[] = {tls::CertificateMode::kManual, tls::CertificateMode::kAcme, tls::CertificateMode::kSelfSigned,
                                             tls::CertificateMode::kAuto};
  draft.out.edge.certificates.mode = kModes[value.number];
}

void set_names(Draft& draft, const Place& place, const Value& value) {
  auto& names = draft.out.acme.names;
  if (names.size() <= place.indices.at(0)) names.resize(place.indices.at(0) + 1);
  names[place.indices.at(0)] = value.list;
}

// A program named with a slash is relative to the configuration file; without one it is looked up in PATH.
void set_program(Draft& draft, const Place&, const Value& value) {
  auto& program = draft.out.acme.dns.exec;
  program = value.list;
  if (!program.empty() && program[0].find('/') != std::string::npos && program[0][0] != '/')
    program[0] = (std::filesystem::path(value.directory) / program[0]).lexically_normal().string();
}

const Key kKeys[] = {
    {.path = "certificates.mode",
     .type = Type::kEnum,
     .fallback = "auto",
     .help = "manual: the files. acme: certificates.acme, beside files when there are any. self_signed: made at start. auto: acme when names "
             "and an e-mail address are configured, and the files when there are any; with neither, self_signed",
     .apply = set_mode,
     .choices = "manual|acme|self_signed|auto"},
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
    {.path = "certificates.expiry_warning",
     .type = Type::kDuration,
     .fallback = "30d",
     .help = "How long before its end a certificate's state is WARNING; one that the daemon renews itself warns when a quarter of its "
             "lifetime is left, at the latest",
     .apply = set_duration<&tls::CertificateSettings::expiry_warning>,
     .min = kHour,
     .max = 3650 * kDay},
    {.path = "certificates.check_interval",
     .type = Type::kDuration,
     .fallback = "1m",
     .help = "How often files of certificates are looked at",
     .apply = set_duration<&tls::CertificateSettings::check_interval>,
     .min = kSecond,
     .max = kDay},
    {.path = "certificates.watch.hosts",
     .type = Type::kStrings,
     .fallback = "[]",
     .help = "Other servers, host and port, whose certificates are looked at: chain, name and days left",
     .apply = [](Draft& d, const Place&, const Value& v) { d.out.watch.hosts = v.list; },
     .max = 100,
     .check = check_watched_host},
    {.path = "certificates.watch.interval",
     .type = Type::kDuration,
     .fallback = "6h",
     .help = "How often; a server that does not answer is asked again after a minute",
     .apply = [](Draft& d, const Place&, const Value& v) { d.out.watch.interval = std::chrono::seconds(v.number / kSecond); },
     .min = kSecond,
     .max = 7 * kDay},
    {.path = "certificates.watch.ca_bundle",
     .type = Type::kPath,
     .fallback = "",
     .help = "PEM file: whom these servers must be trusted by; empty: the system's authorities",
     .apply = [](Draft& d, const Place&, const Value& v) { d.out.watch.ca_bundle = v.text; }},
    {.path = "certificates.acme.names[]",
     .type = Type::kStrings,
     .help = "Names and addresses of one certificate; names: [[a.test, www.a.test], [b.test]] is two",
     .apply = set_names,
     .min = 1,
     .max = 100},
    {.path = "certificates.acme.email",
     .type = Type::kString,
     .fallback = "",
     .help = "Whom the authority writes to. Getting certificates means agreeing to its terms of service",
     .apply = set_text<&issuer::Settings::email>,
     .check = check_email},
    {.path = "certificates.acme.directory",
     .type = Type::kString,
     .fallback = "",
     .help = "URL of the ACME directory; empty: Let's Encrypt",
     .apply = set_own<&issuer::AuthorityChoice::directory>,
     .check = check_directory_url},
    {.path = "certificates.acme.staging",
     .type = Type::kBoolean,
     .fallback = "false",
     .help = "Let's Encrypt's directory for trying out: generous limits, certificates that nobody trusts",
     .apply = [](Draft& d, const Place&, const Value& v) { d.out.acme.staging = v.number != 0; }},
    {.path = "certificates.acme.ca_bundle",
     .type = Type::kPath,
     .fallback = "",
     .help = "PEM file: whom to trust as the directory's own server; empty: the system's authorities",
     .apply = set_own<&issuer::AuthorityChoice::ca_bundle>},
    {.path = "certificates.acme.challenge",
     .type = Type::kStrings,
     .fallback = "[http-01, tls-alpn-01]",
     .help = "How names are proved, best first; one or a list. http-01: the authority comes to port 80. tls-alpn-01: to port 443. dns-01: a "
             "record that is made each time, also for wildcards. dns-persist-01: a record that a person makes once",
     .apply = [](Draft& d, const Place&, const Value& v) { d.out.acme.challenges = v.list; },
     .min = 1,
     .max = 4,
     .choices = "http-01|tls-alpn-01|dns-01|dns-persist-01"},
    {.path = "certificates.acme.profile",
     .type = Type::kString,
     .fallback = "",
     .help = "Profile of the authority: classic, tlsserver, shortlived; empty: its default",
     .apply = set_own<&issuer::AuthorityChoice::profile>},
    {.path = "certificates.acme.preferred_chain",
     .type = Type::kString,
     .fallback = "",
     .help = "Common name of the topmost issuer of the chain that is wanted; empty: the authority's default",
     .apply = set_own<&issuer::AuthorityChoice::preferred_chain>},
    {.path = "certificates.acme.key_type",
     .type = Type::kEnum,
     .fallback = "ecdsa-p256",
     .help = "Private keys of certificates; rsa has 2048 bits",
     .apply = set_text<&issuer::Settings::key_type>,
     .choices = "ecdsa-p256|ecdsa-p384|rsa"},
    {.path = "certificates.acme.keep_key",
     .type = Type::kBoolean,
     .fallback = "false",
     .help = "The same private key at each renewal, for clients that pin it; otherwise a fresh one",
     .apply = [](Draft& d, const Place&, const Value& v) { d.out.acme.keep_key = v.number != 0; }},
    {.path = "certificates.acme.eab.kid",
     .type = Type::kString,
     .fallback = "",
     .help = "External account binding: the key's identifier, as the authority gave it",
     .apply = set_own<&issuer::AuthorityChoice::eab_kid>},
    {.path = "certificates.acme.eab.hmac",
     .type = Type::kSecret,
     .fallback = "",
     .help = "External account binding: the key (base64url), as a reference",
     .apply = [](Draft& d, const Place&, const Value& v) { d.out.acme.own.eab_hmac = v.secret; },
     .sensitive = true},
    {.path = "certificates.acme.eab.hmac_file",
     .type = Type::kPath,
     .fallback = "",
     .help = "A file that holds it, instead of hmac",
     .apply = set_own<&issuer::AuthorityChoice::eab_hmac_file>},
    {.path = "certificates.acme.authorities[].directory",
     .type = Type::kString,
     .fallback = "",
     .help = "Several authorities, best first, instead of directory: the next one is asked when one gives no certificate. URL of the ACME "
             "directory; empty: Let's Encrypt",
     .apply = set_listed<&issuer::AuthorityChoice::directory>,
     .check = check_directory_url},
    {.path = "certificates.acme.authorities[].staging_directory",
     .type = Type::kString,
     .fallback = "",
     .help = "Its directory for trying out: asked first after a failed validation; of Let's Encrypt it is known",
     .apply = set_listed<&issuer::AuthorityChoice::staging_directory>,
     .check = check_directory_url},
    {.path = "certificates.acme.authorities[].ca_bundle",
     .type = Type::kPath,
     .fallback = "",
     .help = "PEM file: whom to trust as its server; empty: the system's authorities",
     .apply = set_listed<&issuer::AuthorityChoice::ca_bundle>},
    {.path = "certificates.acme.authorities[].profile",
     .type = Type::kString,
     .fallback = "",
     .help = "One of its profiles; empty: its default",
     .apply = set_listed<&issuer::AuthorityChoice::profile>},
    {.path = "certificates.acme.authorities[].preferred_chain",
     .type = Type::kString,
     .fallback = "",
     .help = "Common name of the topmost issuer of the chain that is wanted from it",
     .apply = set_listed<&issuer::AuthorityChoice::preferred_chain>},
    {.path = "certificates.acme.authorities[].eab.kid",
     .type = Type::kString,
     .fallback = "",
     .help = "External account binding with it: the key's identifier",
     .apply = set_listed<&issuer::AuthorityChoice::eab_kid>},
    {.path = "certificates.acme.authorities[].eab.hmac",
     .type = Type::kSecret,
     .fallback = "",
     .help = "The key (base64url), as a reference",
     .apply = [](Draft& d, const Place& p, const Value& v) { d.authority(p).eab_hmac = v.secret; },
     .sensitive = true},
    {.path = "certificates.acme.authorities[].eab.hmac_file",
     .type = Type::kPath,
     .fallback = "",
     .help = "A file that holds it, instead of hmac",
     .apply = set_listed<&issuer::AuthorityChoice::eab_hmac_file>},
    {.path = "certificates.acme.on_demand.allow",
     .type = Type::kStrings,
     .fallback = "[]",
     .help = "Names for which a certificate is ordered when a client asks for one: a.example.org, or *.example.org for one label below. Empty: "
             "for none",
     .apply = [](Draft& d, const Place&, const Value& v) { d.out.acme.on_demand.allow = v.list; },
     .max = 1000,
     .check = check_host},
    {.path = "certificates.acme.on_demand.ask",
     .type = Type::kString,
     .fallback = "",
     .help = "An http:// URL that must say 200 to GET with ?domain=NAME within 5 s before a name of the list is ordered",
     .apply = [](Draft& d, const Place&, const Value& v) { d.out.acme.on_demand.ask = v.text; },
     .check = check_ask_url},
    {.path = "certificates.acme.on_demand.max_names",
     .type = Type::kInteger,
     .fallback = "100",
     .help = "So many certificates on demand at most; more names are not ordered",
     .apply = [](Draft& d, const Place&, const Value& v) { d.out.acme.on_demand.max_names = static_cast<unsigned>(v.number); },
     .min = 1,
     .max = 10000},
    {.path = "certificates.acme.on_demand.per_hour",
     .type = Type::kInteger,
     .fallback = "20",
     .help = "So many new names in an hour at most",
     .apply = [](Draft& d, const Place&, const Value& v) { d.out.acme.on_demand.per_hour = static_cast<unsigned>(v.number); },
     .min = 1,
     .max = 10000},
    {.path = "certificates.acme.dns.exec",
     .type = Type::kStrings,
     .fallback = "[]",
     .help = "dns-01 by a program: it is called with present or cleanup, the record's name and its value behind its own arguments",
     .apply = set_program,
     .max = 64},
    {.path = "certificates.acme.dns.rfc2136.server",
     .type = Type::kString,
     .fallback = "",
     .help = "dns-01 by updates (RFC 2136): address and port of the server that takes them",
     .apply = set_dns_text<&issuer::DnsSettings::server>,
     .check = check_dns_server},
    {.path = "certificates.acme.dns.rfc2136.zone",
     .type = Type::kString,
     .fallback = "",
     .help = "The zone that holds the records; empty: the server is asked, and CNAMEs are followed",
     .apply = set_dns_text<&issuer::DnsSettings::zone>},
    {.path = "certificates.acme.dns.rfc2136.key_name",
     .type = Type::kString,
     .fallback = "",
     .help = "Name of the key that signs updates (TSIG, HMAC-SHA256)",
     .apply = set_dns_text<&issuer::DnsSettings::key_name>},
    {.path = "certificates.acme.dns.rfc2136.key_file",
     .type = Type::kPath,
     .fallback = "",
     .help = "File with that key: base64, or what tsig-keygen writes",
     .apply = set_dns_text<&issuer::DnsSettings::key_file>},
    {.path = "certificates.acme.dns.resolvers",
     .type = Type::kStrings,
     .fallback = "[]",
     .help = "DNS servers, address and port, to find out where records are looked up and to wait until they can be seen there. Empty: with "
             "exec the program waits itself, with rfc2136 the updated server is asked",
     .apply = [](Draft& d, const Place&, const Value& v) { d.out.acme.dns.resolvers = v.list; },
     .max = 8,
     .check = check_dns_server},
};

}  // namespace

std::span<const Key> certificate_keys() { return kKeys; }

}  // namespace gatehouse::keys
