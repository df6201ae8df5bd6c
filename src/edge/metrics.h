// The edge's metric ids, declared once per route and listener when a snapshot is built, so that a request only adds to
// counters.
#pragma once

#include <array>
#include <string_view>
#include <vector>

#include "gatehouse/http/message.h"
#include "gatehouse/metrics/metrics.h"
#include "gatehouse/upstream/pool.h"

namespace gatehouse::edge {

struct RouteMetrics {
  std::array<metrics::HistogramId, 5> duration;  // by class of the status: 1xx 2xx 3xx 4xx 5xx
  metrics::GaugeId in_flight;
};
RouteMetrics declare_route_metrics(metrics::Registry& registry, std::string_view route);

struct ServerMetrics {
  std::array<metrics::CounterId, 5> answers;  // by class of the status
  metrics::CounterId failures;                // no answer came
};
std::vector<ServerMetrics> declare_server_metrics(metrics::Registry& registry, const upstream::Group& group);  // by Server::index

struct ListenerMetrics {
  metrics::CounterId accepted;
  metrics::HistogramId duration;
  metrics::CounterId errors;  // answers of 5xx
  struct Handshakes {
    metrics::CounterId full, resumed;
  };
  Handshakes tls12, tls13;
  metrics::CounterId handshakes_failed;
};
ListenerMetrics declare_listener_metrics(metrics::Registry& registry, std::string_view listener);

struct EdgeMetrics {
  explicit EdgeMetrics(metrics::Registry& registry);
  metrics::Registry& registry;
  RouteMetrics unrouted;
  std::array<std::array<metrics::CounterId, 5>, http::kMethods> requests;  // by method and class of the status
  metrics::CounterId connect_retries, stale_retries;
};

}  // namespace gatehouse::edge
