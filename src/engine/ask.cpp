#include "ask.h"

#include "gatehouse/health/postgres.h"
#include "gatehouse/health/redis.h"
#include "gatehouse/net/connect.h"
#include "gatehouse/tls/stream.h"

namespace gatehouse::engine {

namespace {

using health::Outcome;
using supervisor::SendProbe;
using Verdict = Outcome::Verdict;

constexpr std::size_t kMaxBody = 256 * 1024;
constexpr std::string_view kInitialize =
    R"({"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-06-18","capabilities":{},)"
    R"("clientInfo":{"name":"gatehouse","version":"1"}}})";

Outcome failed(std::string detail) { return {Verdict::kFailed, std::move(detail)}; }

net::Address address_of(const SendProbe& what) {
  if (what.settings.kind == health::Kind::kUnix) return {.host = what.settings.path, .port = 0, .is_unix = true};
  return {.host = what.address, .port = what.settings.port};
}

client::Request request_of(const SendProbe& what, std::shared_ptr<const tls::ClientContext> tls) {
  client::Request request{.peer = {.address = address_of(what)}};
  if (what.settings.tls) request.peer.tls = std::move(tls);
  if (!what.settings.path.empty()) request.target = what.settings.path;
  request.deadline = what.timeout;
  request.max_body = kMaxBody;
  return request;
}

// A connection that asks and listens; null: `why`.
struct Connected {
  std::unique_ptr<tls::Stream> stream;
  std::string why;
};

runtime::Task<Connected> connect(client::Network network, SendProbe what, runtime::Waiter& waiter) {
  const net::Address address = address_of(what);
  auto endpoints = co_await network.resolver.resolve(address);
  if (!endpoints || endpoints->empty()) co_return Connected{nullptr, endpoints ? "no address" : endpoints.error().message};
  Error error;
  UniqueFd fd = net::start_connect(endpoints->front(), &error);
  if (!fd) co_return Connected{nullptr, error.message};
  auto stream = std::make_unique<tls::Stream>(network.loop, std::move(fd), &waiter);
  for (;;) {
    const Status connected = net::finish_connect(stream->fd());
    if (connected) co_return Connected{std::move(stream), {}};
    if (connected.error().slug != "in-progress") co_return Connected{nullptr, connected.error().message};
    co_await waiter.wait();
  }
}

runtime::Task<bool> send(tls::Stream& stream, runtime::Waiter& waiter, Secret bytes) {
  std::string_view left = bytes.reveal();
  while (!left.empty()) {
    const iovec piece{const_cast<char*>(left.data()), left.size()};
    const tls::IoResult put = stream.write({&piece, 1});
    if (put.state == tls::IoState::kDone) left.remove_prefix(put.bytes);
    else if (put.state == tls::IoState::kWouldBlock) co_await waiter.wait();
    else co_return false;
  }
  co_return true;
}

// Feeds a machine until it has decided.
template <class Machine>
runtime::Task<Outcome> listen(tls::Stream& stream, runtime::Waiter& waiter, Machine& machine) {
  std::string buffer(2048, '\0');
  for (;;) {
    const tls::IoResult got = stream.read(buffer);
    if (got.state == tls::IoState::kWouldBlock) {
      co_await waiter.wait();
      continue;
    }
    if (got.state != tls::IoState::kDone) co_return machine.closed();
    if (auto outcome = machine.feed(std::string_view(buffer).substr(0, got.bytes))) co_return std::move(*outcome);
  }
}

Outcome judge(const Result<client::Answer>& answer, const health::ProbeSettings& settings) {
  if (!answer) return failed(answer.error().message);
  if (answer->status < settings.status_first || answer->status > settings.status_last)
    return failed("answered " + std::to_string(answer->status));
  if (answer->body.find(settings.body) == std::string::npos) return failed("the answer does not hold what it should");
  return {Verdict::kPassed, {}};
}

}  // namespace

runtime::Task<Outcome> ask_http(client::Network network, SendProbe what, std::shared_ptr<const tls::ClientContext> tls) {
  auto asked = client::fetch(network, request_of(what, std::move(tls)));
  const auto answer = co_await asked;
  co_return judge(answer, what.settings);
}

// Whoever answers an initialize, with an error too, is an MCP server that works.
runtime::Task<Outcome> ask_mcp(client::Network network, SendProbe what, std::shared_ptr<const tls::ClientContext> tls) {
  client::Request request = request_of(what, std::move(tls));
  request.method = "POST";
  request.headers = {{"Content-Type", "application/json"}, {"Accept", "application/json, text/event-stream"}};
  request.body = kInitialize;
  auto opening = client::open(network, std::move(request));
  auto call = co_await opening;
  if (!call) co_return failed(call.error().message);
  const int status = call->head().status;
  if (status != 200) co_return failed("answered " + std::to_string(status));
  auto piece = co_await call->read(what.timeout);
  if (!piece) co_return failed(piece.error().message);
  if (piece->find("\"jsonrpc\"") == piece->npos) co_return failed("the answer is no JSON-RPC");
  co_return Outcome{Verdict::kPassed, {}};
}

runtime::Task<Outcome> ask_socket(client::Network network, SendProbe what) {
  runtime::Waiter waiter(network.loop);
  const Connected connected = co_await connect(network, std::move(what), waiter);
  if (connected.stream == nullptr) co_return failed(connected.why);
  co_return Outcome{Verdict::kPassed, {}};
}

runtime::Task<Outcome> ask_redis(client::Network network, SendProbe what, Secret password) {
  runtime::Waiter waiter(network.loop);
  health::RedisPing ping(what.settings.user, password);
  const Connected connected = co_await connect(network, std::move(what), waiter);
  if (connected.stream == nullptr) co_return failed(connected.why);
  const bool sent = co_await send(*connected.stream, waiter, ping.request());
  if (!sent) co_return ping.closed();
  co_return co_await listen(*connected.stream, waiter, ping);
}

runtime::Task<Outcome> ask_postgres(client::Network network, SendProbe what) {
  runtime::Waiter waiter(network.loop);
  health::PostgresHello hello(what.settings.user, what.settings.database, false);
  const Connected connected = co_await connect(network, std::move(what), waiter);
  if (connected.stream == nullptr) co_return failed(connected.why);
  const bool sent = co_await send(*connected.stream, waiter, Secret(hello.take_output()));
  if (!sent) co_return hello.closed();
  co_return co_await listen(*connected.stream, waiter, hello);
}

}  // namespace gatehouse::engine
