#include "cli.h"

#include <openssl/crypto.h>
#include <signal.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cstdint>
#include <functional>
#include <iostream>
#include <memory>
#include <optional>

#include "cli_verbs.h"
#include "cli_words.h"
#include "daemon.h"
#include "demo.h"
#include "gatehouse/base/build.h"
#include "gatehouse/yaml/words.h"

namespace gatehouse::app {
namespace {

struct Parser {
  CliOptions options;
  RunOptions run;
  std::string log_format, demo_address;
  bool demo_stdio = false;
  std::vector<std::string> help_of;
  std::string shell;
  bool help_markdown = false;
  std::function<int()> action;
};

int print_version(const CliOptions& options) {
  const Json item{{"version", version()}, {"revision", revision()}, {"compiler", "clang " __clang_version__}, {"openssl", OpenSSL_version(OPENSSL_VERSION)}};
  if (options.format == "json") {
    print_items(options.style(), "Version", Json::array({item}), {});
    return kFine;
  }
  std::cout << "gatehouse " << version() << "\n";
  if (options.verbose) std::cout << "revision " << revision() << "\nbuilt with " << item["compiler"].get<std::string>() << "\n" << item["openssl"].get<std::string>() << "\n";
  return kFine;
}

// An empty word is most often a variable that is not set: gatehouse check "$FILE".
const CLI::Validator kNotEmpty([](std::string& word) { return word.empty() ? std::string("is empty") : std::string(); }, "");

void add_config_flags(CLI::App* verb, Parser& parser) {
  verb->add_option("--set", parser.options.overrides, "KEY=VALUE over every other tier");
  verb->add_option("--profile", parser.options.profiles, "add a profile");
}

// DUR as in the configuration; a number alone is seconds.
void add_duration(CLI::App* verb, const char* flag, std::optional<std::chrono::milliseconds>& value, const char* help) {
  constexpr std::int64_t kLongest = 86'400'000;
  const auto take = [&value, name = std::string(flag)](const std::string& text) {
    const bool bare = !text.empty() && text.find_first_not_of("0123456789") == std::string::npos;
    const auto duration = yaml::parse_duration(bare ? text + "s" : text);
    if (!duration) throw CLI::ValidationError(name, duration.error().message);
    if (*duration < 1 || *duration > kLongest) throw CLI::ValidationError(name, "1ms to 1d, not " + text);
    value = std::chrono::milliseconds(*duration);
  };
  verb->add_option_function<std::string>(flag, take, help)->type_name("DUR");
}

// The summary, the examples, then the rest.
class HelpFormat : public CLI::Formatter {
 public:
  std::string make_help(const CLI::App* app, std::string name, CLI::AppFormatMode mode) const override {
    if (mode == CLI::AppFormatMode::Sub) return make_expanded(app);
    return make_description(app) + "\n" + make_footer(app) + "\n" + make_usage(app, std::move(name)) + make_positionals(app) +
           make_groups(app, mode) + make_subcommands(app, mode) + (app->get_parent() == nullptr ? "\ngatehouse help VERB tells more.\n" : "") +
           "\nDocs: " + std::string(docs_url()) + "/reference/cli\n";
  }
};

void add_connection_flags(CLI::App* verb, CliOptions& options) {
  verb->add_option("--socket", options.socket, "the daemon's admin socket (also GATEHOUSE_SOCKET)")->check(kNotEmpty);
  verb->add_option("--url", options.url, "another daemon: https://host:port, with a key")->check(kNotEmpty);
  verb->add_option("--key-file", options.key_file, "file with an API key (also GATEHOUSE_API_KEY)")->check(kNotEmpty);
  verb->add_option("--ca-file", options.ca_file, "certificates to trust (PEM)")->check(kNotEmpty);
  verb->add_flag("--insecure", options.insecure, "trust any certificate");
  add_duration(verb, "--timeout", options.timeout, "wait for an answer this long (30s or 310s)");
}

std::string examples_of(std::string_view first) {
  std::string text;
  for (const Verb& verb : verbs()) {
    if (verb.name == first || verb.name.starts_with(std::string(first) + " ")) text += verb.examples;
  }
  text.pop_back();
  return text;
}

// A verb of the table, under its noun when it has one.
CLI::App* add_verb(CLI::App& app, Parser& parser, std::string_view name, std::function<int()> action) {
  const auto& list = verbs();
  const Verb& verb = *std::find_if(list.begin(), list.end(), [name](const Verb& v) { return v.name == name; });
  CLI::App* parent = &app;
  std::string own(name);
  if (const std::size_t space = own.find(' '); space != std::string::npos) {
    const std::string noun = own.substr(0, space);
    own.erase(0, space + 1);
    parent = find_verb(app, noun);
    if (parent == nullptr) parent = app.add_subcommand(noun, noun_summary(noun))->require_subcommand(1)->footer(examples_of(noun));
  }
  CLI::App* added = parent->add_subcommand(own, std::string(verb.summary))->footer(examples_of(name));
  added->add_flag("-q,--quiet", parser.options.quiet, "no notes");
  added->add_flag("--no-color", parser.options.no_color, "no colours");
  if (verb.reads) added->add_option("--format", parser.options.format, "table or json")->check(CLI::IsMember({"table", "json"}));
  added->callback([&parser, action = std::move(action)] { parser.action = action; });
  return added;
}

void add_daemon_verbs(CLI::App& app, Parser& parser) {
  CliOptions& options = parser.options;
  CLI::App* run = add_verb(app, parser, "run", [&parser] {
    RunOptions settings{.config = {}, .profiles = parser.options.profiles, .overrides = parser.options.overrides};
    if (!parser.options.config.empty()) settings.config = parser.options.config;
    if (!parser.log_format.empty()) settings.overrides.push_back("log.format=" + parser.log_format);
    return run_daemon(settings);
  });
  run->add_option("--config", options.config, "configuration file")->check(kNotEmpty);
  run->add_option("--log-format", parser.log_format, "auto, json or human")->check(CLI::IsMember({"auto", "json", "human"}));
  add_config_flags(run, parser);

  CLI::App* check = add_verb(app, parser, "check", [&options] { return check_config(options); });
  check->add_option("FILE", options.file, "configuration file, - for standard input")->check(kNotEmpty)->required();
  add_config_flags(check, parser);

  const std::pair<const char*, int (*)(const CliOptions&)> config_verbs[] = {
      {"config explain", config_explain}, {"config show", config_show}, {"config schema", config_schema}, {"config reference", config_reference}};
  for (const auto& [name, action] : config_verbs) {
    CLI::App* verb = add_verb(app, parser, name, [&options, action] { return action(options); });
    if (action == config_schema || action == config_reference) continue;  // of the program, whatever the file says
    verb->add_option("--config", options.config, "configuration file")->check(kNotEmpty);
    add_config_flags(verb, parser);
    if (action == config_explain) verb->add_option("KEY", options.key, "a key, or the section above it");
  }
  CLI::App* copy = add_verb(app, parser, "state copy", [&options] { return state_copy(options); });
  copy->add_option("FROM", options.from, "sqlite:PATH or postgresql://HOST/DATABASE")->required();
  copy->add_option("TO", options.to, "an empty one; state.postgres completes URLs")->required();
  copy->add_option("--config", options.config, "configuration file")->check(kNotEmpty);
  add_config_flags(copy, parser);

  const std::pair<const char*, int (*)(const CliOptions&)> plain[] = {{"reload", reload}, {"status", status}, {"health", health}};
  for (const auto& [name, action] : plain) {
    add_connection_flags(add_verb(app, parser, name, [&options, action] { return action(options); }), options);
  }
  CLI::App* plan_verb = add_verb(app, parser, "plan", [&options] { return plan(options); });
  plan_verb->add_flag("--exit-code", options.exit_code, "4 when something differs");
  add_connection_flags(plan_verb, options);
}

void add_quick_verbs(CLI::App& app, Parser& parser) {
  CliOptions& options = parser.options;
  options.from = "127.0.0.1:8080";
  CLI::App* proxy_verb = add_verb(app, parser, "proxy", [&options] { return proxy(options); });
  proxy_verb->add_option("--to", options.targets, "HOST:PORT of a server; again for more")->required()->allow_extra_args(false)->check(kNotEmpty);
  CLI::App* mcp_verb = add_verb(app, parser, "mcp", [&options] { return mcp_server(options); });
  mcp_verb->add_option("COMMAND", options.arguments, "program and arguments, after --")->required();
  for (CLI::App* const verb : {proxy_verb, mcp_verb}) {
    verb->add_option("--from", options.from, "where to listen; default: 127.0.0.1:8080")->check(kNotEmpty);
    verb->add_flag("--print-config", options.print_config, "print the configuration file instead");
  }
  CLI::App* first = add_verb(app, parser, "init", [&options] { return init(options); });
  first->add_option("--domain", options.domains, "name that clients ask for; again for more")->required()->allow_extra_args(false)->check(kNotEmpty);
  first->add_option("--to", options.targets, "HOST:PORT of a server; again for more")->required()->allow_extra_args(false)->check(kNotEmpty);
  first->add_option("--email", options.email, "for the authority; without it: self-signed")->check(kNotEmpty);
  first->add_option("--file", options.file, "default: /etc/gatehouse/gatehouse.yaml")->check(kNotEmpty);
}

void add_mcp_verbs(CLI::App& app, Parser& parser) {
  CliOptions& options = parser.options;
  CLI::App* tools = add_verb(app, parser, "tools", [&options] { return list_tools(options); });
  tools->add_option("NAME", options.server, "MCP server")->required();
  add_connection_flags(tools, options);

  CLI::App* call = add_verb(app, parser, "call", [&options] { return call_tool(options); });
  call->add_option("NAME", options.server, "MCP server")->required();
  call->add_option("TOOL", options.tool, "one of its tools")->required();
  call->add_option("--arg", options.arguments, "NAME=VALUE, once for each argument")->allow_extra_args(false);
  call->add_option("--json", options.arguments_json, "all arguments as a JSON object");
  add_connection_flags(call, options);

  CLI::App* demo = add_verb(app, parser, "demo", [&parser] {
    return parser.demo_address.empty() ? run_demo_stdio(demo_settings()) : run_demo_http(demo_settings(), parser.demo_address);
  });
  CLI::Option* stdio = demo->add_flag("--stdio", parser.demo_stdio, "standard input and output (default)");
  demo->add_option("--http", parser.demo_address, "listen on this address")->excludes(stdio);
}

void add_access_verbs(CLI::App& app, Parser& parser) {
  CliOptions& options = parser.options;
  CLI::App* user = add_verb(app, parser, "users add", [&options] { return add_user(options); });
  user->add_option("NAME", options.name, "user name")->required();
  user->add_option("--email", options.email, "e-mail address");
  user->add_option("--password-file", options.password_file, "file with the password")->check(kNotEmpty);
  user->add_flag("--password-stdin", options.password_stdin, "read the password from standard input");
  user->add_option("--scope", options.scopes, "gateway:read, gateway:write, tools:call")->allow_extra_args(false);
  user->add_flag("--superuser", options.superuser, "may do everything");
  add_connection_flags(user, options);

  add_connection_flags(add_verb(app, parser, "users list", [&options] { return list_users(options); }), options);

  CLI::App* key = add_verb(app, parser, "keys add", [&options] { return add_key(options); });
  key->add_option("--name", options.name, "what it is for")->required();
  key->add_option("--description", options.description, "more about it");
  key->add_option("--scope", options.scopes, "default: tools:call")->allow_extra_args(false);
  key->add_option("--user-id", options.user_id, "whose key; default: yours");
  add_connection_flags(key, options);

  add_connection_flags(add_verb(app, parser, "keys list", [&options] { return list_keys(options); }), options);
  CLI::App* revoke = add_verb(app, parser, "keys revoke", [&options] { return revoke_key(options); });
  revoke->add_option("ID", options.id, "number of the key")->required();
  add_connection_flags(revoke, options);
}

void add_certificate_verbs(CLI::App& app, Parser& parser) {
  CliOptions& options = parser.options;
  add_connection_flags(add_verb(app, parser, "certs list", [&options] { return list_certificates(options); }), options);
  const auto add = [&](const char* name, int (*action)(const CliOptions&), const char* flag, const char* help, std::string& value) {
    CLI::App* const verb = add_verb(app, parser, name, [&options, action] { return action(options); });
    verb->add_option("NAME", options.name, "one of its names")->check(kNotEmpty)->required();
    if (flag != nullptr) verb->add_option(flag, value, help)->check(kNotEmpty);
    if (action != export_certificate) add_connection_flags(verb, options);
    return verb;
  };
  add("certs show", show_certificate, nullptr, nullptr, options.reason);
  add("certs issue", issue_certificate, nullptr, nullptr, options.reason);
  add("certs renew", renew_certificate, nullptr, nullptr, options.reason)->add_flag("--force", options.force, "also when it is not due");
  add("certs revoke", revoke_certificate, "--reason", "why; default: unspecified", options.reason);
  CLI::App* const import = add("certs import", import_certificate, "--cert", "PEM: its chain, its own first", options.chain_file);
  import->add_option("--key", options.private_key_file, "PEM: its private key")->check(kNotEmpty)->required();
  import->get_option("--cert")->required();
  CLI::App* const copy = add("certs export", export_certificate, "--to", "directory for NAME.pem and NAME.key", options.directory);
  copy->get_option("--to")->required();
  copy->add_option("--config", options.config, "configuration file")->check(kNotEmpty);
  add_config_flags(copy, parser);
  add("certs dns-record", certificate_records, nullptr, nullptr, options.reason);
}

void add_backup_verbs(CLI::App& app, Parser& parser) {
  CliOptions& options = parser.options;
  const auto add = [&](const char* name, int (*action)(const CliOptions&)) {
    CLI::App* verb = add_verb(app, parser, name, [&options, action] { return action(options); });
    add_connection_flags(verb, options);
    verb->add_option("--config", options.config, "without a daemon: its configuration file")->check(kNotEmpty);
    add_config_flags(verb, parser);
    return verb;
  };
  add("backup list", backup_list);
  add("backup now", backup_now)->add_option("NAME", options.name, "state or a service; default: all");
  add("backup drill", backup_drill)->add_option("NAME", options.name, "state or a service; default: all");
  add("backup verify", backup_verify)->add_option("ID", options.backup, "as backup list shows it")->required();
  CLI::App* restore = add("restore", restore_backup);
  restore->add_option("ID", options.backup, "as backup list shows it")->required();
  restore->add_option("--into", options.into, "scratch or live")->required()->check(CLI::IsMember({"scratch", "live"}));
  restore->add_option("--confirm", options.confirm, "live: the database that is overwritten");
}

void add_other_verbs(CLI::App& app, Parser& parser) {
  add_verb(app, parser, "version", [&parser] { return print_version(parser.options); })
      ->add_flag("-v,--verbose", parser.options.verbose, "also libraries and compiler");
  add_verb(app, parser, "completion", [&parser] { return completion(parser.shell); })
      ->add_option("SHELL", parser.shell, "bash, zsh or fish")->required();
  CLI::App* help = add_verb(app, parser, "help", [&app, &parser] {
    if (parser.help_markdown) std::cout << reference_of(app);
    if (parser.help_markdown) return kFine;
    const auto text = help_of(app, parser.help_of);
    if (text) std::cout << *text;
    return text ? kFine : kWrongInput;
  });
  CLI::Option* const verb = help->add_option("VERB", parser.help_of, "a verb");
  help->add_flag("--markdown", parser.help_markdown, "the reference of all verbs")->excludes(verb);
}

}  // namespace

namespace {

int run_words(int argc, const char* const* argv) {
  const std::vector<std::string> words(argv + 1, argv + argc);
  Parser parser;
  CLI::App app("One daemon for MCP servers, reverse proxying and TLS.", "gatehouse");
  app.formatter(std::make_shared<HelpFormat>());
  app.footer("  gatehouse run --config gatehouse.yaml      start\n"
             "  gatehouse check gatehouse.yaml             every problem of a file at once\n"
             "  gatehouse status                           what runs\n"
             "  gatehouse call demo say_hello --arg name=Ada");
  app.require_subcommand(1);
  app.set_version_flag("--version", std::string("gatehouse ") + version(), "show the version");
  try {
    add_daemon_verbs(app, parser);
    add_quick_verbs(app, parser);
    add_mcp_verbs(app, parser);
    add_access_verbs(app, parser);
    add_certificate_verbs(app, parser);
    add_backup_verbs(app, parser);
    add_other_verbs(app, parser);
    if (const auto code = check_words(app, words)) return *code;
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    std::cout << app.help();  // of the verb that was chosen
    return kFine;
  } catch (const CLI::CallForVersion&) {
    return print_version(parser.options);
  } catch (const CLI::ParseError& error) {
    return refuse_arguments(app, words, error);
  }
  return parser.action ? parser.action() : static_cast<int>(kWrongInput);
}

}  // namespace

int run_cli(int argc, const char* const* argv) {
  open_standard_streams(argc > 1 && std::string_view(argv[1]) == "run");
  ::signal(SIGPIPE, SIG_IGN);
  const int code = run_words(argc, argv);
  if (flush_output() != Output::kFailed) return code;
  print_error(make_error("output-failed", "standard output cannot be written: not everything was shown"));
  return code == kFine ? static_cast<int>(kFailed) : code;
}

}  // namespace gatehouse::app
