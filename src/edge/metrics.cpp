#include "metrics.h"

namespace gatehouse::edge {

namespace {

constexpr std::array<const char*, 5> kClasses{"1xx", "2xx", "3xx", "4xx", "5xx"};

}  // namespace

RouteMetrics declare_route_metrics(metrics::Registry& registry, std::string_view route) {
  RouteMetrics ids;
  for (std::size_t i = 0; i < kClasses.size(); ++i)
    ids.duration[i] = registry.histogram("gatehouse_http_request_duration_seconds", "Time from the first byte of a request to the end of its answer.",
                                         {{"route", std::string(route)}, {"code", kClasses[i]}});
  return ids;
}

ListenerMetrics declare_listener_metrics(metrics::Registry& registry, std::string_view listener) {
  ListenerMetrics ids;
  const std::string name(listener);
  ids.accepted = registry.counter("gatehouse_connections_accepted_total", "Connections accepted.", {{"listener", name}});
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
  registry.declare_counter("gatehouse_http_requests_refused_total", "Requests refused or broken off.");
  registry.declare_counter("gatehouse_connections_refused_total", "Connections closed at once.");
}

}  // namespace gatehouse::edge
