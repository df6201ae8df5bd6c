#include "gatehouse/admin/api.h"

#include <algorithm>
#include <exception>

#include "answers.h"
#include "endpoints.h"
#include "gatehouse/base/log.h"
#include "identity.h"
#include "later.h"

namespace gatehouse::admin {

namespace {

constexpr std::size_t kBodyLimit = 64 * 1024;

std::string_view media_type(const http::Exchange& exchange) {
  const std::string_view value = exchange.request().fields.value(http::FieldId::kContentType);
  std::string_view type = value.substr(0, value.find(';'));
  while (type.ends_with(' ') || type.ends_with('\t')) type.remove_suffix(1);
  return type;
}

http::Response unauthenticated(std::string_view request_id) {
  http::Response response = http::problem(401, "missing-credentials", "this needs an API key or a token", request_id);
  response.headers.emplace_back("WWW-Authenticate", "Bearer");
  return response;
}

http::Response overloaded(std::string_view request_id) {
  http::Response response = http::problem(503, "overloaded", "too much work is waiting", request_id);
  response.headers.emplace_back("Retry-After", "1");
  return response;
}

bool may_read_metrics(const http::Exchange& exchange, const access::Identity& identity, const Ports& ports) {
  if (exchange.principal().credential == "socket") return true;
  if (!exchange.principal().anonymous() && identity.scopes.contains({access::Scope::kGatewayRead})) return true;
  const std::string_view address = exchange.client().address;
  const net::Address client{.host = std::string(address), .port = 0, .is_unix = false};
  if (client.is_loopback()) return true;
  const std::vector<net::Cidr> allowed = ports.metrics_allow ? ports.metrics_allow() : std::vector<net::Cidr>{};
  return std::any_of(allowed.begin(), allowed.end(), [&](const net::Cidr& network) { return network.contains(address); });
}

http::Response lacking(const access::Scopes& scopes, const Error& error, std::string_view request_id) {
  http::Response response = http::problem(403, "forbidden", error.message, request_id);
  response.headers.emplace_back("WWW-Authenticate",
                                "Bearer error=\"insufficient_scope\", scope=\"" + scopes.to_string() + "\"");
  return response;
}

// What stands against this caller; nothing: go on.
std::optional<http::Response> refuse_caller(const http::Exchange& exchange, const Endpoint& endpoint,
                                            const access::Identity& identity, const Ports& ports) {
  const std::string_view request_id = exchange.client().request_id;
  switch (endpoint.who) {
    case Who::kAnybody:
      return std::nullopt;
    case Who::kMetricsReader:
      if (may_read_metrics(exchange, identity, ports)) return std::nullopt;
      return http::problem(403, "forbidden", "metrics are for listed addresses, or need the scope gateway:read", request_id);
    case Who::kKnown:
    case Who::kScope:
      break;
  }
  if (exchange.principal().anonymous()) return unauthenticated(request_id);
  if (const Status may = access::require(identity, endpoint.scopes); !may) return lacking(endpoint.scopes, may.error(), request_id);
  return std::nullopt;
}

std::optional<http::Response> refuse_type(const http::Exchange& exchange, const Endpoint& endpoint) {
  const std::string_view type = media_type(exchange);
  const std::string_view request_id = exchange.client().request_id;
  if (endpoint.body == Body::kJson && !http::equals_ignoring_case(type, "application/json")) {
    return http::problem(415, "unsupported-media-type", "the body must be application/json", request_id);
  }
  if (endpoint.body == Body::kForm && !http::equals_ignoring_case(type, "application/x-www-form-urlencoded")) {
    return unprocessable("the body must be a form (application/x-www-form-urlencoded)", request_id);
  }
  return std::nullopt;
}

http::Response refuse_path(const Match& match, std::string_view request_id) {
  if (match.allow.empty()) return http::problem(404, "not-found", "there is nothing at this path", request_id);
  http::Response response = http::problem(405, "method-not-allowed", "allowed here: " + match.allow, request_id);
  response.headers.emplace_back("Allow", match.allow);
  return response;
}

http::Response run(const Endpoint& endpoint, const Call& call) noexcept {
  try {
    return endpoint.answer(call);
  } catch (const std::exception& problem) {
    log::error("admin", "endpoint.failed", "an endpoint failed", {{"path", endpoint.path}, {"error", problem.what()}});
    return http::problem(500, "internal", "internal error", call.request_id);
  }
}

runtime::Task<void> respond(http::Exchange& exchange, http::Response response) {
  response.headers.emplace_back("Cache-Control", "no-store");
  co_await exchange.respond(std::move(response));
}

}  // namespace

struct Api::State {
  std::shared_ptr<const Ports> ports;
};

Api::Api(Ports ports) : state_(std::make_unique<State>(State{std::make_shared<const Ports>(std::move(ports))})) {}
Api::~Api() = default;

runtime::Task<void> Api::handle(http::Exchange& exchange) {
  const std::shared_ptr<const Ports> ports = state_->ports;
  const http::RequestHead& request = exchange.request();
  Match match = find_endpoint(request.method, request.path);
  if (match.endpoint == nullptr) {
    co_await respond(exchange, refuse_path(match, exchange.client().request_id));
    co_return;
  }
  const Endpoint& endpoint = *match.endpoint;
  Call call{.ports = ports,
            .identity = identity_of(exchange.principal(), request.fields.value(http::FieldId::kAuthorization), ports->clock->wall()),
            .params = std::move(match.params),
            .body = {},
            .client = throttle_client(exchange.client().address),
            .request_id = std::string(exchange.client().request_id)};
  std::optional<http::Response> refused = refuse_caller(exchange, endpoint, call.identity, *ports);
  if (!refused) refused = refuse_type(exchange, endpoint);
  if (refused) {
    co_await respond(exchange, *std::move(refused));
    co_return;
  }
  if (endpoint.body != Body::kNone) {
    auto body = co_await exchange.read_body(kBodyLimit);
    if (!body) co_return;  // answered already
    call.body = *std::move(body);
  }
  if (endpoint.where == Where::kLater) {
    auto answer = co_await later(exchange, endpoint, std::move(call));
    if (answer) co_await respond(exchange, *std::move(answer));
    co_return;
  }
  if (endpoint.where == Where::kLoop) {
    co_await respond(exchange, run(endpoint, call));
    co_return;
  }
  runtime::OffloadPool& pool = endpoint.where == Where::kHashing ? *ports->hashing : *ports->offload;
  std::optional<http::Response> answer = co_await runtime::offload(
      pool, exchange.loop(), [&endpoint, call = std::move(call)] { return run(endpoint, call); });
  co_await respond(exchange, answer ? *std::move(answer) : overloaded(exchange.client().request_id));
}

std::vector<edge::RouteSettings> Api::routes() {
  std::vector<edge::RouteSettings> routes;
  for (const char* path : {"/livez", "/readyz", "/health", "/metrics", "/openapi.json", "/.well-known/certificate-status", "/auth/", "/gateway/",
                           "/admin/"}) {
    edge::RouteSettings route;
    route.path = path;
    route.auth = edge::Auth::kNone;
    route.handler = "admin";
    route.body_limit = kBodyLimit;
    route.source = "built in";
    routes.push_back(std::move(route));
  }
  return routes;
}

}  // namespace gatehouse::admin
