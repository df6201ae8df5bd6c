// docs/reference/config.md: the texts around the tables, and the tables.
#include <algorithm>

#include "gatehouse/config/explain.h"
#include "loader.h"

namespace gatehouse::config {
namespace {

constexpr std::string_view kIntroduction = R"(# Configuration reference

<!-- Made by `gatehouse config reference` from the table that validates. Do not edit. -->

One YAML file. Without `--config` it is `$GATEHOUSE_CONFIG`, else `/etc/gatehouse/gatehouse.yaml`, else
`./gatehouse.yaml`; without any file a page is served on `127.0.0.1:8080`. With a file, nothing is started that the file
does not name. `gatehouse check FILE` reports every problem at once.

## Where a value comes from

Highest first; `gatehouse config explain KEY` shows which one won.

| tier | what |
| --- | --- |
| flag | `--set KEY=VALUE`, `--profile NAME` (adds) |
| environment | the variable named like the key, `GATEHOUSE_LISTENERS_HTTP_ADDRESS`, and the aliases below |
| `.env` | the same names in the file `.env` beside the configuration file |
| file | the configuration file and what it includes |
| default | the tables below |

In the name of a variable the key is in capitals and everything that is not a letter or a digit is `_`; an item of a list
is its number: `GATEHOUSE_ROUTES_0_TO`. Lists are written `a, b`. A variable that is set but empty is an empty value, not
an absent one. A variable that begins with `GATEHOUSE_` and that nothing reads is an error.

## How values are written

- Durations: `250ms`, `30s`, `5m`, `1h`, `30d`. Sizes: `512B`, `64KiB`, `10MiB`, `1GiB`. The unit is never left out.
- Addresses: `127.0.0.1:8080`, `[::1]:8080`, `:8080` (all interfaces), `unix:/path`.
- Relative paths are relative to the file that names them; in variables and flags, to the main file; without a file, to
  the working directory.
- `${NAME}` is the value of an environment variable or of one in `.env`; unset is an error. `${NAME:-default}` when unset or empty,
  `${NAME:?message}` an error when unset or empty, `${NAME:+other}` when set and not empty; without the colon, empty counts
  as set. They can be nested. `$$` is a dollar sign. Keys are not filled in.
- `include: conf.d/*.yaml` (or a list) merges files. A key that is set twice is an error; `routes` and
  `certificates.files` of several files are joined. An included file includes nothing itself.
- Anchors and aliases are allowed (an alias is a copy; at most 100,000 values and 32 levels in all). Merge keys (`<<`), tags and
  several documents in one file are not. A file is at most 4 MiB, in UTF-8.

## Secrets

A secret is a reference: `file:/path` (refused when everybody may read it), `env:NAME`, or `credential:NAME` (systemd). Only
profile development takes the secret itself in the file. In variables the secret itself is allowed, and `NAME_FILE` names
a file that holds it: `GATEWAY_SECRET_KEY_FILE=/run/secrets/key`. Secrets are shown nowhere.

)";

constexpr Slug kSlugs[] = {
    {"acme-unused", "warning: names for certificates by ACME, and a mode that asks for none"},
    {"alias-unused", "warning: a variable of the earlier platform that has no effect: its listener is not configured, nothing reads it, or it would let every web page call"},
    {"anonymous-endpoint", "an MCP endpoint without authentication that more than this machine can reach"},
    {"bad-address", "not an address of the kind that is needed here"},
    {"bad-cidr", "not a network like 10.0.0.0/8"},
    {"bad-dotenv", "a line of .env that is not NAME=value"},
    {"bad-health", "a health check without something that it needs"},
    {"bad-interpolation", "a $ that begins nothing, or a variable that is written wrongly"},
    {"bad-key", "a key of a mapping that is not one word"},
    {"bad-limit", "a reservation beyond its limit"},
    {"bad-name", "a name with characters that names do not have"},
    {"bad-override", "--set or a variable for something that cannot be set so"},
    {"bad-target", "a place in a container that is no absolute path"},
    {"bad-value", "a text that is not of the form that is needed here"},
    {"certificate-chain", "a chain whose certificates are not in order"},
    {"certificate-expired", "warning: a certificate that has expired; a self-signed one is served instead"},
    {"certificate-no-names", "warning: a certificate without subjectAltName; a self-signed one is served instead"},
    {"certificate-unreadable", "a certificate that cannot be read or is not PEM"},
    {"conflict", "two keys that exclude each other"},
    {"default-secret", "a secret that everybody knows, in profile production"},
    {"dependency-cycle", "services that wait for each other"},
    {"duplicate-address", "the same address twice"},
    {"duplicate-key", "a key that is set twice; both places are named"},
    {"duplicate-port", "a port of this machine that two services want"},
    {"duplicate-route", "two routes for the same requests"},
    {"duplicate-target", "two things at one place in a container"},
    {"file-too-large", "a configuration file of more than 4 MiB"},
    {"file-unreadable", "a file that is missing or cannot be read"},
    {"forbidden-mount", "a mount that would give a container power over this machine"},
    {"h2-not-offered", "warning: HTTP/2 is configured but not available in this version"},
    {"image-missing", "a service without an image"},
    {"key-encrypted", "a private key with a password"},
    {"key-mismatch", "a private key of another certificate"},
    {"key-permissions", "a private key that everybody may read"},
    {"key-unreadable", "a private key that cannot be read or is not PEM"},
    {"literal-secret", "a secret in the file, outside of profile development"},
    {"merge-key", "<< is not understood"},
    {"missing-key", "a key that must be there"},
    {"missing-listener", "an http-01 challenge without a plain listener"},
    {"missing-secret", "a secret that profile production needs; a warning when a service cannot be started without it"},
    {"missing-unit", "a duration or a size without its unit"},
    {"nested-include", "include in an included file"},
    {"never-completes", "a service that shall complete, but is always started again"},
    {"no-health-check", "a service that shall be healthy, but is not asked"},
    {"no-listeners", "nothing is listened on: a warning at the start, an error in a reload that would close every listener"},
    {"not-available", "something that this version does not have"},
    {"not-text", "a file with NUL bytes, or not in UTF-8"},
    {"out-of-range", "a number or a list that is too small or too large"},
    {"port-80", "warning: http-01 without a listener on port 80"},
    {"public-database", "a database with a port that others can reach"},
    {"readable-secret", "a secret that every user in the container could read"},
    {"secret-empty", "a reference to a secret that is empty"},
    {"secret-exposed", "a file with a secret that everybody may read"},
    {"secret-unreadable", "a file with a secret that cannot be read"},
    {"several-documents", "more than one YAML document in a file"},
    {"state-elsewhere", "warning: a password of PostgreSQL that is not used for the daemon's own state"},
    {"stdio-in-production", "an MCP server as child process in profile production"},
    {"too-deep", "nested more than 32 levels deep"},
    {"too-many-values", "more than 100,000 values, aliases expanded"},
    {"unknown-key", "a key that does not exist"},
    {"unknown-server", "a name of an MCP server that is not configured"},
    {"unknown-service", "a name of a service that is neither declared nor known"},
    {"unknown-unit", "a unit that durations or sizes do not have"},
    {"unknown-upstream", "a name of an upstream that is not configured"},
    {"unknown-value", "a word that is not one of the choices"},
    {"unknown-variable", "a GATEHOUSE_ variable that nothing reads"},
    {"unset-variable", "a variable that is used and not set"},
    {"weak-secret", "a secret that is too short (profile production asks for more), or a password that is too long"},
    {"wrong-type", "a mapping, list, number, text or nothing where something else is expected"},
    {"yaml-alias", "an alias to a value that is still open"},
    {"yaml-syntax", "not YAML"},
    {"yaml-tag", "a YAML tag"},
};

std::string heading(const Key& key) { return std::string(key.path.substr(0, key.path.find_first_of(".["))); }

std::string default_text(const Key& key) {
  if (key.required && key.named.empty()) return "required";
  if (key.computed != nullptr) return "see text";
  if (!key.named.empty()) {
    std::string out;
    for (const std::string_view pair : keys::split_choices(key.named)) {
      const std::size_t equals = pair.find('=');
      out += (out.empty() ? "" : ", ") + std::string(pair.substr(0, equals)) + ": `" + std::string(pair.substr(equals + 1)) + "`";
    }
    return out + ", else required";
  }
  if (key.fallback == nullptr) return "none";
  std::string out = key.fallback[0] == '\0' ? "empty" : "`" + std::string(key.fallback) + "`";
  if (key.production != nullptr) out += ", production: `" + std::string(key.production) + "`";
  return out;
}

std::string row(const Key& key) {
  std::string help(key.help);
  if (!key.later.empty()) help += ". Not in this version: " + keys::join_choices(key.later);
  return "| `" + std::string(key.path) + "` | " + keys::type_text(key) + " | " + default_text(key) + " | " + help +
         (key.restart ? ". A change needs a restart" : "") + " |\n";
}

void add_sections(std::string& out, std::string_view top) {
  for (const Section& section : keys::sections()) {
    const bool here = section.path.substr(0, section.path.find_first_of(".[")) == top;
    if (here && !section.help.empty())
      out += section.path == top ? std::string(section.help) + ".\n\n"
                                 : "`" + std::string(section.path) + "`: " + std::string(section.help) + ".\n\n";
  }
}

std::string keys_text() {
  std::string out = "## Keys\n\n";
  std::string open;
  for (const Key* key : all_keys()) {
    if (key->type == Type::kLater) continue;
    if (const std::string top = heading(*key); top != open) {
      out += (open.empty() ? "### " : "\n### ") + top + "\n\n";
      add_sections(out, top);
      out += "| key | type | default | |\n| --- | --- | --- | --- |\n";
      open = top;
    }
    out += row(*key);
  }
  return out;
}

std::string later_text() {
  std::string out = "\n## Not in this version\n\nThese are refused, not ignored.\n\n";
  for (const Key* key : all_keys())
    if (key->type == Type::kLater) out += "- `" + std::string(key->path) + "`: " + std::string(key->help) + "\n";
  return out;
}

std::string aliases_text() {
  std::string out = "\n## Variables of the earlier platform\n\n| variable | key | |\n| --- | --- | --- |\n";
  for (const Alias& alias : keys::aliases()) {
    const std::string_view note = alias.convert == Convert::kPort ? "the port; only when the listener is configured"
                                  : alias.convert == Convert::kSeconds ? "seconds"
                                  : alias.convert == Convert::kCertificateMode ? "letsencrypt is acme"
                                  : alias.convert == Convert::kLogLevel ? "in capitals as well"
                                  : alias.convert == Convert::kOrigins ? "`*` is left out, with a warning" : "";
    out += "| `" + std::string(alias.variable) + "` | `" + std::string(alias.path) + "` | " + std::string(note) + " |\n";
  }
  return out;
}

std::string unused_text() {
  std::string out = "\nThese have no key in this version; a warning says so when one is set and no `${NAME}` takes it: ";
  bool first = true;
  for (const std::string_view name : keys::unused_variables()) {
    out += (first ? "`" : ", `") + std::string(name) + "`";
    first = false;
  }
  return out + ".\n";
}

std::string slugs_text() {
  std::string out = "\n## Diagnostics\n\nThe word in brackets at the end of a message.\n\n| slug | meaning |\n| --- | --- |\n";
  for (const Slug& slug : slugs()) out += "| `" + std::string(slug.name) + "` | " + std::string(slug.meaning) + " |\n";
  return out;
}

}  // namespace

std::span<const Slug> slugs() { return kSlugs; }

std::string reference() {
  return std::string(kIntroduction) + keys_text() + later_text() + aliases_text() + unused_text() + slugs_text();
}

}  // namespace gatehouse::config
