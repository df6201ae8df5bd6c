// Podman, and supervised containers: what they are made of. How they are kept is in services_care.cpp. A known service has its own
// defaults (services/known.h), so that most keys have none here.
#include "gatehouse/services/settings.h"

#include "parts.h"
#include "service_texts.h"

namespace gatehouse::keys {
namespace {

using services::ServiceSettings;

constexpr std::int64_t kGiB = 1024 * 1024 * 1024;

template <std::string ServiceSettings::*Member>
void set_text(Draft& draft, const Place& place, const Value& value) {
  draft.service(place).*Member = value.text;
}
template <std::vector<std::string> ServiceSettings::*Member>
void set_list(Draft& draft, const Place& place, const Value& value) {
  draft.service(place).*Member = value.list;
}
template <bool ServiceSettings::*Member>
void set_flag(Draft& draft, const Place& place, const Value& value) {
  draft.service(place).*Member = value.number != 0;
}
template <class Item, std::vector<Item> ServiceSettings::*Member, Result<Item> (*Parse)(std::string_view)>
void set_items(Draft& draft, const Place& place, const Value& value) {
  auto& items = draft.service(place).*Member;
  items.clear();
  for (const std::string& text : value.list)
    if (auto item = Parse(text)) items.push_back(*std::move(item));
}
template <class Item, Result<Item> (*Parse)(std::string_view)>
Status checked(std::string_view text) {
  auto item = Parse(text);
  return item ? Status() : Status(std::move(item).error());
}

void set_files(Draft& draft, const Place& place, const Value& value) {
  auto& files = draft.service(place).files;
  files.clear();
  for (const std::string& text : value.list)
    if (auto file = parse_file(text)) {
      if (!file->source.starts_with('/')) file->source = value.directory + "/" + file->source;
      files.push_back(*std::move(file));
    }
}

const Key kKeys[] = {
    {.path = "podman.socket",
     .type = Type::kString,
     .fallback = "unix:///run/podman/podman.sock",
     .help = "Podman's API: unix:///path. Whoever may write to it is root",
     .apply = [](Draft& d, const Place&, const Value& v) { d.out.services.podman.socket = v.text; },
     .check = check_podman_socket,
     .restart = true},
    {.path = "podman.network",
     .type = Type::kString,
     .fallback = "mcp_platform_network",
     .help = "The network of all services; it is made when there is none of that name",
     .apply = [](Draft& d, const Place&, const Value& v) { d.out.services.podman.network = v.text; },
     .check = check_name,
     .restart = true},
    {.path = "podman.subnet",
     .type = Type::kString,
     .fallback = "",
     .help = "Its addresses, like 10.90.0.0/24; Podman refuses one that overlaps with another. Empty: any free one",
     .apply = [](Draft& d, const Place&, const Value& v) { d.out.services.podman.subnet = v.text; },
     .check = check_subnet,
     .restart = true},
    {.path = "podman.project",
     .type = Type::kString,
     .fallback = "mcp",
     .help = "In the names and labels of everything that is made",
     .apply = [](Draft& d, const Place&, const Value& v) { d.out.services.podman.project = v.text; },
     .check = check_service_name,
     .restart = true},
    {.path = "services.*.image",
     .type = Type::kString,
     .help = "Reference with a tag or a digest. Known services (postgres, redis) have one",
     .apply = set_text<&ServiceSettings::image>},
    {.path = "services.*.pull",
     .type = Type::kEnum,
     .fallback = "missing",
     .help = "missing: when the image is not there. newer: the registry is asked at the start, and a new image is put to use",
     .apply = [](Draft& d, const Place& p, const Value& v) { d.service(p).pull = static_cast<services::Pull>(v.number); },
     .choices = "missing|newer|never"},
    {.path = "services.*.profiles",
     .type = Type::kStrings,
     .help = "Runs only when one of these profiles is active; empty: always",
     .apply = set_list<&ServiceSettings::profiles>},
    {.path = "services.*.entrypoint",
     .type = Type::kStrings,
     .help = "Instead of the image's",
     .apply = set_list<&ServiceSettings::entrypoint>,
     .min = 0,
     .max = 256},
    {.path = "services.*.command",
     .type = Type::kStrings,
     .help = "Instead of the image's",
     .apply = set_list<&ServiceSettings::command>,
     .min = 0,
     .max = 256},
    {.path = "services.*.environment",
     .type = Type::kMap,
     .help = "Variables, besides those of a known service; never shown. Secrets belong into secrets",
     .apply =
         [](Draft& d, const Place& p, const Value& v) {
           for (const auto& [name, text] : v.map) d.service(p).environment[name] = text;
         },
     .check = check_variable_name,
     .sensitive = true},
    {.path = "services.*.user",
     .type = Type::kString,
     .help = "user or user:group, by number or by a name in the image; empty: the image's",
     .apply = set_text<&ServiceSettings::user>},
    {.path = "services.*.work_dir",
     .type = Type::kString,
     .help = "Working directory; empty: the image's",
     .apply = set_text<&ServiceSettings::work_dir>},
    {.path = "services.*.volumes",
     .type = Type::kStrings,
     .help = "name:/path or /host/path:/path, with :ro for reading only. Named volumes are made, and never removed",
     .apply = set_items<services::Volume, &ServiceSettings::volumes, parse_volume>,
     .check = checked<services::Volume, parse_volume>},
    {.path = "services.*.tmpfs",
     .type = Type::kStrings,
     .help = "Directories in memory, /path or /path:SIZE. Default: /tmp, 16MiB",
     .apply = set_items<services::Tmpfs, &ServiceSettings::tmpfs, parse_tmpfs>,
     .check = checked<services::Tmpfs, parse_tmpfs>},
    {.path = "services.*.files",
     .type = Type::kStrings,
     .help = "Files and directories of the host, source:/path, mounted for reading. Other contents, another container",
     .apply = set_files,
     .check = checked<services::File, parse_file>},
    {.path = "services.*.secrets.*.reference",
     .type = Type::kString,
     .help = "Where the value comes from: file:/path, env:NAME, credential:NAME",
     .apply = [](Draft& d, const Place& p, const Value& v) { d.service_secret(p).reference = v.text; },
     .check = check_secret_reference},
    {.path = "services.*.secrets.*.target",
     .type = Type::kString,
     .help = "The file in the container. Default: /run/secrets/NAME",
     .apply = [](Draft& d, const Place& p, const Value& v) { d.service_secret(p).target = v.text; }},
    {.path = "services.*.secrets.*.format",
     .type = Type::kString,
     .help = "What is in the file, with {} for the value, or {quoted} for it in double quotes; empty: the value",
     .apply = [](Draft& d, const Place& p, const Value& v) { d.service_secret(p).format = v.text; }},
    {.path = "services.*.secrets.*.uid",
     .type = Type::kInteger,
     .help = "Who owns the file",
     .apply = [](Draft& d, const Place& p, const Value& v) { d.service_secret(p).uid = static_cast<std::uint32_t>(v.number); },
     .min = 0,
     .max = 1 << 30},
    {.path = "services.*.secrets.*.gid",
     .type = Type::kInteger,
     .help = "Its group",
     .apply = [](Draft& d, const Place& p, const Value& v) { d.service_secret(p).gid = static_cast<std::uint32_t>(v.number); },
     .min = 0,
     .max = 1 << 30},
    {.path = "services.*.secrets.*.mode",
     .type = Type::kString,
     .help = "Its permissions, in octal. Default: 0400",
     .apply = [](Draft& d, const Place& p, const Value& v) { d.service_secret(p).mode = parse_mode(v.text).value_or(0400); },
     .check = check_mode},
    {.path = "services.*.ports",
     .type = Type::kStrings,
     .help = "[address:]host:container; without an address on 127.0.0.1",
     .apply = set_items<services::Port, &ServiceSettings::ports, parse_port>,
     .check = checked<services::Port, parse_port>},
    {.path = "services.*.aliases",
     .type = Type::kStrings,
     .help = "More names in the network; its own always exists",
     .apply = set_list<&ServiceSettings::aliases>,
     .check = check_name},
    {.path = "services.*.cap_add",
     .type = Type::kStrings,
     .help = "Capabilities that it keeps; all others are dropped",
     .apply = set_list<&ServiceSettings::cap_add>,
     .check = check_variable_name},
    {.path = "services.*.read_only",
     .type = Type::kBoolean,
     .help = "Whether its root file system is. Default: true",
     .apply = set_flag<&ServiceSettings::read_only>},
    {.path = "services.*.no_new_privileges",
     .type = Type::kBoolean,
     .help = "Whether it can never gain privileges. Default: true",
     .apply = set_flag<&ServiceSettings::no_new_privileges>},
    {.path = "services.*.init",
     .type = Type::kBoolean,
     .help = "Whether a small process 1 reaps orphans. Default: false",
     .apply = set_flag<&ServiceSettings::init>},
    {.path = "services.*.shm_size",
     .type = Type::kSize,
     .help = "Shared memory. Default: 64MiB",
     .apply = [](Draft& d, const Place& p, const Value& v) { d.service(p).shm_size = v.number; },
     .min = 64 * 1024,
     .max = 64 * kGiB},
    {.path = "services.*.nofile",
     .type = Type::kInteger,
     .help = "Files that one process may open. Default: what Podman gives",
     .apply = [](Draft& d, const Place& p, const Value& v) { d.service(p).nofile = v.number; },
     .min = 64,
     .max = 1 << 24},
    {.path = "services.*.stop_signal",
     .type = Type::kString,
     .help = "SIGINT, SIGQUIT …; empty: the image's",
     .apply = set_text<&ServiceSettings::stop_signal>,
     .check = check_signal},
    {.path = "services.*.stop_timeout",
     .type = Type::kDuration,
     .help = "Then it is killed. Default: 10s",
     .apply = [](Draft& d, const Place& p, const Value& v) { d.service(p).stop_timeout = std::chrono::milliseconds(v.number); },
     .min = 1000,
     .max = 600'000},
};

}  // namespace

std::span<const Key> service_keys() { return kKeys; }

}  // namespace gatehouse::keys
