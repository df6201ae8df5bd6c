// Profiles, workers, log, admin socket, metrics.
#include "parts.h"
#include "service_texts.h"

namespace gatehouse::keys {
namespace {

std::string admin_socket(const Environment& environment) {
  const std::string given = first_directory(environment, "RUNTIME_DIRECTORY");
  return given.empty() ? std::string() : given + "/admin.sock";  // else beside the database: rules.cpp
}

const Key kKeys[] = {
    {.path = "profile",
     .type = Type::kStrings,
     .fallback = "[]",
     .help = "What the daemon is used for; one or a list, --profile adds. production: secrets are required and strong, "
             "no child processes, two workers. development: secrets may stand in the file",
     .apply = [](Draft& d, const Place&, const Value& v) { d.out.profiles = v.list; },
     .choices = "development|production|gateway",
     .later = "monitoring|templates|platform",
     .restart = true},
    {.path = "workers",
     .type = Type::kInteger,
     .fallback = "1",
     .help = "Event loops, one thread each, that share the listening ports",
     .apply = [](Draft& d, const Place&, const Value& v) { d.out.workers = static_cast<std::uint32_t>(v.number); },
     .min = 1,
     .max = 256,
     .production = "2",
     .restart = true},
    {.path = "log.level",
     .type = Type::kEnum,
     .fallback = "info",
     .help = "The least level that is written",
     .apply = [](Draft& d, const Place&, const Value& v) { d.out.log.level = static_cast<log::Level>(v.number); },
     .choices = "trace|debug|info|warn|error|critical"},
    {.path = "log.format",
     .type = Type::kEnum,
     .fallback = "auto",
     .help = "auto: lines for people on a terminal, JSON otherwise",
     .apply = [](Draft& d, const Place&, const Value& v) { d.out.log.format = static_cast<log::Format>(v.number); },
     .choices = "auto|json|human"},
    {.path = "log.access",
     .type = Type::kBoolean,
     .fallback = "true",
     .help = "Whether requests are logged",
     .apply =
         [](Draft& d, const Place&, const Value& v) {
           d.out.log.access = v.number != 0;
           d.out.edge.access_log = v.number != 0;
         }},
    {.path = "admin.socket",
     .type = Type::kPath,
     .fallback = "",
     .help = "Unix socket of the command line; empty: none. Default: admin.sock in $RUNTIME_DIRECTORY, else in "
             "the state directory",
     .apply = [](Draft& d, const Place&, const Value& v) { d.out.admin_socket = v.text; },
     .computed = admin_socket,
     .restart = true},
    {.path = "metrics.compat",
     .type = Type::kBoolean,
     .fallback = "true",
     .help = "Also export the metric names of the earlier platform",
     .apply = [](Draft& d, const Place&, const Value& v) { d.out.metrics_compat = v.number != 0; },
     .restart = true},
    {.path = "metrics.allow",
     .type = Type::kCidrs,
     .fallback = "[]",
     .help = "Networks that may read /metrics on public listeners; loopback always may",
     .apply = [](Draft& d, const Place&, const Value& v) { d.out.edge.metrics_allow = v.cidrs; }},
};

const Section kSections[] = {
    {.path = "log", .help = "The application log on stdout"},
    {.path = "admin", .help = "How the command line reaches the daemon"},
    {.path = "metrics", .help = "/metrics"},
    {.path = "state", .help = "What the daemon keeps"},
    {.path = "state.postgres", .help = "What a PostgreSQL URL leaves out"},
    {.path = "backup", .help = "Copies of the state, and of supervised databases"},
    {.path = "backup.retention", .help = "Which backups are kept, after each good one"},
    {.path = "access", .help = "Users, keys, tokens"},
    {.path = "certificates", .help = "Where certificates come from"},
    {.path = "certificates.files", .help = "Certificates with mode manual, acme or auto, picked by the name asked for"},
    {.path = "certificates.watch", .help = "Certificates of other servers that are watched"},
    {.path = "certificates.acme", .help = "Certificates from an authority that speaks ACME (RFC 8555)"},
    {.path = "certificates.acme.names", .help = "Of the certificates, one list each"},
    {.path = "certificates.acme.eab", .help = "External account binding, for authorities that know their customers"},
    {.path = "certificates.acme.authorities", .help = "Several authorities, best first, each with what is its own"},
    {.path = "certificates.acme.authorities[].eab", .help = "External account binding with this one"},
    {.path = "certificates.acme.on_demand", .help = "Certificates for names that nobody listed one by one: ordered when a client asks for them"},
    {.path = "certificates.acme.dns", .help = "How records are made for dns-01: exec or rfc2136"},
    {.path = "listeners",
     .help = "What the daemon listens on, by name. A listener speaks TLS when it is called https or has a tls section",
     .name = check_name},
    {.path = "timeouts", .help = "Deadlines of client connections"},
    {.path = "limits", .help = "Limits on what clients may send"},
    {.path = "headers", .help = "Request header fields"},
    {.path = "upstreams", .help = "Groups of servers that routes send to, by name", .name = check_name},
    {.path = "upstreams.*.servers", .help = "Addresses, or mappings with address, weight, backup", .required = true},
    {.path = "upstreams.*.servers[]", .shorthand = "address"},
    {.path = "routes",
     .help = "Which requests go where. The order does not matter: exact before prefix, longer before shorter, host "
             "before no host. Each has one of to, respond, redirect, mcp"},
    {.path = "routes[].match", .help = "What the request must look like; all given parts must match"},
    {.path = "routes[].respond", .help = "A fixed answer", .optional = true},
    {.path = "mcp", .help = "Model Context Protocol. Every server is also served alone at /mcp/NAME"},
    {.path = "podman",
     .help = "Where containers run. With this section the profiles gateway and production run postgres and redis as well"},
    {.path = "services",
     .help = "Containers that are kept as declared, by name. postgres and redis have complete defaults",
     .name = check_service_name},
    {.path = "services.*.depends_on", .help = "What must run before, by name: {postgres: healthy}", .name = check_service_name},
    {.path = "services.*.depends_on.*", .shorthand = "condition"},
    {.path = "services.*.secrets", .help = "Files that hold secrets, by name", .name = check_name},
    {.path = "services.*.secrets.*", .shorthand = "reference"},
    {.path = "services.*.health", .help = "How it is asked whether it works"},
    {.path = "services.*.resources", .help = "Limits and reservations; read back from the kernel, and put right"},
    {.path = "services.*.restart", .help = "What follows its end"},
    {.path = "services.*.backup", .help = "What is kept of it: {database: jobs, user: jobs}", .shorthand = "kind"},
    {.path = "services.*.drift", .help = "What follows when somebody else changes the container"},
    {.path = "mcp.servers", .help = "MCP servers by name; each has url or command", .name = check_name},
    {.path = "mcp.endpoints", .help = "Paths that MCP clients connect to", .name = check_endpoint_path},
};

const Alias kAliases[] = {
    {"NGINX_HTTP_PORT", "listeners.http.address", Convert::kPort},
    {"NGINX_HTTPS_PORT", "listeners.https.address", Convert::kPort},
    {"GATEWAY_WORKERS", "workers"},
    {"GATEWAY_LOG_LEVEL", "log.level", Convert::kLogLevel},
    {"LOG_LEVEL", "log.level", Convert::kLogLevel},
    {"GATEWAY_SECRET_KEY", "access.secret_key"},
    {"GATEWAY_ADMIN_PASSWORD", "access.admin_password"},
    {"GATEWAY_DATABASE_URL", "state.database_url"},
    {"POSTGRES_HOST", "state.postgres.host"},
    {"POSTGRES_PORT", "state.postgres.port"},
    {"POSTGRES_DB", "state.postgres.database"},
    {"POSTGRES_USER", "state.postgres.user"},
    {"POSTGRES_PASSWORD", "state.postgres.password"},
    {"GATEWAY_CORS_ORIGINS", "mcp.allowed_origins", Convert::kOrigins},
    {"ALLOWED_HOSTS", "mcp.allowed_hosts"},
    {"SESSION_TIMEOUT", "mcp.session_idle", Convert::kSeconds},
    {"SSL_CERTIFICATE_MODE", "certificates.mode", Convert::kCertificateMode},
    {"SSL_CERT_PATH", "certificates.files[0].chain"},
    {"SSL_KEY_PATH", "certificates.files[0].key"},
    {"CERT_EXPIRY_WARNING_DAYS", "certificates.expiry_warning", Convert::kDays},
    {"LETSENCRYPT_EMAIL", "certificates.acme.email"},
    {"LETSENCRYPT_DOMAINS", "certificates.acme.names[0]"},
    {"LETSENCRYPT_STAGING", "certificates.acme.staging", Convert::kBoolean},
    {"TRUSTED_PROXIES", "trusted_proxies"},
    {"DB_BACKUP_SCHEDULE", "backup.schedule"},
    {"DB_BACKUP_KEEP_DAYS", "backup.retention.daily"},
    {"BACKUP_RETENTION_DAYS", "backup.retention.days"},
};

constexpr std::string_view kUnused[] = {
    "REDIS_URL", "GATEWAY_HOST", "GATEWAY_PORT", "GATEWAY_REGISTRY_FILE",
    "GATEWAY_TIMEOUT", "GATEWAY_UPSTREAM", "DOMAIN_NAME", "MCP_BACKEND_TYPE", "MCP_BACKEND", "MCP_NETWORK", "MCP_PLATFORM_NETWORK_NAME", "MCP_SUBNET",
    "MCP_LOG_LEVEL", "PROMETHEUS_PORT", "GRAFANA_PORT", "GRAFANA_ADMIN_PASSWORD", "GRAFANA_PLUGINS", "DEMO_PORT", "DEMO_HELLO_FROM",
    "DEMO_LOG_LEVEL", "FILESYSTEM_LOG_LEVEL", "FILESYSTEM_ALLOWED_DIRS", "FILESYSTEM_HOST_DIR",
    "BACKUP_S3_BUCKET", "RATE_LIMIT_PER_MINUTE", "RATE_LIMIT_BURST",
    "SESSION_SECURE_COOKIES", "MCP_STDIO_TIMEOUT"};

}  // namespace

std::span<const std::string_view> unused_variables() { return kUnused; }
// systemd names the directories it made; several are separated by colons.
std::string first_directory(const Environment& environment, const char* name) {
  const auto found = environment.find(name);
  return found == environment.end() ? "" : found->second.substr(0, found->second.find(':'));
}

std::span<const Key> core_keys() { return kKeys; }
std::span<const Section> sections() { return kSections; }
std::span<const Alias> aliases() { return kAliases; }

}  // namespace gatehouse::keys
