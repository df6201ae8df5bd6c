// Rules about certificates by ACME.
#include <algorithm>
#include <set>

#include "gatehouse/base/encoding.h"
#include "gatehouse/pki/names.h"
#include "loader.h"

namespace gatehouse::config {
namespace {

constexpr const char* kAcme = "certificates.acme";

std::string below(std::string_view key) { return std::string(kAcme) + "." + std::string(key); }

Diagnostic& refuse(Context& context, const std::string& path, std::string slug, std::string message) {
  return context.report.error(spot_at(context, path), path, std::move(slug), std::move(message));
}

bool proves(const issuer::Settings& settings, std::string_view way) {
  return std::find(settings.challenges.begin(), settings.challenges.end(), way) != settings.challenges.end();
}
bool proves_by_records(const issuer::Settings& settings) { return proves(settings, "dns-01") || proves(settings, "dns-persist-01"); }

void check_way(Context& context, const issuer::Settings& settings, const pki::Names& names, const std::string& path) {
  const bool all_by_records = std::all_of(settings.challenges.begin(), settings.challenges.end(), [](const auto& way) { return way.starts_with("dns"); });
  for (const pki::Name& name : names) {
    if (name.wildcard() && !proves_by_records(settings))
      refuse(context, path, "conflict", "the wildcard '" + name.text + "' can only be proved by challenge dns-01 or dns-persist-01");
    if (name.is_ip && all_by_records)
      refuse(context, path, "conflict", "the address " + name.text + " cannot be proved by records: add challenge http-01 or tls-alpn-01");
  }
}

// Leaves the names in the spelling that certificates use.
void check_names(Context& context, issuer::Settings& settings) {
  std::set<std::string> first;
  for (std::size_t i = 0; i < settings.names.size(); ++i) {
    const std::string path = item_path(below("names"), i);
    if (settings.names[i].empty()) continue;  // reported where it stands
    const auto names = pki::parse_names(settings.names[i]);
    if (!names) {
      refuse(context, path, "bad-name", names.error().message).help = names.error().help;
      continue;
    }
    check_way(context, settings, *names, path);
    settings.names[i] = pki::texts_of(*names);
    if (!first.insert(settings.names[i].front()).second)
      refuse(context, path, "conflict", "another certificate begins with '" + settings.names[i].front() + "' too: its first name is what a certificate is called by");
  }
}

void check_listeners_of(Context& context, const issuer::Settings& settings, const std::vector<edge::ListenerSettings>& listeners) {
  const auto plain = [](const edge::ListenerSettings& one) { return !one.tls && !one.address.is_unix; };
  if (!proves(settings, "http-01")) return;
  if (std::none_of(listeners.begin(), listeners.end(), plain)) {
    if (settings.challenges.size() == 1)
      refuse(context, below("challenge"), "missing-listener", "http-01 needs a plain listener: the authority asks on port 80");
    return;
  }
  const bool at_80 = std::any_of(listeners.begin(), listeners.end(), [&](const auto& one) { return plain(one) && one.address.port == 80; });
  if (at_80 || settings.challenges.size() > 1) return;
  context.report.warning(spot_at(context, below("challenge")), below("challenge"), "port-80", "no plain listener has port 80, where the authority asks")
      .help = "forward port 80 of the public address to a plain listener";
}

// What tsig-keygen(8) writes, or the key alone.
std::optional<std::string> tsig_key(std::string_view text) {
  constexpr std::string_view kWord = "secret \"";
  if (const std::size_t at = text.find(kWord); at != std::string_view::npos) {
    text.remove_prefix(at + kWord.size());
    text = text.substr(0, text.find('"'));
  }
  auto key = decode_base64(text);
  return key && !key->empty() ? key : std::nullopt;
}

void check_dns(Context& context, issuer::Settings& settings) {
  issuer::DnsSettings& dns = settings.dns;
  const bool updates = !dns.server.empty();
  if (!dns.exec.empty() && updates) refuse(context, below("dns"), "conflict", "exec and rfc2136 exclude each other");
  if (proves(settings, "dns-01") && dns.exec.empty() && !updates)
    refuse(context, below("dns"), "missing-key", "challenge dns-01 needs dns.exec or dns.rfc2136");
  if (!updates) return;
  if (dns.key_name.empty() || dns.key_file.empty()) {
    refuse(context, below("dns.rfc2136"), "missing-key", "updates are signed: key_name and key_file are needed");
    return;
  }
  const auto text = read_secret_file(dns.key_file);
  if (!text) {
    refuse(context, below("dns.rfc2136.key_file"), text.error().slug, text.error().message).help = text.error().help;
    return;
  }
  if (auto key = tsig_key(text->reveal())) dns.key = Secret(*std::move(key));
  else refuse(context, below("dns.rfc2136.key_file"), "bad-value", dns.key_file + " holds no key in base64");
}

void check_external_account(Context& context, issuer::AuthorityChoice& authority, const std::string& path) {
  const bool inline_key = !authority.eab_hmac.empty();
  if (inline_key && !authority.eab_hmac_file.empty()) refuse(context, path, "conflict", "both hmac and hmac_file are set");
  if (!authority.eab_hmac_file.empty() && !inline_key) {
    auto key = read_secret_file(authority.eab_hmac_file);
    if (!key) {
      refuse(context, path + ".hmac_file", key.error().slug, key.error().message).help = key.error().help;
      return;
    }
    authority.eab_hmac = *std::move(key);
  }
  const bool references = find_path(context.root, path + ".hmac") != nullptr;  // one that failed is reported there
  if (authority.eab_kid.empty() == authority.eab_hmac.empty()) {
    if (!authority.eab_hmac.empty() && !decode_base64url(authority.eab_hmac.reveal()))
      refuse(context, path, "bad-value", "the key is not base64url, as an authority gives it");
  } else if (authority.eab_kid.empty() || !references) {
    refuse(context, path, "missing-key", "external account binding needs kid, and hmac or hmac_file");
  }
}

void check_authority(Context& context, issuer::AuthorityChoice& authority, const std::string& path) {
  check_external_account(context, authority, path + ".eab");
  if (!authority.ca_bundle.empty() && !is_there(authority.ca_bundle))
    refuse(context, path + ".ca_bundle", "file-unreadable", "there is no file " + authority.ca_bundle);
}

// One is described in place, several in a list: never both.
void check_authorities(Context& context, issuer::Settings& settings) {
  if (settings.authorities.empty()) return check_authority(context, settings.own, kAcme);
  for (const char* const key : {"directory", "staging", "ca_bundle", "profile", "preferred_chain", "eab"})
    if (find_path(context.root, below(key)) != nullptr)
      refuse(context, below(key), "conflict", "authorities has its own for each").help = "move it into the list";
  std::set<std::string> directories;
  for (std::size_t i = 0; i < settings.authorities.size(); ++i) {
    issuer::AuthorityChoice& authority = settings.authorities[i];
    const std::string path = item_path(below("authorities"), i);
    check_authority(context, authority, path);
    if (!directories.insert(authority.directory).second)
      refuse(context, path, "conflict", authority.directory.empty() ? "Let's Encrypt is there twice" : "the directory " + authority.directory + " is there twice");
  }
}

// `auto` needs a contact: what was left over in some file should not register an account.
bool enabled(const tls::CertificateSettings& certificates, const issuer::Settings& settings) {
  if (settings.names.empty() && settings.on_demand.allow.empty()) return false;
  return certificates.mode == tls::CertificateMode::kAcme || (certificates.mode == tls::CertificateMode::kAuto && !settings.email.empty());
}

}  // namespace

void check_acme(Context& context, Draft& draft) {
  if (const std::string& bundle = draft.out.watch.ca_bundle; !bundle.empty() && !is_there(bundle))
    refuse(context, "certificates.watch.ca_bundle", "file-unreadable", "there is no file " + bundle);
  issuer::Settings& settings = draft.out.acme;
  const tls::CertificateSettings& certificates = draft.out.edge.certificates;
  const bool wanted = certificates.mode == tls::CertificateMode::kAcme;
  if (wanted && settings.names.empty() && settings.on_demand.allow.empty() && find_path(context.root, below("names")) == nullptr)
    refuse(context, below("names"), "missing-key", "mode acme needs names: names: [[example.org, www.example.org]]");
  settings.enabled = enabled(certificates, settings);
  if (!settings.names.empty() && !settings.enabled && !wanted)
    context.report.warning(spot_at(context, below("names")), below("names"), "acme-unused",
                           certificates.mode == tls::CertificateMode::kAuto ? "no certificate is asked for: mode auto needs an e-mail address, too"
                                                                            : "no certificate is asked for: the mode is another one");
  if (settings.staging && !settings.own.directory.empty())
    refuse(context, below("staging"), "conflict", "staging is Let's Encrypt's, and directory names another authority");
  if (!settings.on_demand.ask.empty() && settings.on_demand.allow.empty())
    refuse(context, below("on_demand.ask"), "missing-key", "allow is needed, too: without a list anybody could have any name ordered").help = "allow: [\"*.customers.example.org\"]";
  check_names(context, settings);
  if (!settings.enabled) return;
  check_listeners_of(context, settings, draft.out.edge.listeners);
  check_dns(context, settings);
  check_authorities(context, settings);
}

}  // namespace gatehouse::config
