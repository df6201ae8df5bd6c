#include "endpoints.h"

#include <array>
#include <optional>

namespace gatehouse::admin {

namespace {

using access::Scope;
using access::Scopes;

constexpr Scopes kNothing{};
constexpr Scopes kRead{Scope::kGatewayRead};
constexpr Scopes kWrite{Scope::kGatewayWrite};
constexpr Scopes kAdmin{Scope::kAdmin};

constexpr std::array kEndpoints{
    Endpoint{"GET", "/livez", Who::kAnybody, kNothing, Body::kNone, Where::kLoop, livez, "The process runs"},
    Endpoint{"GET", "/readyz", Who::kAnybody, kNothing, Body::kNone, Where::kPool, readyz, "Every module is ready"},
    Endpoint{"GET", "/health", Who::kAnybody, kNothing, Body::kNone, Where::kPool, health, "Health, with the database"},
    Endpoint{"GET", "/gateway/health", Who::kAnybody, kNothing, Body::kNone, Where::kPool, health, "The same as /health"},
    Endpoint{"GET", "/metrics", Who::kMetricsReader, kNothing, Body::kNone, Where::kPool, metrics_page,
             "Metrics for Prometheus"},
    Endpoint{"GET", "/gateway/metrics", Who::kMetricsReader, kNothing, Body::kNone, Where::kPool, metrics_page,
             "The same as /metrics"},
    Endpoint{"GET", "/.well-known/certificate-status", Who::kAnybody, kNothing, Body::kNone, Where::kPool, certificate_status,
             "The worst state of the certificates in use, and when the first of them expires"},
    Endpoint{"GET", "/openapi.json", Who::kAnybody, kNothing, Body::kNone, Where::kLoop, openapi, "This document"},
    Endpoint{"POST", "/auth/login", Who::kAnybody, kNothing, Body::kForm, Where::kHashing, login, "Password for a token"},
    Endpoint{"POST", "/auth/logout", Who::kKnown, kNothing, Body::kNone, Where::kPool, logout, "Revoke the token in use"},
    Endpoint{"GET", "/auth/users", Who::kKnown, kNothing, Body::kNone, Where::kPool, list_users,
             "Users; without gateway:write only oneself"},
    Endpoint{"POST", "/auth/users", Who::kScope, kWrite, Body::kJson, Where::kHashing, create_user, "Create a user"},
    Endpoint{"PATCH", "/auth/users/{id}", Who::kKnown, kNothing, Body::kJson, Where::kPool, update_user, "Change a user"},
    Endpoint{"DELETE", "/auth/users/{id}", Who::kKnown, kNothing, Body::kNone, Where::kPool, delete_user, "Remove a user"},
    Endpoint{"POST", "/auth/users/{id}/password", Who::kKnown, kNothing, Body::kJson, Where::kHashing, set_password,
             "Set a password; one's own needs the current one"},
    Endpoint{"GET", "/auth/api-keys", Who::kKnown, kNothing, Body::kNone, Where::kPool, list_keys, "List API keys"},
    Endpoint{"POST", "/auth/api-keys", Who::kScope, kWrite, Body::kJson, Where::kPool, create_key,
             "Create an API key; it is shown once"},
    Endpoint{"DELETE", "/auth/api-keys/{id}", Who::kKnown, kNothing, Body::kNone, Where::kPool, delete_key,
             "Revoke an API key"},
    Endpoint{"GET", "/gateway/stats", Who::kScope, kRead, Body::kNone, Where::kPool, stats, "Counters of the gateway"},
    Endpoint{"GET", "/gateway/registry", Who::kScope, kRead, Body::kNone, Where::kPool, registry, "Templates and instances"},
    Endpoint{"POST", "/gateway/registry/sync", Who::kScope, kWrite, Body::kNone, Where::kPool, sync_registry,
             "Read the database again"},
    Endpoint{"GET", "/gateway/templates", Who::kScope, kRead, Body::kNone, Where::kPool, list_templates, "Template names"},
    Endpoint{"POST", "/gateway/templates/{template}/instances", Who::kScope, kWrite, Body::kJson, Where::kPool, add_instance,
             "Register an instance that speaks HTTP"},
    Endpoint{"DELETE", "/gateway/templates/{template}/instances/{id}", Who::kScope, kWrite, Body::kNone, Where::kPool,
             remove_instance, "Remove an instance"},
    Endpoint{"GET", "/admin/status", Who::kScope, kAdmin, Body::kNone, Where::kPool, status, "Status of the daemon"},
    Endpoint{"GET", "/admin/plan", Who::kScope, kAdmin, Body::kNone, Where::kPool, plan,
             "What would be done now to supervised services, and why"},
    Endpoint{"POST", "/admin/reload", Who::kScope, kAdmin, Body::kNone, Where::kLater, nullptr, "Load the configuration again", reload},
    Endpoint{"GET", "/admin/certificates", Who::kScope, kAdmin, Body::kNone, Where::kPool, list_certificates,
             "Certificates in use, with what authorities said"},
    Endpoint{"GET", "/admin/certificates/{name}", Who::kScope, kAdmin, Body::kNone, Where::kPool, show_certificate,
             "One of them, by one of its names"},
    Endpoint{"POST", "/admin/certificates/{name}/issue", Who::kScope, kAdmin, Body::kNone, Where::kLater, nullptr,
             "Get a certificate that is not there yet, now", issue_certificate},
    Endpoint{"POST", "/admin/certificates/{name}/renew", Who::kScope, kAdmin, Body::kJson, Where::kLater, nullptr,
             "Renew it when that is due; with force, in any case", renew_certificate},
    Endpoint{"POST", "/admin/certificates/{name}/revoke", Who::kScope, kAdmin, Body::kJson, Where::kLater, nullptr,
             "Revoke it and get another", revoke_certificate},
    Endpoint{"POST", "/admin/certificates/{name}/import", Who::kScope, kAdmin, Body::kJson, Where::kLater, nullptr,
             "Take a certificate and its key from elsewhere", import_certificate},
    Endpoint{"GET", "/admin/certificates/{name}/dns-records", Who::kScope, kAdmin, Body::kNone, Where::kLater, nullptr,
             "Records that prove its names for good (dns-persist-01)", certificate_records},
    Endpoint{"GET", "/admin/backups", Who::kScope, kAdmin, Body::kNone, Where::kPool, list_backups, "Backups, the oldest first"},
    Endpoint{"POST", "/admin/backups", Who::kScope, kAdmin, Body::kJson, Where::kLater, nullptr, "Take a backup now", take_backup},
    Endpoint{"POST", "/admin/backups/drill", Who::kScope, kAdmin, Body::kJson, Where::kLater, nullptr,
             "Restore the newest backup elsewhere, look at it, throw it away", drill_backup},
    Endpoint{"POST", "/admin/backups/{id}/verify", Who::kScope, kAdmin, Body::kNone, Where::kLater, nullptr, "Is the file whole?",
             verify_backup},
    Endpoint{"POST", "/admin/backups/{id}/restore", Who::kScope, kAdmin, Body::kJson, Where::kLater, nullptr,
             "Put a backup beside what is in use, or in its place", restore_backup},
};

std::string_view first_part(std::string_view& rest) {
  const std::size_t slash = rest.find('/', 1);
  const std::string_view part = rest.substr(0, slash);
  rest.remove_prefix(part.size());
  return part;
}

std::optional<std::vector<std::string>> match_path(std::string_view pattern, std::string_view path) {
  std::vector<std::string> params;
  while (!pattern.empty() && !path.empty()) {
    const std::string_view wanted = first_part(pattern);
    const std::string_view given = first_part(path);
    if (wanted.starts_with("/{")) {
      if (given.size() < 2) return std::nullopt;
      params.emplace_back(given.substr(1));
    } else if (wanted != given) {
      return std::nullopt;
    }
  }
  if (!pattern.empty() || !path.empty()) return std::nullopt;
  return params;
}

}  // namespace

std::span<const Endpoint> endpoints() { return kEndpoints; }

Match find_endpoint(std::string_view method, std::string_view path) {
  static constexpr std::string_view kAlias = "/gateway";
  if (path.starts_with("/gateway/auth/")) path.remove_prefix(kAlias.size());
  Match match;
  for (const Endpoint& endpoint : kEndpoints) {
    auto params = match_path(endpoint.path, path);
    if (!params) continue;
    if (!match.allow.empty()) match.allow += ", ";
    match.allow += endpoint.method == "GET" ? "GET, HEAD" : endpoint.method;
    if (endpoint.method != method && !(method == "HEAD" && endpoint.method == "GET")) continue;
    match.endpoint = &endpoint;
    match.params = *std::move(params);
  }
  return match;
}

}  // namespace gatehouse::admin
