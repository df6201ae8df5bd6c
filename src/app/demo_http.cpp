// `gatehouse demo --http ADDRESS`: the demonstration server behind the same edge that everything else uses.
#include <signal.h>

#include <cstdio>

#include "demo.h"
#include "gatehouse/edge/server.h"
#include "gatehouse/runtime/signals.h"

namespace gatehouse::app {

int run_demo_http(const DemoSettings& settings, const std::string& address) {
  ::signal(SIGPIPE, SIG_IGN);
  auto parsed = net::parse_address(address);
  if (!parsed) {
    std::fprintf(stderr, "gatehouse: --http: %s\n", parsed.error().message.c_str());
    return 2;
  }
  metrics::Registry registry;
  runtime::OffloadPool offload(1);
  runtime::Loop loop(runtime::system_clock());
  DemoHandler handler(settings, runtime::system_random());
  edge::Ports ports;
  ports.handlers = {{"demo", &handler}};
  ports.metrics = &registry;
  ports.offload = &offload;
  ports.random = &runtime::system_random();
  edge::Server server({&loop}, std::move(ports));

  edge::Settings edge_settings;
  edge_settings.listeners.push_back({.name = "demo", .address = *parsed});
  edge::RouteSettings route;
  route.handler = "demo";
  route.auth = edge::Auth::kNone;
  route.source = "built in";
  edge_settings.routes.push_back(std::move(route));
  if (auto applied = server.apply(edge_settings, {}); !applied) {
    std::fprintf(stderr, "gatehouse: %s\n", applied.error().message.c_str());
    return 1;
  }
  const runtime::Signals signals(loop, {SIGTERM, SIGINT}, [&loop](int) { loop.stop(); });
  loop.run();
  server.stop();
  return 0;
}

}  // namespace gatehouse::app
