#include "cli_ask.h"

#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <fstream>
#include <iterator>

#include "cli.h"

namespace gatehouse::app {
namespace {

constexpr const char* kSocketPlaces[] = {"/run/gatehouse/admin.sock", "./build/state/admin.sock"};

}  // namespace

Result<Secret> read_secret_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return system_error("unreadable-file", "cannot open " + path, errno);
  std::string text(std::istreambuf_iterator<char>(file), {});
  while (text.ends_with('\n') || text.ends_with('\r')) text.pop_back();
  return Secret(std::move(text));
}

Result<Secret> credential(const CliOptions& options) {
  if (!options.key_file.empty()) return read_secret_file(options.key_file);
  const char* const key = std::getenv("GATEHOUSE_API_KEY");
  return Secret(options.url.empty() || key == nullptr ? "" : key);
}

std::string find_socket(const CliOptions& options) {
  if (!options.socket.empty()) return options.socket;
  if (const char* const named = std::getenv("GATEHOUSE_SOCKET"); named != nullptr && *named != '\0') return named;
  for (const char* const place : kSocketPlaces) {
    if (::access(place, F_OK) == 0) return place;
  }
  return kSocketPlaces[0];
}

// The daemon's answers say in problem+json what is wrong; `type` ends with the slug.
Error problem(const client::HttpAnswer& answer) {
  const Json body = Json::parse(answer.body, nullptr, false);
  const auto text = [&body](const char* key) {
    return body.is_object() && body.contains(key) && body[key].is_string() ? body[key].get<std::string>() : std::string();
  };
  std::string slug = text("type");
  slug = slug.substr(slug.find_last_of("/#") + 1);
  const std::string detail = text("detail").empty() ? text("title") : text("detail");
  return make_error(slug.empty() ? "refused" : slug, "the daemon answered " + std::to_string(answer.status) + (detail.empty() ? "" : ": " + detail));
}

Result<client::HttpAnswer> ask(const CliOptions& options, std::string method, const std::string& path, const Json& body) {
  auto key = credential(options);
  if (!key) return std::move(key).error();
  client::HttpRequest request;
  request.unix_socket = options.url.empty() ? find_socket(options) : "";
  request.url = (options.url.empty() ? "http://localhost" : options.url) + path;
  request.method = std::move(method);
  request.trust = {!options.insecure, options.ca_file};
  request.deadline = std::chrono::seconds(options.timeout_seconds);
  if (!key->empty()) request.headers.emplace_back("Authorization", "Bearer " + std::string(key->reveal()));
  if (!body.is_null()) {
    request.headers.emplace_back("Content-Type", "application/json");
    request.body = body.dump(-1, ' ', false, Json::error_handler_t::replace);
  }
  return client::request(request);
}

int fail(Error error, const CliOptions& options) {
  const bool away = error.slug == "unreachable" || error.slug == "timeout";
  if (away && options.url.empty()) {
    error = make_error("daemon-unreachable", "the daemon does not answer on " + find_socket(options) + ": " +
                       error.message.substr(error.message.rfind(": ") == std::string::npos ? 0 : error.message.rfind(": ") + 2),
                       "systemctl status gatehouse, or name its socket with --socket    (exit code 3)");
  }
  print_error(error);
  return away ? kUnreachable : kFailed;
}

Json ask_json(const CliOptions& options, std::string method, const std::string& path, int& code, const Json& body) {
  auto answer = ask(options, std::move(method), path, body);
  if (!answer) {
    code = fail(std::move(answer).error(), options);
    return {};
  }
  if (answer->status / 100 != 2) {
    code = fail(problem(*answer), options);
    return {};
  }
  code = kFine;
  Json value = Json::parse(answer->body, nullptr, false);
  return value.is_discarded() ? Json() : value;
}

std::string text_of(const Json& object, const char* key) {
  return object.is_object() && object.contains(key) && object[key].is_string() ? object[key].get<std::string>() : "";
}

Json list_of(const Json& answer, const char* key) {
  if (answer.is_array()) return answer;
  for (const char* const name : {key, "items"}) {
    if (answer.is_object() && answer.contains(name) && answer[name].is_array()) return answer[name];
  }
  return Json::array();
}

}  // namespace gatehouse::app
