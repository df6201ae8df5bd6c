#include "instance_input.h"

#include <algorithm>
#include <array>

#include "gatehouse/access/seal.h"
#include "input.h"
#include "instance_url.h"

namespace gatehouse::admin {

namespace {

constexpr std::int64_t kMostFailures = 1'000'000'000;

bool valid_name(std::string_view name) {
  static constexpr std::string_view kAllowed = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
  return !name.empty() && name.size() <= 64 && name.find_first_not_of(kAllowed) == std::string_view::npos;
}

bool valid_text(std::string_view text) {
  return text.size() <= 256 && std::none_of(text.begin(), text.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; });
}

// The earlier platform's name for it is taken as well.
std::string read_metadata(Input& input) {
  auto metadata = input.object("metadata");
  auto instance_metadata = input.object("instance_metadata");
  if (metadata && instance_metadata) input.fail("metadata and instance_metadata are the same: send one of them");
  if (instance_metadata) return instance_metadata->dump();
  return metadata ? metadata->dump() : "{}";
}

void read_texts(Input& input, state::ServerInstance& row) {
  const struct {
    const char* key;
    std::string& text;
  } kTexts[] = {{"backend", row.backend},
                {"container_id", row.container_id},
                {"deployment_id", row.deployment_id},
                {"namespace", row.name_space},
                {"working_dir", row.working_directory}};
  for (const auto& [key, text] : kTexts) {
    text = input.text(key).value_or("");
    if (!valid_text(text)) input.fail(std::string(key) + " is too long or has control characters");
  }
}

void read_health(Input& input, state::ServerInstance& row) {
  static constexpr std::array<std::string_view, 3> kStates{"healthy", "unhealthy", "unknown"};
  row.status = input.text("status").value_or("unknown");
  if (std::find(kStates.begin(), kStates.end(), row.status) == kStates.end()) {
    input.fail("status is healthy, unhealthy or unknown");
  }
  row.active = input.flag("is_active").value_or(true);
  row.last_health_check = input.time("last_health_check");
  row.consecutive_failures = input.integer("consecutive_failures").value_or(0);
  if (row.consecutive_failures < 0 || row.consecutive_failures > kMostFailures) {
    input.fail("consecutive_failures is 0 to 1000000000");
  }
}

void read_environment(const Call& call, Input& input, state::ServerInstance& row) {
  const auto environment = input.object("env_vars");
  if (!environment || environment->empty()) return;
  for (const auto& [name, value] : environment->items()) {
    const bool named = !name.empty() && name.size() <= 256 && name.find_first_of(std::string_view("=\0", 2)) == std::string::npos;
    if (!named || !value.is_string() || value.get_ref<const std::string&>().find('\0') != std::string::npos) {
      return input.fail("env_vars is an object of texts; its keys are names of variables");
    }
  }
  const access::Seal seal(call.ports->accounts->keys(), *call.ports->random);
  row.sealed_environment = seal.seal(Secret(environment->dump()), "instance:" + row.id);
}

void check_identity(Input& input, const state::ServerInstance& row) {
  if (!valid_name(row.template_name)) input.fail("a template name is 1 to 64 of A-Z a-z 0-9 . _ -");
  if (!valid_name(row.id)) input.fail("an id is 1 to 64 of A-Z a-z 0-9 . _ -");
  if (row.transport != "http") input.fail("transport is http");
  if (const Status url = check_instance_url(row.endpoint); !url) input.fail("endpoint: " + url.error().message);
  if (input.text("template_name").value_or(row.template_name) != row.template_name) {
    input.fail("template_name is not the template of the path");
  }
}

}  // namespace

Result<state::ServerInstance> read_instance(const Call& call) {
  auto input = Input::parse(call.body, {"id", "template_name", "transport", "endpoint", "command", "backend", "container_id",
                                        "deployment_id", "namespace", "working_dir", "env_vars", "status", "is_active",
                                        "last_health_check", "consecutive_failures", "metadata", "instance_metadata"});
  if (!input) return std::move(input).error();
  if (input->has("command") || input->text("transport") == "stdio") {
    return make_error("forbidden", "running commands is not offered over the API; servers that speak stdio are configured in the "
                                   "configuration file under mcp.servers");
  }
  state::ServerInstance row;
  row.template_name = call.params[0];
  row.id = input->text("id").value_or(call.request_id);
  row.transport = input->text("transport").value_or("http");
  row.endpoint = input->required_text("endpoint");
  row.metadata = read_metadata(*input);
  read_texts(*input, row);
  read_health(*input, row);
  if (!input->error()) check_identity(*input, row);
  if (!input->error()) read_environment(call, *input, row);
  if (input->error()) return *input->error();
  return row;
}

}  // namespace gatehouse::admin
