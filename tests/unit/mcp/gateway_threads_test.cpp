// Two loops on two threads: a session that was opened on one is used from the other. Meant for the tsan preset.
#include <gtest/gtest.h>

#include <fstream>
#include <future>
#include <memory>
#include <thread>

#include "fakes/fake_exchange.h"
#include "gatehouse/mcp/gateway.h"
#include "gatehouse/runtime/process.h"

namespace gatehouse::mcp {
namespace {

using fakes::FakeExchange;

struct Answer {
  int status = 0;
  std::string session, output;
};

struct Worker {
  explicit Worker(unsigned index) : loop(runtime::system_clock(), index) {}
  runtime::Loop loop;
  std::vector<std::unique_ptr<FakeExchange>> exchanges;
  std::unique_ptr<runtime::TaskGroup> group = std::make_unique<runtime::TaskGroup>();
  std::thread thread;
};

runtime::Task<void> serve(http::Handler& handler, FakeExchange& exchange, std::promise<Answer>& done) {
  co_await handler.handle(exchange);
  done.set_value({exchange.status(), exchange.header("Mcp-Session-Id"), exchange.output()});
}

Answer ask(Worker& worker, http::Handler& handler, const std::string& method, http::Headers headers, std::string body) {
  std::promise<Answer> done;
  auto answer = done.get_future();
  headers.emplace_back("Content-Type", "application/json");
  worker.loop.post([&] {
    worker.exchanges.push_back(std::make_unique<FakeExchange>(worker.loop, method, "/mcp", headers, body));
    worker.group->spawn(serve(handler, *worker.exchanges.back(), done));
  });
  return answer.get();
}

constexpr const char* kEcho = R"SH(while read -r line; do
  id=$(printf '%s' "$line" | sed -n 's/.*"id":\([0-9]*\),.*/\1/p')
  [ -n "$id" ] && printf '{"jsonrpc":"2.0","method":"notifications/message","params":{}}\n{"jsonrpc":"2.0","id":%s,"result":{"protocolVersion":"2025-11-25"}}\n' "$id"
done)SH";

TEST(GatewayThreads, SessionIsUsedFromBothLoops) {
  Worker a(0), b(1);
  Settings settings;
  ServerSettings child;
  child.name = "child";
  child.command = {"sh", "-c", kEcho};
  settings.servers = {child};
  settings.endpoints = {{"/mcp", {"child"}, true, false}};
  settings.max_queue_bytes = 64;  // full at once: the way back is used too
  {
    Gateway gateway(settings, Ports{{&a.loop, &b.loop}, nullptr, nullptr, nullptr, {}});
    for (Worker* worker : {&a, &b}) worker->thread = std::thread([worker] { worker->loop.run(); });
    const Answer opened = ask(a, gateway.handler(), "POST", {}, R"({"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25"}})");
    EXPECT_EQ(opened.status, 200) << opened.output;
    for (int i = 0; i < 20; ++i) {
      const std::string body = R"({"jsonrpc":"2.0","id":)" + std::to_string(i) + R"(,"method":"x"})";
      const Answer answer = ask(i % 2 == 0 ? b : a, gateway.handler(), "POST", {{"Mcp-Session-Id", opened.session}}, body);
      EXPECT_NE(answer.output.find("\"id\":" + std::to_string(i) + ",\"result\""), std::string::npos) << answer.output;
    }
    gateway.reload(settings, {});
    EXPECT_EQ(gateway.session_count(), 1u);
    EXPECT_EQ(ask(b, gateway.handler(), "DELETE", {{"Mcp-Session-Id", opened.session}}, "").status, 204);
    for (Worker* worker : {&a, &b}) {
      worker->loop.stop();
      worker->thread.join();
      worker->group.reset();
      worker->exchanges.clear();
    }
  }
  EXPECT_EQ(runtime::live_processes(), 0u);
}

}  // namespace
}  // namespace gatehouse::mcp
