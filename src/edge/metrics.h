// The edge's metric ids, declared once per route and listener when a snapshot is built, so that a request only adds to
// counters.
#pragma once

#include <array>
#include <string_view>

#include "gatehouse/metrics/metrics.h"

namespace gatehouse::edge {

struct RouteMetrics {
  std::array<metrics::HistogramId, 5> duration;  // by class of the status: 1xx 2xx 3xx 4xx 5xx
};
RouteMetrics declare_route_metrics(metrics::Registry& registry, std::string_view route);

struct ListenerMetrics {
  metrics::CounterId accepted;
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
};

}  // namespace gatehouse::edge
