#include "observe.h"

#include <algorithm>

#include "gatehouse/base/access_log.h"
#include "gatehouse/base/log.h"

namespace gatehouse::edge {

namespace {

std::size_t status_class(int status) { return static_cast<std::size_t>(std::clamp(status / 100, 1, 5) - 1); }

// Of a head that was refused: what had been read of it, as it was received. Other forms of a target may hold a password.
void describe_refused(const http::RequestHead& request, std::string_view end, AccessRecord& line) {
  line.host = request.fields.value(http::FieldId::kHost);
  if (request.target.starts_with('/')) line.path = request.target.substr(0, request.target.find('?'));
  if (end == "refused:unsupported_version") line.proto = {request.target.data() + request.target.size() + 1, 8};
}

void write_line(Session& s, runtime::SteadyTime end) {
  const Record& record = s.record;
  const http::RequestHead& request = s.block->request;
  AccessRecord line;
  line.request_id = record.request_id;
  line.trace_id = record.trace_id;
  line.client = record.client;
  line.method = request.method;
  line.host = request.authority;
  line.path = request.path;
  line.proto = request.minor_version > 0 ? "HTTP/1.1" : "HTTP/1.0";
  if (request.path.empty()) describe_refused(request, record.end, line);
  line.status = static_cast<unsigned>(record.status);
  line.duration = end - record.begin;
  if (s.answered) line.ttfb = record.first_byte - record.begin;
  line.bytes_in = record.bytes_in;
  line.bytes_out = record.bytes_out;
  line.user_agent = request.fields.value(http::FieldId::kUserAgent);
  if (record.route != nullptr) line.route = record.route->name;
  line.principal = s.principal.name;
  line.upstream = record.upstream;
  line.server = record.server;
  line.attempts = record.attempts;
  if (record.upstream_head != runtime::SteadyTime{}) line.upstream_time = record.upstream_head - record.upstream_begin;
  line.tls = s.tls.version;
  line.alpn = s.tls.alpn;
  line.listener = s.listener->settings.name;
  line.end = record.end;
  line.mcp_method = record.mcp_method;
  line.mcp_tool = record.mcp_tool;
  line.mcp_server = record.mcp_server;
  line.mcp_error = record.mcp_error;
  std::array<char, kMaxLogLine> buffer;
  const std::size_t size = format_access_line(buffer, line, record.wall_at(end));
  s.worker.access_ring->push({buffer.data(), size});
}

}  // namespace

void note_routed(Session& s) {
  s.in_flight.emplace(s.worker.counters, s.snapshot->shared->route_metrics[s.record.route->metrics].in_flight);
}

void observe(Session& s) {
  s.in_flight.reset();
  if (!s.record.begun()) return;  // nothing of a request arrived
  const runtime::SteadyTime end = s.worker.loop.clock().now();
  const RouteMetrics& ids = s.record.route != nullptr ? s.snapshot->shared->route_metrics[s.record.route->metrics]
                                                      : s.worker.metrics.unrouted;
  const std::size_t code = status_class(s.record.status);
  s.worker.counters.observe(ids.duration[code], end - s.record.begin);
  s.worker.counters.observe(s.listener->metrics.duration, end - s.record.begin);
  if (s.record.status >= 500) s.worker.counters.add(s.listener->metrics.errors);
  s.worker.counters.add(s.worker.metrics.requests[static_cast<std::size_t>(s.block->request.method_id)][code]);
  if (s.worker.access_ring != nullptr && s.settings().access_log) write_line(s, end);
}

void count_refusal(Session& s, std::string_view reason) {
  constexpr std::string_view kPrefix = "refused:";
  if (reason.starts_with(kPrefix)) reason.remove_prefix(kPrefix.size());
  const LoopSnapshot& snapshot = *s.snapshot;
  const auto known = snapshot.refusals.find(std::pair(s.record.route, reason));
  if (known != snapshot.refusals.end()) return s.worker.counters.add(known->second);
  const std::string route = s.record.route != nullptr ? s.record.route->name : "_none";
  const auto id = s.worker.metrics.registry.counter("gatehouse_http_requests_refused_total", "Requests refused or broken off.",
                                                    {{"route", route}, {"reason", std::string(reason)}});
  snapshot.refusals.emplace(std::pair(s.record.route, std::string(reason)), id);
  s.worker.counters.add(id);
}

void count_upstream(Session& s, const Route& route, const upstream::Server& server, int status) {
  const ServerMetrics& ids = s.snapshot->shared->server_metrics[static_cast<std::size_t>(route.group)][server.index];
  s.worker.counters.add(status == 0 ? ids.failures : ids.answers[status_class(status)]);
}

void note_handshake(Session& s) {
  s.tls = s.stream.handshake_info();
  const ListenerMetrics& metrics = s.listener->metrics;
  const ListenerMetrics::Handshakes& ids = s.tls.version == "TLSv1.3" ? metrics.tls13 : metrics.tls12;
  s.worker.counters.add(s.tls.resumed ? ids.resumed : ids.full);
}

void note_handshake_failed(Session& s, std::string_view why) {
  Worker& worker = s.worker;
  worker.counters.add(s.listener->metrics.handshakes_failed);
  const runtime::SteadyTime now = worker.loop.clock().now();
  if (now - worker.handshake_failure_told < std::chrono::seconds(1)) return void(++worker.handshake_failures_untold);
  worker.handshake_failure_told = now;
  log::info("edge", "tls.handshake_failed", "a TLS handshake failed",
            {{"listener", s.listener->settings.name}, {"client", s.peer}, {"reason", why},
             {"more", std::exchange(worker.handshake_failures_untold, 0)}});
}

void count_accepted(Worker& worker, const Listener& listener) { worker.counters.add(listener.metrics.accepted); }

void count_connection_refused(Worker& worker, std::string_view reason) {
  worker.counters.add(worker.metrics.registry.counter("gatehouse_connections_refused_total", "Connections closed at once.",
                                                      {{"reason", std::string(reason)}}));
}

void note_upstream_error(Session& s, const Error& error) {
  log::warn("edge", "upstream.connect_failed", "cannot reach the upstream",
            {{"upstream", s.record.upstream}, {"request_id", s.record.request_id}, {"error", error.message}});
}

}  // namespace gatehouse::edge
