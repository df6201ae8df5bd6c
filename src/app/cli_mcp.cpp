#include <unistd.h>

#include <algorithm>
#include <iostream>

#include "cli.h"
#include "cli_ask.h"
#include "gatehouse/client/mcp_client.h"
#include "gatehouse/yaml/words.h"
#include "interrupt.h"

namespace gatehouse::app {
namespace {

// Longer than a call may take by default (mcp.servers.*.call_timeout): the daemon's own words come first.
constexpr std::chrono::seconds kPatience{310};

// A route may lead /mcp/NAME to somebody else's application, which must not see such a request. A key that may not read the
// status has to do without.
Status check_server(const CliOptions& options) {
  auto answer = ask(options, "GET", "/admin/status");
  if (!answer) return std::move(answer).error();
  const Json status = Json::parse(answer->body, nullptr, false);
  if (answer->status != 200 || !status.is_object()) return {};
  std::vector<std::string> names;
  for (const Json& one : list_of(status.value("mcp_servers", Json::array()), "items")) names.push_back(text_of(one, "name"));
  if (std::find(names.begin(), names.end(), options.server) != names.end()) return {};
  const std::string near = yaml::suggest(options.server, names);
  return make_error("unknown-server", "no MCP server is called '" + options.server + "'",
                    names.empty() ? "none is configured" : near.empty() ? "gatehouse status" : near);
}

Result<std::unique_ptr<client::McpClient>> connect(const CliOptions& options, const Interrupt& interrupt) {
  auto key = credential(options);
  if (!key) return std::move(key).error();
  if (Status known = check_server(options); !known) return std::move(known).error();
  client::McpTarget target;
  target.unix_socket = options.url.empty() ? find_socket(options) : "";
  target.url = (options.url.empty() ? "http://localhost" : options.url) + "/mcp/" + options.server;
  target.bearer = std::move(*key);
  target.trust = {!options.insecure, options.ca_file};
  target.deadline = patience(options, kPatience);
  target.interrupt = interrupt.descriptor();
  if (::isatty(STDERR_FILENO) != 0 && !options.quiet) {
    target.on_notification = [](std::string_view method, std::string_view params) {
      const Json values = Json::parse(params, nullptr, false);
      if (method == "notifications/progress") note("  " + printable(text_of(values, "message")));
    };
  }
  return client::McpClient::connect(std::move(target));
}

// Who pressed Ctrl-C knows; the session ends with the client.
int refused(Error error, const CliOptions& options, const Interrupt& interrupt) {
  return error.slug == "interrupted" ? interrupt.exit_code() : fail(std::move(error), options);
}

// --arg name=value: text where the tool's schema says text (or nothing), JSON where it says something else.
Result<Json> tool_arguments(const CliOptions& options, const std::vector<client::McpTool>& tools) {
  Json schema;
  std::vector<std::string> names;
  for (const client::McpTool& tool : tools) {
    names.push_back(tool.name);
    if (tool.name == options.tool) schema = Json::parse(tool.input_schema, nullptr, false);
  }
  if (schema.is_null()) {
    const std::string near = yaml::suggest(options.tool, names);
    return make_error("unknown-tool", options.server + " has no tool '" + options.tool + "'",
                      near.empty() ? "gatehouse tools " + options.server : near);
  }
  Json values = options.arguments_json.empty() ? Json::object() : Json::parse(options.arguments_json, nullptr, false);
  if (!values.is_object()) return make_error("bad-arguments", "--json must be a JSON object");
  for (const std::string& argument : options.arguments) {
    const std::size_t equals = argument.find('=');
    if (equals == std::string::npos || equals == 0) return make_error("bad-arguments", "'" + argument + "': expected NAME=VALUE");
    const std::string name = argument.substr(0, equals), value = argument.substr(equals + 1);
    const Json::json_pointer place = Json::json_pointer("/properties") / name / "type";
    const std::string type = schema.is_object() && schema.contains(place) && schema[place].is_string() ? schema[place].get<std::string>() : "string";
    values[name] = type == "string" ? Json(value) : Json::parse(value, nullptr, false);
    if (values[name].is_discarded()) return make_error("bad-arguments", name + ": '" + value + "' is no JSON; the tool wants " + type);
  }
  return values;
}

}  // namespace

int list_tools(const CliOptions& options) {
  const Interrupt interrupt;
  auto client = connect(options, interrupt);
  if (!client) return fail(std::move(client).error(), options);
  auto tools = (*client)->tools();
  if (!tools) return refused(std::move(tools).error(), options, interrupt);
  Json items = Json::array();
  for (const client::McpTool& tool : *tools) {
    items.push_back({{"name", tool.name}, {"title", tool.title}, {"description", tool.description}, {"input_schema", Json::parse(tool.input_schema, nullptr, false)}});
  }
  print_items(options.style(), "ToolList", items, {{"name", "TOOL"}, {"description", "DESCRIPTION"}});
  return kFine;
}

int call_tool(const CliOptions& options) {
  const Interrupt interrupt;
  auto client = connect(options, interrupt);
  if (!client) return fail(std::move(client).error(), options);
  auto tools = (*client)->tools();
  if (!tools) return refused(std::move(tools).error(), options, interrupt);
  auto arguments = tool_arguments(options, *tools);
  if (!arguments) {
    print_error(arguments.error());
    return kWrongInput;
  }
  auto result = (*client)->call(options.tool, arguments->dump(-1, ' ', false, Json::error_handler_t::replace));
  if (!result) return refused(std::move(result).error(), options, interrupt);
  if (options.format == "json") {
    print_items(options.style(), "ToolResult", Json::array({Json::parse(result->json, nullptr, false)}), {});
  } else {
    const bool terminal = ::isatty(STDOUT_FILENO) != 0;
    std::ostream& out = result->is_error ? std::cerr : std::cout;
    for (const std::string& text : result->texts) out << (terminal || result->is_error ? printable(text, true) : text) << "\n";
    if (result->texts.empty()) out << result->json << "\n";
  }
  if (result->is_error) print_error(make_error("tool-failed", options.tool + " says that it failed"));
  return result->is_error ? kFailed : kFine;
}

}  // namespace gatehouse::app
