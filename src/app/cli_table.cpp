// The table of verbs.
#include <algorithm>

#include "cli.h"

namespace gatehouse::app {

namespace {

constexpr Verb kVerbs[] = {
    {"run", "Start the daemon.",
     "  gatehouse run                              file from /etc/gatehouse or here\n"
     "  gatehouse run --config dev.yaml --set workers=2\n", false},
    {"proxy", "Run a reverse proxy with one line.",
     "  gatehouse proxy --from :8080 --to 127.0.0.1:9000\n"
     "  gatehouse proxy --to 127.0.0.1:9000 --print-config > gatehouse.yaml\n", false},
    {"mcp", "Serve an MCP server on stdio over HTTP.",
     "  gatehouse mcp -- node server.js /srv       at http://127.0.0.1:8080/mcp\n"
     "  gatehouse mcp --from 127.0.0.1:9090 -- gatehouse demo\n", false},
    {"init", "Write a first configuration file.",
     "  gatehouse init --domain a.example.org --to 127.0.0.1:9000 --email a@b.example\n"
     "  gatehouse init --domain localhost --to 127.0.0.1:9000 --file gatehouse.yaml\n", false},
    {"check", "Check a configuration file; every problem at once.",
     "  gatehouse check gatehouse.yaml\n  cat x.yaml | gatehouse check -\n", true},
    {"config explain", "Show where each value came from.",
     "  gatehouse config explain listeners.https.address\n  gatehouse config explain --format json\n", true},
    {"config show", "Show what is in effect, secrets redacted.", "  gatehouse config show --config gatehouse.yaml\n", true},
    {"config schema", "Print the JSON Schema of the configuration file.", "  gatehouse config schema > gatehouse.schema.json\n", false},
    {"config reference", "Print the reference of all keys, in Markdown.", "  gatehouse config reference | less\n", false},
    {"reload", "Make the daemon read its configuration again.", "  gatehouse reload\n", true},
    {"status", "Show what the daemon runs.", "  gatehouse status\n  gatehouse status --format json | jq .items[0].listeners\n", true},
    {"plan", "Show what would be done to services, and why.",
     "  gatehouse plan\n  gatehouse plan --exit-code                 4 when something differs\n", true},
    {"health", "Is the daemon ready? Silent; exit code 0, 1, 3.", "  gatehouse health && echo ready\n", true},
    {"tools", "List the tools of an MCP server.", "  gatehouse tools demo\n", true},
    {"call", "Call a tool of an MCP server.",
     "  gatehouse call demo say_hello --arg name=Ada\n  gatehouse call demo count_slowly --json '{\"count\":3,\"delay_ms\":200}'\n", true},
    {"users add", "Add a user.", "  gatehouse users add ada --password-stdin --scope tools:call < password.txt\n", true},
    {"users list", "List users.", "  gatehouse users list\n", true},
    {"keys add", "Make an API key; it is shown once.", "  gatehouse keys add --name laptop --scope tools:call\n", true},
    {"keys list", "List API keys.", "  gatehouse keys list --format json\n", true},
    {"keys revoke", "Revoke an API key.", "  gatehouse keys revoke 17\n", false},
    {"certs list", "List certificates, with the days they have left.", "  gatehouse certs list\n", true},
    {"certs show", "Show one, with what its authority said last.", "  gatehouse certs show www.example.org --format json\n", true},
    {"certs issue", "Get one that is not there yet, now.", "  gatehouse certs issue www.example.org\n", true},
    {"certs renew", "Renew one when that is due.",
     "  gatehouse certs renew www.example.org\n  gatehouse certs renew www.example.org --force      due or not\n", true},
    {"certs revoke", "Revoke one and get another.", "  gatehouse certs revoke www.example.org --reason key-compromise\n", true},
    {"certs import", "Take one from elsewhere, to be renewed here.",
     "  gatehouse certs import www.example.org --cert chain.pem --key key.pem\n", true},
    {"certs export", "Copy one with its key into a directory.", "  gatehouse certs export www.example.org --to /root/certificates\n", true},
    {"certs dns-record", "Print the record that dns-persist-01 needs.", "  gatehouse certs dns-record www.example.org\n", true},
    {"state copy", "Copy everything into another, empty database.",
     "  gatehouse state copy sqlite:gatehouse.db postgresql://db.test/mcp_gateway\n"
     "  gatehouse state copy postgresql://127.0.0.1/mcp_gateway sqlite:copy.db\n", true},
    {"backup now", "Take a backup.", "  gatehouse backup now                       of everything\n  gatehouse backup now state\n", true},
    {"backup list", "List backups, the oldest first.", "  gatehouse backup list\n", true},
    {"backup verify", "Is the file of a backup whole and readable?", "  gatehouse backup verify state-20261126T020000Z\n", true},
    {"backup drill", "Restore the newest backup elsewhere, and look.", "  gatehouse backup drill\n  gatehouse backup drill state\n", true},
    {"restore", "Put a backup beside what is in use, or over it.",
     "  gatehouse restore state-20261126T020000Z --into scratch\n"
     "  gatehouse restore state-20261126T020000Z --into live --confirm=gatehouse.db\n", true},
    {"demo", "Run the demonstration MCP server.",
     "  gatehouse demo                             on standard input and output\n  gatehouse demo --http 127.0.0.1:7071\n", false},
    {"version", "Show the version.", "  gatehouse version --verbose\n", true},
    {"completion", "Print a completion script.", "  source <(gatehouse completion bash)\n  gatehouse completion zsh > ~/.zfunc/_gatehouse\n"
     "  gatehouse completion fish > ~/.config/fish/completions/gatehouse.fish\n", false},
    {"help", "Show help for a verb.", "  gatehouse help call\n  gatehouse help --markdown\n", false},
};

}  // namespace

const std::vector<Verb>& verbs() {
  static const std::vector<Verb> table(std::begin(kVerbs), std::end(kVerbs));
  return table;
}

const std::vector<std::string_view>& later_verbs() {
  static const std::vector<std::string_view> table = {
      "audit", "cleanup", "config diff", "config migrate", "console", "deploy", "doctor", "drain", "events",
      "explain", "images", "logs", "policy", "restart", "routes", "services",
      "start", "stop", "support-bundle", "templates", "top", "undrain", "upstreams"};
  return table;
}

std::vector<std::string> words_after(std::string_view noun) {
  std::vector<std::string> words;
  for (const Verb& verb : verbs()) {
    const std::size_t space = verb.name.find(' ');
    if (!noun.empty() && (space == std::string_view::npos || verb.name.substr(0, space) != noun)) continue;
    std::string word(noun.empty() ? verb.name.substr(0, space) : verb.name.substr(space + 1));
    if (std::find(words.begin(), words.end(), word) == words.end()) words.push_back(std::move(word));
  }
  return words;
}

std::string noun_summary(const std::string& noun) {
  static constexpr std::pair<std::string_view, const char*> kNouns[] = {
      {"config", "The configuration, as the daemon would read it."}, {"users", "The daemon's users."}, {"keys", "API keys."},
      {"certs", "Certificates that are served."},
      {"state", "The database, while no daemon runs."}, {"backup", "Backups of the state and of supervised databases."}};
  for (const auto& [name, summary] : kNouns)
    if (name == noun) return summary;
  return {};
}

}  // namespace gatehouse::app
