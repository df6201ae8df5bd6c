#include "metrics.h"

namespace gatehouse::edge {

namespace {

constexpr std::array<const char*, 5> kClasses{"1xx", "2xx", "3xx", "4xx", "5xx"};
constexpr std::array<const char*, http::kMethods> kMethodNames{"GET", "HEAD", "POST", "PUT", "DELETE",
                                                               "OPTIONS", "PATCH", "TRACE", "CONNECT", "_other"};

}  // namespace

RouteMetrics declare_route_metrics(metrics::Registry& registry, std::string_view route) {
  RouteMetrics ids;
  for (std::size_t i = 0; i < kClasses.size(); ++i)
    ids.duration[i] = registry.histogram("gatehouse_http_request_duration_seconds", "Time from the first byte of a request to the end of its answer.",
                                         {{"route", std::string(route)}, {"code", kClasses[i]}});
  ids.in_flight = registry.level("gatehouse_http_requests_in_flight", "Requests under way.", {{"route", std::string(route)}});
  return ids;
}

std::vector<ServerMetrics> declare_server_metrics(metrics::Registry& registry, const upstream::Group& group) {
  std::vector<ServerMetrics> list;
  for (const auto& server : group.servers()) {
    const auto with_code = [&](const char* code) {
      return registry.counter("gatehouse_upstream_requests_total", "Requests sent to upstream servers.",
                              {{"upstream", group.settings().name}, {"server", server->name}, {"code", code}});
    };
    ServerMetrics& ids = list.emplace_back();
    for (std::size_t i = 0; i < kClasses.size(); ++i) ids.answers[i] = with_code(kClasses[i]);
    ids.failures = with_code("none");
  }
  return list;
}

ListenerMetrics declare_listener_metrics(metrics::Registry& registry, std::string_view listener) {
  ListenerMetrics ids;
  const std::string name(listener);
  ids.accepted = registry.counter("gatehouse_connections_accepted_total", "Connections accepted.", {{"listener", name}});
  ids.duration = registry.histogram("gatehouse_listener_request_duration_seconds",
                                    "Time from the first byte of a request to the end of its answer.", {{"listener", name}});
  ids.errors = registry.counter("gatehouse_listener_errors_total", "Requests answered with 5xx.", {{"listener", name}});
  const auto handshakes = [&](const char* result, const char* version, const char* resumed) {
    return registry.counter("gatehouse_tls_handshakes_total", "TLS handshakes.",
                            {{"listener", name}, {"result", result}, {"version", version}, {"resumed", resumed}});
  };
  ids.tls12 = {handshakes("ok", "1.2", "no"), handshakes("ok", "1.2", "yes")};
  ids.tls13 = {handshakes("ok", "1.3", "no"), handshakes("ok", "1.3", "yes")};
  ids.handshakes_failed = handshakes("failed", "", "");
  return ids;
}

EdgeMetrics::EdgeMetrics(metrics::Registry& r) : registry(r), unrouted(declare_route_metrics(r, "_none")) {
  for (std::size_t method = 0; method < http::kMethods; ++method)
    for (std::size_t i = 0; i < kClasses.size(); ++i)
      requests[method][i] = registry.counter("gatehouse_http_requests_total", "Requests answered.",
                                             {{"method", kMethodNames[method]}, {"code", kClasses[i]}});
  const auto retries = [&](const char* reason) {
    return registry.counter("gatehouse_upstream_retries_total", "Further attempts for a request.", {{"reason", reason}});
  };
  connect_retries = retries("connect");
  stale_retries = retries("stale_connection");
  registry.declare_counter("gatehouse_upstream_requests_total", "Requests sent to upstream servers.");
  registry.declare_counter("gatehouse_http_requests_refused_total", "Requests refused or broken off.");
  registry.declare_counter("gatehouse_connections_refused_total", "Connections closed at once.");
}

}  // namespace gatehouse::edge
