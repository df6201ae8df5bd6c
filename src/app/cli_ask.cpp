#include "cli_ask.h"

#include <sys/socket.h>
#include <sys/un.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <iterator>
#include <optional>

#include "cli.h"
#include "gatehouse/base/unique_fd.h"

namespace gatehouse::app {
namespace {

constexpr std::chrono::seconds kPatience{30};

// Where a daemon puts its socket, by what a service manager says, by default, and when it runs from a checkout.
std::vector<std::string> socket_places(const CliOptions& options) {
  if (!options.socket.empty()) return {options.socket};
  const auto variable = [](const char* name) { const char* const value = std::getenv(name); return std::string(value == nullptr ? "" : value); };
  if (std::string named = variable("GATEHOUSE_SOCKET"); !named.empty()) return {std::move(named)};
  std::vector<std::string> places;
  for (const char* const name : {"RUNTIME_DIRECTORY", "STATE_DIRECTORY"}) {
    const std::string value = variable(name);
    if (!value.empty()) places.push_back(value.substr(0, value.find(':')) + "/admin.sock");
  }
  for (const char* const place : {"/run/gatehouse/admin.sock", "/var/lib/gatehouse/admin.sock", "./build/state/admin.sock"}) places.emplace_back(place);
  return places;
}

// Why nobody answers there; nothing when somebody listens.
std::optional<std::string> knock(const std::string& place) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (place.size() >= sizeof address.sun_path) return "a socket's path has at most 107 bytes";
  std::memcpy(address.sun_path, place.data(), place.size());
  if (place.starts_with('@')) address.sun_path[0] = '\0';
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + place.size() + (place.starts_with('@') ? 0 : 1));
  const UniqueFd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  const bool open = fd && (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), size) == 0 || errno == EAGAIN);
  if (open) return std::nullopt;
  return std::generic_category().message(errno);
}

// One line that names every place that was tried.
std::string nobody_answers(const CliOptions& options, const std::string& reason) {
  const std::vector<std::string> places = socket_places(options);
  if (places.size() == 1) return "the daemon does not answer on " + places[0] + ": " + reason;
  std::string text;
  for (const std::string& place : places) text += (text.empty() ? "" : ", ") + place + " (" + knock(place).value_or(reason) + ")";
  return "the daemon does not answer on any of: " + text;
}

std::string last_part(const std::string& message) {
  const std::size_t colon = message.rfind(": ");
  return colon == std::string::npos ? message : message.substr(colon + 2);
}

// What the caller wrote, not what the daemon does.
bool is_wrong_input(const Error& error) {
  for (const std::string_view slug : {"bad-url", "bad-arguments", "unreadable-file", "unknown-server"})
    if (error.slug == slug) return true;
  return false;
}

}  // namespace

std::chrono::milliseconds patience(const CliOptions& options, std::chrono::milliseconds otherwise) {
  return options.timeout.value_or(otherwise);
}

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
  const std::vector<std::string> places = socket_places(options);
  if (places.size() == 1) return places[0];
  for (const std::string& place : places)
    if (!knock(place)) return place;
  return places[0];
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
  request.deadline = patience(options, kPatience);
  if (!key->empty()) request.headers.emplace_back("Authorization", "Bearer " + std::string(key->reveal()));
  if (!body.is_null()) {
    request.headers.emplace_back("Content-Type", "application/json");
    request.body = body.dump(-1, ' ', false, Json::error_handler_t::replace);
  }
  return client::request(request);
}

int fail(Error error, const CliOptions& options) {
  const bool away = error.slug == "unreachable";
  if (away && options.url.empty()) {
    error = make_error("daemon-unreachable", nobody_answers(options, last_part(error.message)),
                       "systemctl status gatehouse, or name its socket with --socket    (exit code 3)");
  } else if (error.slug == "timeout") {
    error.help = "it is there, but needs longer: --timeout 5m";
  }
  print_error(error);
  return away ? kUnreachable : is_wrong_input(error) ? kWrongInput : kFailed;
}

Json ask_json(const CliOptions& options, std::string method, const std::string& path, int& code, const Json& body) {
  auto answer = ask(options, std::move(method), path, body);
  if (!answer) {
    code = fail(std::move(answer).error(), options);
    return {};
  }
  if (answer->status / 100 != 2) {
    code = fail(problem(*answer), options);
    if (answer->status == 400 || answer->status == 422) code = kWrongInput;
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
