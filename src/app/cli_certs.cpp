// gatehouse certs …: the daemon does the work; files are read and written here, so that a private key is in no answer.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <iostream>
#include <iterator>

#include "cli.h"
#include "cli_ask.h"
#include "gatehouse/base/log.h"
#include "gatehouse/base/timestamp.h"
#include "gatehouse/base/unique_fd.h"
#include "gatehouse/config/config.h"
#include "gatehouse/issuer/file_vault.h"
#include "gatehouse/pki/key.h"
#include "gatehouse/tls/certificate.h"
#include "gatehouse/yaml/words.h"
#include "load_options.h"

namespace gatehouse::app {
namespace {

constexpr std::chrono::seconds kOrderPatience{310};
constexpr std::string_view kBegin = "-----BEGIN CERTIFICATE-----";

std::string path_of(const CliOptions& options, const char* what = "") { return "/admin/certificates/" + options.name + what; }

// "in 61 days", "5 min ago"; empty: no time.
std::string distance(const std::string& time) {
  const auto when = parse_rfc3339(time);
  if (!when) return {};
  const auto left = std::chrono::duration_cast<std::chrono::minutes>(*when - runtime::system_clock().wall());
  const long long minutes = std::abs(left.count());
  const auto count = [](long long number, const char* unit) { return std::to_string(number) + " " + unit; };
  std::string text = count(minutes, "min");
  if (minutes >= 48 * 60) text = count(minutes / 1440, "days");
  else if (minutes >= 120) text = count(minutes / 60, "h");
  return left.count() < 0 ? text + " ago" : "in " + text;
}

std::string all_of(const Json& object, const char* key) {
  std::string text;
  for (const Json& one : list_of(object, key))
    if (one.is_string()) text += (text.empty() ? "" : ", ") + one.get<std::string>();
  return text;
}

// The state, and what comes next or stands against it.
std::string state_of(const Json& certificate) {
  std::string state = text_of(certificate, "state");
  std::transform(state.begin(), state.end(), state.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  const Json acme = certificate.value("acme", Json::object());
  if (acme.value("at_work", Json(false)) == true) return state + " (at work)";
  for (const auto& [object, key] : {std::pair(&acme, "last_error"), std::pair(&certificate, "refusal")})
    if (const std::string reason = text_of(*object, key); !reason.empty()) return state + " (" + reason + ")";
  const std::string renewal = distance(text_of(acme, "renewal"));
  return renewal.empty() ? state : state + " (renewal " + renewal + ")";
}

Json row_of(const Json& certificate) {
  return {{"names", certificate.value("names", Json::array())}, {"source", text_of(certificate, "source")},
          {"expires", distance(text_of(certificate, "not_after"))}, {"state", state_of(certificate)}};
}

std::string near_name(const CliOptions& options) {
  auto answer = ask(options, "GET", "/admin/certificates");
  std::vector<std::string> names;
  for (const Json& one : answer ? list_of(Json::parse(answer->body, nullptr, false), "certificates") : Json::array())
    for (const Json& name : list_of(one, "names"))
      if (name.is_string()) names.push_back(name.get<std::string>());
  return yaml::suggest(options.name, names);
}

// In the words of whoever refused.
int refuse(const CliOptions& options, const client::HttpAnswer& answer) {
  Error error = problem(answer);
  const Json body = Json::parse(answer.body, nullptr, false);
  if (const std::string detail = text_of(body, "detail"); !detail.empty()) error.message = detail;
  error.help = text_of(body, "help");
  const std::string near = answer.status == 404 ? near_name(options) : "";
  if (!near.empty()) error.help = near;
  print_error(error);
  return answer.status == 404 || answer.status == 422 ? kWrongInput : kFailed;
}

Json ask_about(CliOptions options, const char* method, const std::string& path, int& code, const Json& body = nullptr) {
  options.timeout = patience(options, kOrderPatience);
  auto answer = ask(options, method, path, body);
  if (!answer) code = fail(std::move(answer).error(), options);
  else if (answer->status / 100 != 2) code = refuse(options, *answer);
  else code = kFine;
  return code == kFine ? Json::parse(answer->body, nullptr, false) : Json();
}

int change(const CliOptions& options, const char* what, const char* done, const Json& body = nullptr) {
  int code = kFine;
  const Json changed = ask_about(options, "POST", path_of(options, what), code, body);
  if (code != kFine) return code;
  if (options.format == "json") print_items(options.style(), "CertificateChange", Json::array({changed}), {});
  if (options.quiet || !changed.is_object()) return kFine;
  const std::string renewal = distance(text_of(changed, "renewal"));
  const std::string name = printable(text_of(changed, "name"));
  if (changed.value("changed", Json(true)) == false) note("nothing to do: " + name + " will be renewed " + renewal + "; now: --force");
  else note(name + " " + done + "; it expires " + distance(text_of(changed, "not_after")) + ", and is renewed " + renewal + "\nnext: gatehouse certs show " + name);
  return kFine;
}

Result<std::string> read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string text(std::istreambuf_iterator<char>(file), {});
  if (file) return text;
  return system_error("unreadable-file", "cannot read " + path, errno);
}

Status write_new(const std::string& path, std::string_view text, mode_t mode) {
  const std::string unfinished = path + ".new";
  ::unlink(unfinished.c_str());
  const UniqueFd fd(::open(unfinished.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode));
  const bool written = fd && ::write(fd.get(), text.data(), text.size()) == static_cast<ssize_t>(text.size()) && ::fsync(fd.get()) == 0 &&
                       ::rename(unfinished.c_str(), path.c_str()) == 0;
  return written ? Status() : Status(system_error("output-failed", "cannot write " + path, errno));
}

Result<Secret> stored(const CliOptions& options, const std::string& directory) {
  if (::access((directory + "/live").c_str(), R_OK | X_OK) != 0) return system_error("unreadable-file", "cannot read " + directory + "/live", errno);
  auto vault = issuer::open_file_vault(directory, runtime::system_clock().wall());
  if (!vault) return std::move(vault).error();
  auto text = (*vault)->get(acme::Kind::kCertificate, options.name);
  if (!text) return std::move(text).error();
  if (*text) return **std::move(text);
  const auto names = (*vault)->list(acme::Kind::kCertificate);
  const std::string near = names ? yaml::suggest(options.name, *names) : std::string();
  return make_error("not-found", "there is no certificate '" + options.name + "' in " + directory, near.empty() ? "gatehouse certs list" : near);
}

int stop(const Error& error, int code) {
  print_error(error);
  return code;
}

}  // namespace

int list_certificates(const CliOptions& options) {
  int code = kFine;
  const Json answer = ask_about(options, "GET", "/admin/certificates", code);
  if (code != kFine) return code;
  const Json items = list_of(answer, "certificates");
  Json rows = Json::array();
  for (const Json& one : items) rows.push_back(row_of(one));
  print_items(options.style(), "CertificateList", options.format == "json" ? items : rows,
              {{"names", "CERTIFICATE"}, {"source", "SOURCE"}, {"expires", "EXPIRES"}, {"state", "STATE"}});
  return kFine;
}

int show_certificate(const CliOptions& options) {
  int code = kFine;
  const Json one = ask_about(options, "GET", path_of(options), code);
  if (code != kFine) return code;
  if (options.format == "json") {
    print_items(options.style(), "Certificate", Json::array({one}), {});
    return kFine;
  }
  const Json acme = one.value("acme", Json::object());
  const std::pair<const char*, std::string> lines[] = {
      {"names", all_of(one, "names")}, {"source", text_of(one, "source")}, {"file", text_of(one, "file")}, {"state", state_of(one)},
      {"begins", text_of(one, "not_before")}, {"expires", text_of(one, "not_after")}, {"fingerprint", text_of(one, "fingerprint")},
      {"not served", text_of(one, "refusal")}, {"authority", text_of(acme, "directory")}, {"renewal", text_of(acme, "renewal")},
      {"last error", text_of(acme, "last_error")}, {"next attempt", text_of(acme, "next_attempt")}};
  for (const auto& [title, text] : lines)
    if (!text.empty()) std::cout << title << std::string(14 - std::string_view(title).size(), ' ') << printable(text) << "\n";
  return kFine;
}

int issue_certificate(const CliOptions& options) { return change(options, "/issue", "was issued"); }

int renew_certificate(const CliOptions& options) { return change(options, "/renew", "was renewed", Json{{"force", options.force}}); }

int revoke_certificate(const CliOptions& options) {
  static const std::vector<std::pair<std::string, int>> kReasons = {
      {"unspecified", 0}, {"key-compromise", 1}, {"affiliation-changed", 3}, {"superseded", 4}, {"cessation-of-operation", 5}};
  std::vector<std::string> words;
  for (const auto& [word, number] : kReasons) {
    if (options.reason.empty() || word == options.reason) return change(options, "/revoke", "was revoked, and another one issued", Json{{"reason", number}});
    words.push_back(word);
  }
  const std::string near = yaml::suggest(options.reason, words);
  return stop(make_error("bad-arguments", "there is no reason '" + options.reason + "'",
                         near.empty() ? "unspecified, key-compromise, affiliation-changed, superseded, cessation-of-operation" : near),
              kWrongInput);
}

int import_certificate(const CliOptions& options) {
  const auto fits = tls::Certificate::load({options.chain_file, options.private_key_file}, runtime::system_clock().wall());
  if (!fits) return stop(fits.error(), kWrongInput);
  auto chain = read_file(options.chain_file), key = read_file(options.private_key_file);
  if (!chain || !key) return stop(chain ? key.error() : chain.error(), kWrongInput);
  const Secret secret(*std::move(key));
  return change(options, "/import", "was taken in", Json{{"chain", *chain}, {"key", secret.reveal()}});
}

int export_certificate(const CliOptions& options) {
  log::configure({.level = log::Level::kCritical});  // stdout is for the table
  struct stat target{};
  if (options.directory == "-" || (::stat(options.directory.c_str(), &target) == 0 && !S_ISDIR(target.st_mode)))
    return stop(make_error("bad-arguments", "'" + options.directory + "' is no directory: a private key is written to a file of its own, and never shown"), kWrongInput);
  RunOptions run{.config = {}, .profiles = options.profiles, .overrides = options.overrides};
  if (!options.config.empty()) run.config = options.config;
  const config::Loaded loaded = config::load(load_options(run));
  if (!loaded.configuration) return std::cerr << config::render(loaded.diagnostics), kWrongInput;
  const auto text = stored(options, loaded.configuration->state.directory + "/certificates");
  if (!text) return stop(text.error(), text.error().slug == "not-found" ? kWrongInput : kFailed);
  const std::size_t start = std::min(text->reveal().find(kBegin), text->reveal().size());
  if (::mkdir(options.directory.c_str(), 0700) != 0 && errno != EEXIST)
    return stop(system_error("output-failed", "cannot make " + options.directory, errno), kFailed);
  const std::string base = options.directory + "/" + (options.name.starts_with("*.") ? "_wildcard." + options.name.substr(2) : options.name);
  Status written = write_new(base + ".key", text->reveal().substr(0, start), 0600);
  if (written) written = write_new(base + ".pem", text->reveal().substr(start), 0644);
  if (!written) return stop(written.error(), kFailed);
  print_items(options.style(), "ExportedFileList", Json::array({{{"file", base + ".pem"}, {"holds", "chain"}}, {{"file", base + ".key"}, {"holds", "private key"}}}),
              {{"file", "FILE"}, {"holds", "HOLDS"}});
  if (!options.quiet) note("it is not renewed there: export it again after a renewal");
  return kFine;
}

int certificate_records(const CliOptions& options) {
  int code = kFine;
  const Json answer = ask_about(options, "GET", path_of(options, "/dns-records"), code);
  if (code != kFine) return code;
  const Json records = list_of(answer, "records");
  if (options.format == "json") print_items(options.style(), "DnsRecordList", records, {});
  else
    for (const Json& one : records)
      std::cout << printable(text_of(one, "name")) << ". IN " << printable(text_of(one, "type")) << " \"" << printable(text_of(one, "value")) << "\"\n";
  if (!options.quiet) note("publish it once; it holds for as long as the account does");
  return kFine;
}

}  // namespace gatehouse::app
