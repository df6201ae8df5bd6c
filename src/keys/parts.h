// The parts of the table, and the checks of single texts that they use. Slug and message of an error are shown as they are.
#pragma once

#include "gatehouse/keys/table.h"

namespace gatehouse::keys {

std::span<const Key> core_keys();
std::span<const Key> access_keys();
std::span<const Key> edge_keys();
std::span<const Key> upstream_keys();
std::span<const Key> mcp_keys();
std::span<const Key> state_keys();
std::span<const Key> backup_keys();
std::span<const Key> certificate_keys();
std::span<const Key> service_keys();
std::span<const Key> service_care_keys();

std::string first_directory(const Environment& environment, const char* name);  // of systemd: STATE_DIRECTORY …

Status check_name(std::string_view text);           // [A-Za-z0-9_-]{1,64}
Status check_variable_name(std::string_view text);  // [A-Za-z_][A-Za-z0-9_]*
Status check_endpoint_path(std::string_view text);  // /segment/segment of name characters
Status check_host(std::string_view text);           // example.org, *.example.org, 127.0.0.1, ::1, [::1]
Status check_allowed_host(std::string_view text);   // the same, a port allowed
Status check_route_path(std::string_view text);     // in the form in which requests are matched
Status check_method(std::string_view text);
Status check_redirect(std::string_view text);
Status check_scope(std::string_view text);
Status check_field_value(std::string_view text);
Status check_server_url(std::string_view text);
Status check_origin(std::string_view text);
Status check_database_url(std::string_view text);
Status check_watched_host(std::string_view text);   // example.org:443
Status check_ask_url(std::string_view text);        // empty, or as check_server_url
Status check_directory_url(std::string_view text);
Status check_dns_server(std::string_view text);
Status check_email(std::string_view text);

}  // namespace gatehouse::keys
