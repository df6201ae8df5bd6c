// Rules about listeners, upstreams, certificates and secrets.
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "gatehouse/state/open.h"
#include "loader.h"

namespace gatehouse::config {
namespace {

void check_protocols(Context& context, edge::ListenerSettings& listener) {
  const auto h2 = std::find(listener.protocols.begin(), listener.protocols.end(), "h2");
  if (h2 == listener.protocols.end()) return;
  listener.protocols.erase(h2);
  const std::string path = "listeners." + listener.name + ".protocols";
  if (listener.protocols.empty())
    context.report.error(spot_at(context, path), path, "not-available", "h2 alone is not available in this version");
  else
    context.report.warning(spot_at(context, path), path, "h2-not-offered",
                           "h2 is not available in this version: only http/1.1 is offered");
}

void check_address(Context& context, edge::ListenerSettings& listener) {
  if (listener.address.is_unix) return;
  if (listener.address.host == "localhost") listener.address.host = "127.0.0.1";
  if (net::to_endpoint(listener.address).ok()) return;
  const std::string path = "listeners." + listener.name + ".address";
  Diagnostic& out = context.report.error(spot_at(context, path), path, "bad-address",
                                         "'" + listener.address.host + "' is a name: a listener needs an address");
  out.help = "127.0.0.1:PORT, [::1]:PORT, or :PORT for all interfaces";
}

void check_duplicate_addresses(Context& context, const std::vector<edge::ListenerSettings>& listeners) {
  for (std::size_t i = 0; i < listeners.size(); ++i) {
    for (std::size_t k = 0; k < i; ++k) {
      const bool same = listeners[i].address == listeners[k].address;
      if (!same || (listeners[i].address.port == 0 && !listeners[i].address.is_unix)) continue;
      const std::string path = "listeners." + listeners[i].name + ".address";
      context.report.error(spot_at(context, path), path, "duplicate-address",
                           listeners[i].address.to_string() + " is already the address of listeners." + listeners[k].name);
      break;
    }
  }
}


bool check_file(Context& context, const std::string& file, const std::string& path) {
  if (find_path(context.root, path) == nullptr) return false;  // missing-key
  if (!file.empty() && is_there(file)) return true;
  context.report.error(spot_at(context, path), path, "file-unreadable", file.empty() ? "no file is named" : "there is no file " + file);
  return false;
}

// What would stop the start, at the file that is to blame; a certificate that clients refuse does not.
void check_certificate(Context& context, const tls::CertificateFile& file, const std::string& path) {
  const bool chain = check_file(context, file.chain, path + ".chain");
  const bool key = check_file(context, file.key, path + ".key");
  if (!chain || !key || !context.options.check_certificate) return;
  const Status checked = context.options.check_certificate(file);
  if (checked) return;
  const Error& error = checked.error();
  const std::string where = path + (error.slug.starts_with("key-") ? ".key" : ".chain");
  const bool refused_by_clients = error.slug == "certificate-expired" || error.slug == "certificate-no-names";
  Diagnostic& out = refused_by_clients ? context.report.warning(spot_at(context, where), where, error.slug, error.message)
                                       : context.report.error(spot_at(context, where), where, error.slug, error.message);
  out.help = refused_by_clients ? "until it is replaced, a self-signed certificate is served for its names" : error.help;
}

constexpr std::array<std::string_view, 12> kKnownSecrets = {
    "change-this-in-production", "dev-key-to-be-changed", "admin", "admin123", "administrator", "password",
    "changeme", "change-me", "secret", "your-secret-key-here", "your-secret-key-change-in-production", "gatehouse"};

bool is_known_secret(std::string_view text) {
  if (std::find(kKnownSecrets.begin(), kKnownSecrets.end(), text) != kKnownSecrets.end()) return true;
  return text.find("change-this") != std::string_view::npos || text.find("changeme") != std::string_view::npos ||
         text.find("to-be-changed") != std::string_view::npos;
}

constexpr const char* kMakeSecret = "openssl rand -base64 48";
constexpr std::size_t kProductionPasswordBytes = 12;

}  // namespace

void check_production_secret(Context& context, const Secret& secret, const std::string& path, std::size_t least) {
  const Spot spot = spot_at(context, path);
  if (secret.empty()) return;
  if (is_known_secret(secret.reveal())) {
    context.report.error(spot, path, "default-secret", "this value is a published default: profile production needs its own")
        .help = kMakeSecret;
  } else if (secret.reveal().size() < least) {
    context.report.error(spot, path, "weak-secret", "has " + std::to_string(secret.reveal().size()) +
                         " characters: profile production needs at least " + std::to_string(least))
        .help = kMakeSecret;
  }
}

namespace {

// What a start refuses, whatever the profile.
void check_secret_size(Context& context, const Secret& secret, const std::string& path, std::size_t least, std::size_t most) {
  const std::size_t size = secret.reveal().size();
  if (secret.empty() || (size >= least && size <= most)) return;
  const std::string wanted = size < least ? "at least " + std::to_string(least) : "at most " + std::to_string(most);
  context.report.error(spot_at(context, path), path, "weak-secret", "has " + std::to_string(size) + " characters: " + wanted + " are needed")
      .help = kMakeSecret;
}

void check_production_secrets(Context& context, const Draft& draft) {
  const access::Settings& access = draft.out.access;
  check_production_secret(context, access.secret_key, "access.secret_key", access::kMinSecretBytes);
  check_production_secret(context, access.admin_password, "access.admin_password", kProductionPasswordBytes);
  const state::Settings& state = draft.out.state;
  check_production_secret(context, state::database_password(state.database_url), "state.database_url", kProductionPasswordBytes);
  check_production_secret(context, state.postgres.password, "state.postgres.password", kProductionPasswordBytes);
  check_production_secret(context, state.postgres.owner_password, "state.postgres.owner_password", kProductionPasswordBytes);
  if (!access.secret_key.empty() || !draft.out.values.contains("access.secret_key")) return;
  context.report.error(spot_at(context, "access.secret_key"), "access.secret_key", "missing-secret",
                       "profile production needs a secret key of at least 32 characters")
      .help = "secret_key: file:/etc/gatehouse/secret_key, made by openssl rand -base64 48";
}

}  // namespace

bool is_there(const std::string& file) {
  struct stat status {};
  return ::stat(file.c_str(), &status) == 0 || (errno != ENOENT && errno != ENOTDIR);
}

Spot spot_at(const Context& context, std::string_view path) {
  Path segments = split_path(path);
  while (!segments.empty()) {
    const Node* node = find_path(context.root, join_path(segments));
    if (node != nullptr && node->spot.source >= 0) return node->spot;
    segments.pop_back();
  }
  return context.root.spot;
}

std::vector<std::string> names_below(const Context& context, std::string_view path) {
  std::vector<std::string> out;
  if (const Node* node = find_path(context.root, path))
    for (const Member& member : node->members) out.push_back(member.key);
  return out;
}

void check_listeners(Context& context, Draft& draft) {
  auto& listeners = draft.out.edge.listeners;
  for (edge::ListenerSettings& listener : listeners) {
    const std::string path = "listeners." + listener.name;
    const bool section = find_path(context.root, path + ".tls") != nullptr;
    listener.tls = section || listener.name == "https";
    if (section && listener.name == "http")
      context.report.error(spot_at(context, path + ".tls"), path + ".tls", "conflict",
                           "the listener http speaks no TLS: give it another name, for example https");
    check_protocols(context, listener);
    check_address(context, listener);
  }
  check_duplicate_addresses(context, listeners);
  if (names_below(context, "listeners").empty() && !has_errors(context.report.diagnostics))
    context.report.warning(spot_at(context, "listeners"), "listeners", "no-listeners",
                           "nothing is listened on: name a listener, for example http: {address: 127.0.0.1:8080}");
}

void check_upstreams(Context& context, Draft& draft) {
  for (const upstream::GroupSettings& group : draft.out.upstreams) {
    for (std::size_t i = 0; i < group.servers.size(); ++i) {
      const std::string path = item_path("upstreams." + group.name + ".servers", i);
      const net::Address& address = group.servers[i].address;
      if (!address.is_unix && (address.host.empty() || address.port == 0) && draft.out.values.contains(path + ".address"))
        context.report.error(spot_at(context, path), path, "bad-address", "a server needs a host and a port");
      for (std::size_t k = 0; k < i; ++k)
        if (group.servers[k].address == address)
          context.report.error(spot_at(context, path), path, "duplicate-address",
                               address.to_string() + " is already in this upstream");
    }
  }
}

void check_certificates(Context& context, Draft& draft) {
  const tls::CertificateSettings& settings = draft.out.edge.certificates;
  const auto& listeners = draft.out.edge.listeners;
  const bool tls = std::any_of(listeners.begin(), listeners.end(), [](const auto& one) { return one.tls; });
  const bool files = find_path(context.root, "certificates.files") != nullptr;
  if (tls && settings.mode == tls::CertificateMode::kManual && !files)
    context.report.error(spot_at(context, "certificates.mode"), "certificates.files", "missing-key",
                         "mode manual needs at least one file: files: [{chain: c.pem, key: k.pem}]");
  if (files && settings.mode == tls::CertificateMode::kSelfSigned)
    context.report.error(spot_at(context, "certificates.files"), "certificates.files", "conflict",
                         "mode self_signed uses no files: choose manual or auto, or remove them");
  for (std::size_t i = 0; i < settings.files.size(); ++i)
    check_certificate(context, settings.files[i], item_path("certificates.files", i));
}

void check_access(Context& context, Draft& draft) {
  if (context.production) check_production_secrets(context, draft);
  const access::Settings& access = draft.out.access;
  const auto least = [&context](std::size_t bytes) { return context.production ? 0 : bytes; };
  check_secret_size(context, access.secret_key, "access.secret_key", least(access::kMinSecretBytes), std::string::npos);
  check_secret_size(context, access.admin_password, "access.admin_password", least(access::kMinPasswordBytes), access::kMaxPasswordBytes);
}

}  // namespace gatehouse::config
