// Short texts for parts of a service, as in `volumes: [data:/data:ro]`. Pure functions. Slug "bad-value".
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "gatehouse/base/result.h"
#include "gatehouse/services/settings.h"

namespace gatehouse::keys {

Result<services::Volume> parse_volume(std::string_view text);  // source:/target[:ro]
Result<services::Tmpfs> parse_tmpfs(std::string_view text);    // /target[:SIZE]
Result<services::File> parse_file(std::string_view text);      // source:/target
Result<services::Port> parse_port(std::string_view text);      // [address:]host:container
Result<std::int64_t> parse_cpus(std::string_view text);        // "0.25": thousandths

std::optional<std::uint32_t> parse_mode(std::string_view text);  // "0440"

Status check_mode(std::string_view text);
Status check_podman_socket(std::string_view text);
Status check_subnet(std::string_view text);
Status check_service_name(std::string_view text);
Status check_secret_reference(std::string_view text);
Status check_signal(std::string_view text);

}  // namespace gatehouse::keys
