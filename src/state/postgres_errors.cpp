#include "postgres_errors.h"

#include <algorithm>

namespace gatehouse::state {

namespace {

struct Meaning {
  std::string_view state;  // or its class
  const char* slug;
  const char* help;
};

constexpr const char* kGrant =
    "the role needs rights on the schema gatehouse: name the role that owns it in state.postgres.owner, which grants them";

// The first row whose state the SQLSTATE begins with.
constexpr Meaning kMeanings[] = {
    {"23503", "not-found", ""},
    {"23505", "conflict", ""},
    {"23", "bad-request", ""},
    {"22", "bad-request", ""},
    {"53100", "disk-full", "make room on the database server"},
    {"53300", "database-busy", "raise max_connections of the server, or lower state.postgres.connections"},
    {"55P03", "database-busy", "another session holds a lock on it"},
    {"57014", "database-busy", "the server took longer than the deadline of a statement"},
    {"40", "database-busy", "other sessions change the same rows"},
    {"25006", "state-unwritable", "the server is read-only: a standby, or default_transaction_read_only is on"},
    {"42501", "state-unwritable", kGrant},
    {"XX001", "database-corrupt", "restore a backup of it"},
    {"XX002", "database-corrupt", "restore a backup of it"},
};

struct Advice {
  std::string_view words;
  const char* help;
};

constexpr Advice kAdvices[] = {
    {"password authentication failed", "the password in state.postgres.password (POSTGRES_PASSWORD) or in the URL is wrong"},
    {"no password supplied", "name one in state.postgres.password (POSTGRES_PASSWORD)"},
    {"no pg_hba.conf entry", "add a line for this role, database and address to pg_hba.conf; 'no encryption' asks for TLS"},
    {"does not support SSL",
     "switch TLS on in the server (ssl = on); only if nobody else can reach the network between, say sslmode=disable"},
    {"certificate verify failed", "name the authority that signed the server's certificate in state.postgres.sslrootcert"},
    {"root certificate", "name the authority that signed the server's certificate in state.postgres.sslrootcert"},
    {"does not match host name", "connect by a name that stands in the server's certificate"},
    {"certificate", "check the files of state.postgres.sslrootcert, sslcert and sslkey"},
    {"Connection refused", "start the server, or check host and port; it listens on what listen_addresses says"},
    {"No such file or directory", "start the server, or check the directory of its socket"},
    {"could not translate host name", "check the host's name and the resolver"},
    {"starting up", "wait until the server has started"},
    {"shutting down", "wait until the server has started again"},
    {"read-only", "name the primary server: this one is a standby"},
    {"too many", "raise max_connections of the server, or lower state.postgres.connections"},
    {"does not exist", "create the role and the database first"},
};

// "ERROR:  deadlock detected\nDETAIL: …" is "deadlock detected".
std::string_view first_line(std::string_view words) {
  words = words.substr(0, words.find('\n'));
  for (const std::string_view severity : {"ERROR:", "FATAL:", "PANIC:"}) {
    if (words.starts_with(severity)) words.remove_prefix(severity.size());
  }
  words.remove_prefix(std::min(words.find_first_not_of(' '), words.size()));
  return words;
}

// One line for each address that was tried.
std::string joined_lines(std::string_view words) {
  std::string out;
  for (const char c : words) {
    if (c != '\n' && c != '\t') out += c;
    else if (!out.empty() && !out.ends_with("; ")) out += "; ";
  }
  while (out.ends_with(' ') || out.ends_with(';')) out.pop_back();
  return out;
}

void hide(std::string& text, std::string_view secret) {
  if (secret.empty()) return;
  for (std::size_t at = 0; (at = text.find(secret, at)) != std::string::npos; at += Secret::redacted().size()) {
    text.replace(at, secret.size(), Secret::redacted());
  }
}

}  // namespace

bool ends_connection(std::string_view sqlstate) {
  return sqlstate.starts_with("08") || sqlstate == "57P01" || sqlstate == "57P02" || sqlstate == "57P03" || sqlstate == "57P05";
}

Error postgres_error(const std::string& database, std::string_view sqlstate, std::string_view words) {
  std::string message = "database " + database + ": " + std::string(first_line(words));
  for (const Meaning& meaning : kMeanings) {
    if (sqlstate.starts_with(meaning.state)) return make_error(meaning.slug, std::move(message), meaning.help);
  }
  return make_error("database-failed", std::move(message));
}

Error connect_error(const PostgresAddress& address, std::string_view words) {
  std::string said = joined_lines(words);
  hide(said, address.password.reveal());
  const auto advice = std::find_if(std::begin(kAdvices), std::end(kAdvices),
                                   [&](const Advice& one) { return said.find(one.words) != std::string::npos; });
  return make_error("database-unreachable", "database " + address.name() + ": " + said,
                    advice == std::end(kAdvices) ? "" : advice->help);
}

Error broken_error(const std::string& database, std::string_view words) {
  return make_error("database-unreachable", "database " + database + ": the connection broke: " + std::string(first_line(words)),
                    "nothing was changed; the next operation connects again");
}

}  // namespace gatehouse::state
