#include "gatehouse/podman/client.h"

#include <charconv>

#include "creation.h"
#include "json.h"
#include "parse.h"
#include "target.h"

namespace gatehouse::podman {

namespace {

using std::chrono::milliseconds;

constexpr std::size_t kMaxList = 16 * 1024 * 1024;

// The words of the client, in ours: what matters is whether something may have been done.
Error lost(Error error) {
  static constexpr std::pair<std::string_view, std::string_view> kSlugs[] = {
      {"unreachable", "podman-unreachable"}, {"bad-url", "podman-unreachable"},     {"bad-request", "podman-refused"},
      {"timeout", "podman-timeout"},         {"answer-too-large", "podman-bad-answer"}};
  std::string_view slug = "podman-lost";
  for (const auto& [theirs, ours] : kSlugs)
    if (error.slug == theirs) slug = ours;
  return make_error(slug, std::move(error.message), std::move(error.help));
}

std::string container_target(std::string_view container, std::string_view what) {
  return "/containers/" + encoded(container) + std::string(what);
}

template <class T>
Result<T> parsed(Result<client::Answer> answer, Result<T> (*parse)(std::string_view)) {
  if (!answer) return std::move(answer).error();
  return parse(answer->body);
}

}  // namespace

Result<client::Peer> peer_of(std::string_view url, std::shared_ptr<const tls::ClientContext> tls) {
  constexpr std::string_view kUnix = "unix://", kTcp = "tcp://";
  if (url.starts_with(kUnix) && url.substr(kUnix.size()).starts_with('/')) return client::unix_peer(std::string(url.substr(kUnix.size())));
  if (!url.starts_with(kTcp)) return make_error("bad-socket", "'" + std::string(url) + "' is no unix:///path and no tcp://host:port");
  if (tls == nullptr)
    return make_error("bad-socket", "Podman over TCP without TLS would be open to everybody", "use unix:///run/podman/podman.sock");
  const auto address = net::parse_address(url.substr(kTcp.size()));
  if (!address) return make_error("bad-socket", address.error().message);
  return client::Peer{.address = *address, .tls = std::move(tls)};
}

Client::Client(client::Network network, client::Peer peer, Deadlines deadlines)
    : network_(network), peer_(std::move(peer)), deadlines_(deadlines) {}

client::Request Client::request_of(Call call) const {
  client::Request request{.peer = peer_, .method = std::move(call.method), .target = "/v4.0.0/libpod" + call.target};
  request.deadline = call.deadline > milliseconds(0) ? call.deadline : deadlines_.look;
  request.max_body = call.max_body;
  if (!call.body.empty()) request.headers.emplace_back("Content-Type", "application/json");
  request.body = std::move(call.body);
  return request;
}

runtime::Task<Result<client::Answer>> Client::ask(Call call) {
  auto asked = client::fetch(network_, request_of(std::move(call)));
  auto answer = co_await asked;
  if (!answer) co_return lost(std::move(answer).error());
  if (answer->status >= 400) co_return parse_error(answer->status, answer->body);
  co_return std::move(*answer);
}

runtime::Task<Status> Client::change(Call call, std::string_view done_when) {
  if (call.deadline == milliseconds(0)) call.deadline = deadlines_.change;
  auto answer = co_await ask(std::move(call));
  if (answer) co_return Status();
  if (!done_when.empty() && answer.error().slug == done_when) co_return Status();
  co_return std::move(answer).error();
}

runtime::Task<Result<Version>> Client::ping() {
  auto answer = co_await ask({"GET", "/_ping"});
  if (!answer) co_return std::move(answer).error();
  co_return parse_version(answer->header("Libpod-API-Version"));
}

// ---- containers

runtime::Task<Result<std::vector<Listed>>> Client::list(std::string label) {
  const std::string filters = encoded(Json{{"label", {label}}}.dump());
  auto answer = co_await ask({"GET", "/containers/json?all=true&filters=" + filters, {}, {}, kMaxList});
  co_return parsed(std::move(answer), parse_list);
}

runtime::Task<Result<Details>> Client::inspect(std::string container) {
  auto answer = co_await ask({"GET", container_target(container, "/json")});
  co_return parsed(std::move(answer), parse_details);
}

runtime::Task<Result<std::string>> Client::create(Creation creation) {
  auto answer = co_await ask({"POST", "/containers/create", creation_json(creation), deadlines_.change});
  co_return parsed(std::move(answer), parse_created);
}

runtime::Task<Status> Client::start(std::string container) {
  co_return co_await change({"POST", container_target(container, "/start")});
}

runtime::Task<Status> Client::stop(std::string container, std::optional<milliseconds> grace) {
  constexpr milliseconds kLongestGrace{600'000};  // that a container may say itself
  std::string target = container_target(container, "/stop");
  const auto seconds = std::chrono::ceil<std::chrono::seconds>(grace.value_or(milliseconds(0)));
  if (grace) target += "?timeout=" + std::to_string(seconds.count());
  co_return co_await change({"POST", std::move(target), {}, grace.value_or(kLongestGrace) + deadlines_.after_grace});
}

runtime::Task<Status> Client::kill(std::string container, std::string signal) {
  co_return co_await change({"POST", container_target(container, "/kill?signal=" + encoded(signal))});
}

runtime::Task<Status> Client::unpause(std::string container) {
  co_return co_await change({"POST", container_target(container, "/unpause")});
}

// Never with its named volumes.
runtime::Task<Status> Client::remove(std::string container, bool force) {
  co_return co_await change({"DELETE", container_target(container, force ? "?force=true&timeout=0" : "?force=false"), {}},
                            "podman-not-found");
}

runtime::Task<Status> Client::update(std::string container, Limits limits) {
  co_return co_await change({"POST", container_target(container, "/update"), limits_json(limits)});
}

runtime::Task<Result<HealthRun>> Client::run_health_command(std::string container, milliseconds deadline) {
  auto answer = co_await ask({"GET", container_target(container, "/healthcheck"), {}, deadline});
  co_return parsed(std::move(answer), parse_health_run);
}

// ---- networks, volumes, secrets

runtime::Task<Result<std::vector<NetworkInfo>>> Client::networks() {
  auto answer = co_await ask({"GET", "/networks/json", {}, {}, kMaxList});
  co_return parsed(std::move(answer), parse_networks);
}

runtime::Task<Status> Client::create_network(std::string name, std::string subnet, Labels labels) {
  co_return co_await change({"POST", "/networks/create", network_json(name, subnet, labels)}, "podman-conflict");
}

runtime::Task<Status> Client::connect(std::string container, std::string network, std::vector<std::string> aliases) {
  std::string body = Json{{"container", container}, {"aliases", aliases}}.dump();
  co_return co_await change({"POST", "/networks/" + encoded(network) + "/connect", std::move(body)}, "podman-conflict");
}

runtime::Task<Status> Client::disconnect(std::string container, std::string network) {
  std::string body = Json{{"Container", container}, {"Force", false}}.dump();
  co_return co_await change({"POST", "/networks/" + encoded(network) + "/disconnect", std::move(body)});
}

runtime::Task<Result<std::vector<std::string>>> Client::volumes() {
  auto answer = co_await ask({"GET", "/volumes/json", {}, {}, kMaxList});
  co_return parsed(std::move(answer), parse_volumes);
}

runtime::Task<Status> Client::create_volume(std::string name, Labels labels) {
  std::string body = Json{{"Name", name}, {"Labels", labels}}.dump();
  co_return co_await change({"POST", "/volumes/create", std::move(body)}, "podman-conflict");
}

runtime::Task<Status> Client::remove_volume(std::string name) {
  co_return co_await change({"DELETE", "/volumes/" + encoded(name)}, "podman-not-found");
}

runtime::Task<Result<std::vector<std::string>>> Client::secrets() {
  auto answer = co_await ask({"GET", "/secrets/json", {}, {}, kMaxList});
  co_return parsed(std::move(answer), parse_secrets);
}

runtime::Task<Result<Labels>> Client::secret_labels(std::string name) {
  auto answer = co_await ask({"GET", "/secrets/" + encoded(name) + "/json"});
  co_return parsed(std::move(answer), parse_secret_labels);
}

runtime::Task<Status> Client::create_secret(std::string name, Secret value, Labels labels) {
  std::string target = "/secrets/create?name=" + encoded(name) + "&driver=file&labels=" + encoded(Json(labels).dump());
  co_return co_await change({"POST", std::move(target), std::string(value.reveal())}, "podman-conflict");
}

runtime::Task<Status> Client::remove_secret(std::string name) {
  co_return co_await change({"DELETE", "/secrets/" + encoded(name)}, "podman-not-found");
}

runtime::Task<Result<std::string>> Client::image(std::string reference) {
  auto answer = co_await ask({"GET", "/images/" + encoded(reference) + "/json"});
  co_return parsed(std::move(answer), parse_image);
}

}  // namespace gatehouse::podman
