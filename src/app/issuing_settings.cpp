#include "issuing_settings.h"

#include <fstream>
#include <iterator>

#include "gatehouse/base/build.h"
#include "gatehouse/base/encoding.h"

namespace gatehouse::app {

namespace {

constexpr const char* kLetsEncrypt = "https://acme-v02.api.letsencrypt.org/directory";
constexpr const char* kLetsEncryptStaging = "https://acme-staging-v02.api.letsencrypt.org/directory";
constexpr std::chrono::seconds kTick{5};  // certificates may live for minutes

pki::KeyType key_type(const std::string& text) {
  return text == "rsa" ? pki::KeyType::kRsa : text == "ecdsa-p384" ? pki::KeyType::kEcdsaP384 : pki::KeyType::kEcdsaP256;
}

acme::Authority counterpart(const issuer::Settings& settings, const issuer::AuthorityChoice& choice, std::string directory) {
  acme::Authority made{.directory = std::move(directory)};
  if (!settings.email.empty()) made.contacts.push_back("mailto:" + settings.email);
  if (auto key = decode_base64url(choice.eab_hmac.reveal()); key && !choice.eab_kid.empty())
    made.external_account = acme::ExternalAccount{choice.eab_kid, Secret(*std::move(key))};
  return made;
}

issuer::AuthoritySettings authority(const issuer::Settings& settings, const issuer::AuthorityChoice& choice) {
  issuer::AuthoritySettings made;
  const bool lets_encrypt = choice.directory.empty();
  const std::string directory = !lets_encrypt ? choice.directory : settings.staging ? kLetsEncryptStaging : kLetsEncrypt;
  const std::string staging = !choice.staging_directory.empty() ? choice.staging_directory : lets_encrypt && !settings.staging ? kLetsEncryptStaging : "";
  made.production = counterpart(settings, choice, directory);
  if (!staging.empty()) made.staging = counterpart(settings, choice, staging);
  made.ca_file = choice.ca_bundle;
  made.profile = choice.profile;
  made.preferred_chain = choice.preferred_chain;
  return made;
}

net::Endpoint endpoint(const std::string& text) {
  const auto address = net::parse_address(text);
  const auto made = address ? net::to_endpoint(*address) : Result<net::Endpoint>(address.error());
  return made ? *made : net::Endpoint();  // the loader has checked it
}

std::optional<dns::Propagation> propagation(const issuer::Settings& settings) {
  if (settings.dns.resolvers.empty()) return std::nullopt;
  dns::Propagation made;
  for (const std::string& resolver : settings.dns.resolvers) made.resolvers.push_back(endpoint(resolver));
  return made;
}

}  // namespace

issuer::IssuerSettings issuer_settings(const issuer::Settings& settings) {
  issuer::IssuerSettings made;
  // The state directory is locked: no other process has this vault, and an interrupted order goes on at once.
  made.node = "daemon";
  made.user_agent = std::string("gatehouse/") + version();
  made.tick = kTick;
  for (const issuer::AuthorityChoice& choice : settings.in_order()) made.authorities.push_back(authority(settings, choice));
  for (const std::vector<std::string>& texts : settings.names) {
    auto names = pki::parse_names(texts);
    if (names) made.certificates.push_back({.names = *std::move(names), .key_type = key_type(settings.key_type), .keep_key = settings.keep_key});
  }
  return made;
}

issuer::CertificateSettings on_demand_settings(const issuer::Settings& settings) {
  return {.names = {}, .key_type = key_type(settings.key_type), .keep_key = settings.keep_key, .on_demand = true};
}

issuer::ProgramSettings program_settings(const issuer::Settings& settings) {
  issuer::ProgramSettings made{.argv = settings.dns.exec};
  made.propagation = propagation(settings);
  return made;
}

issuer::UpdateSettings update_settings(const issuer::Settings& settings) {
  issuer::UpdateSettings made{.server = endpoint(settings.dns.server), .key = {settings.dns.key_name, settings.dns.key}};
  made.zone = settings.dns.zone;
  made.propagation = propagation(settings);
  return made;
}

issuer::PersistSettings persist_settings(const issuer::Settings& settings) {
  auto how = propagation(settings);
  if (!how) {
    std::ifstream file("/etc/resolv.conf");
    const std::string text{std::istreambuf_iterator<char>(file), {}};
    how.emplace().resolvers = dns::parse_resolv_conf(text);
  }
  return {.propagation = *std::move(how), .issuer_domain = persist_issuer(settings)};
}

std::string persist_issuer(const issuer::Settings& settings) {
  const std::string directory = settings.in_order().front().directory;
  if (directory.empty()) return "letsencrypt.org";
  const std::string rest = directory.substr(std::string_view("https://").size());
  return rest.substr(0, rest.find_first_of(":/?#"));
}

}  // namespace gatehouse::app
