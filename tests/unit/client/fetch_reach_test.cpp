// Reaching a peer, and the deadline of a call.
#include <sys/un.h>

#include <condition_variable>
#include <filesystem>
#include <mutex>

#include "fetch_fixture.h"

namespace gatehouse::client {
namespace {

constexpr std::string_view kOk = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";

net::Endpoint endpoint(std::string host, std::uint16_t port) {
  return *net::to_endpoint({.host = std::move(host), .port = port});
}

// A port where nobody listens.
std::uint16_t free_port() {
  const auto fd = net::listen({.host = "127.0.0.1", .port = 0});
  return net::local_endpoint(fd->get())->port();
}

// Listens, takes nobody, and its queue is full: a connection is neither made nor refused.
class FullListener {
 public:
  FullListener() : listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    net::Endpoint at = endpoint("127.0.0.1", 0);
    EXPECT_EQ(::bind(listener_.get(), at.data(), at.size), 0);
    EXPECT_EQ(::listen(listener_.get(), 0), 0);
    at = *net::local_endpoint(listener_.get());
    for (int i = 0; i < 4; ++i) {
      waiting_.emplace_back(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
      ::connect(waiting_.back().get(), at.data(), at.size);
    }
  }
  std::uint16_t port() const { return net::local_endpoint(listener_.get())->port(); }

 private:
  UniqueFd listener_;
  std::vector<UniqueFd> waiting_;
};

TEST_F(FetchTest, NobodyListens) {
  const std::uint16_t port = free_port();
  const std::string name = "127.0.0.1:" + std::to_string(port);
  EXPECT_EQ(outcome({.peer = {.address = {.host = "127.0.0.1", .port = port}}}),
            "unreachable: cannot connect to " + name + ": Connection refused");
  names_["a.test"] = {endpoint("127.0.0.1", port)};
  EXPECT_EQ(outcome({.peer = {.address = {.host = "a.test", .port = port}}}),
            "unreachable: cannot connect to a.test:" + std::to_string(port) + ": " + name + ": Connection refused");
}

TEST_F(FetchTest, NobodyHasTheName) {
  EXPECT_EQ(outcome({.peer = {.address = {.host = "nowhere.test", .port = 80}}}),
            "unreachable: cannot connect to nowhere.test:80: cannot resolve 'nowhere.test': Name or service not known");
}

TEST_F(FetchTest, UnixSocketsByPathAndByName) {
  RawServer server(loop_, {.answer = std::string(kOk)}, RawServer::Unix{});
  EXPECT_EQ(outcome({.peer = unix_peer(server.path())}), "200 hi");
  EXPECT_NE(server.received.find("\r\nHost: localhost\r\n"), std::string::npos);
  EXPECT_EQ(outcome({.peer = unix_peer("@gatehouse-nobody")}),
            "unreachable: cannot connect to @gatehouse-nobody: Connection refused");
  EXPECT_TRUE(outcome({.peer = unix_peer("@" + std::string(200, 'x'))}).starts_with("unreachable: "));

  const std::string directory = std::filesystem::path(testing::TempDir()) / "gatehouse_fetch";
  std::filesystem::create_directories(directory);
  const std::string path = directory + "/x.sock";
  EXPECT_EQ(outcome({.peer = unix_peer(path)}), "unreachable: cannot connect to " + path + ": No such file or directory");
  {
    const auto listener = net::listen({.host = path, .is_unix = true});
    ASSERT_TRUE(listener) << listener.error().message;
    std::optional<Result<Answer>> out;
    runtime::TaskGroup group;
    group.spawn(keep(fetch(network(), {.peer = unix_peer(path)}), out));
    turn();
    int error = 0;
    const auto accepted = net::accept_one(listener->get(), &error);
    ASSERT_TRUE(accepted);
    ASSERT_EQ(::send(accepted->fd.get(), kOk.data(), kOk.size(), 0), static_cast<ssize_t>(kOk.size()));
    ASSERT_TRUE(run_until(out));
    EXPECT_EQ(said(*out), "200 hi");
  }
  EXPECT_EQ(outcome({.peer = unix_peer(path)}), "unreachable: cannot connect to " + path + ": Connection refused");
  std::filesystem::remove_all(directory);
}

TEST_F(FetchTest, EveryAddressOfANameIsTried) {
  RawServer server(loop_, {.answer = std::string(kOk)});
  const std::uint16_t port = server.port();
  names_["a.test"] = {endpoint("127.0.0.2", port), endpoint("127.0.0.3", port), endpoint("127.0.0.1", port)};
  EXPECT_EQ(outcome({.peer = {.address = {.host = "a.test", .port = port}}}), "200 hi");
  EXPECT_EQ(server.accepted, 1);
  EXPECT_NE(server.received.find("\r\nHost: a.test:" + std::to_string(port) + "\r\n"), std::string::npos);
}

TEST_F(FetchTest, AnAddressThatDoesNotAnswerHoldsUpTheNextForAQuarterOfASecond) {
  FullListener full;
  RawServer server(loop_, {.answer = std::string(kOk)});
  names_["a.test"] = {endpoint("127.0.0.1", full.port()), endpoint("127.0.0.1", server.port())};
  std::optional<Result<Answer>> out;
  runtime::TaskGroup group;
  group.spawn(keep(fetch(network(), {.peer = {.address = {.host = "a.test", .port = 80}}}), out));
  for (int i = 0; i < 20; ++i) loop_.run_for_test(1ms);
  pass(200ms);
  EXPECT_EQ(server.accepted, 0);
  pass(100ms);
  turn();
  ASSERT_TRUE(out);
  EXPECT_EQ(said(*out), "200 hi");
}

class DeadlineTest : public FetchTest {
 protected:
  // How a call with a deadline of ten seconds ends, and that it does not end before.
  std::string end_of(Request request) {
    request.deadline = 10s;
    std::optional<Result<Answer>> out;
    runtime::TaskGroup group;
    group.spawn(keep(fetch(network(), std::move(request)), out));
    turn();
    pass(9900ms);
    EXPECT_FALSE(out) << said(*out);
    pass(200ms);
    return out ? said(*out) : "hangs";
  }
};

TEST_F(DeadlineTest, CoversTheLookUp) {
  std::mutex mutex;
  std::condition_variable changed;
  bool released = false;
  runtime::OffloadPool pool(1);
  net::Resolver slow(loop_, pool, [&](const net::Address&) -> Result<net::Endpoints> {
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return released; });
    return make_error("name-not-found", "late");
  });
  std::optional<Result<Answer>> out;
  runtime::TaskGroup group;
  group.spawn(keep(fetch({loop_, slow}, {.peer = {.address = {.host = "a.test", .port = 80}}, .deadline = 10s}), out));
  turn();
  pass(10100ms);
  ASSERT_TRUE(out);
  EXPECT_EQ(said(*out), "timeout: a.test:80 took more than 10000 ms (looking up the name)");
  {
    const std::lock_guard lock(mutex);
    released = true;
  }
  changed.notify_all();
}

TEST_F(DeadlineTest, CoversConnecting) {
  FullListener full;
  const std::string name = "127.0.0.1:" + std::to_string(full.port());
  EXPECT_EQ(end_of({.peer = {.address = {.host = "127.0.0.1", .port = full.port()}}}),
            "timeout: " + name + " took more than 10000 ms (connecting)");
}

TEST_F(DeadlineTest, CoversTheHandshake) {
  RawServer server(loop_, {.after = Script::After::kNever});
  Request request = get(server);
  request.peer.tls = *tls::ClientContext::build({.insecure = true});
  EXPECT_TRUE(end_of(std::move(request)).ends_with("(in the TLS handshake)"));
}

TEST_F(DeadlineTest, CoversSending) {
  RawServer server(loop_, {.after = Script::After::kNever});
  Request request = get(server);
  request.method = "POST";
  request.body = std::string(30'000'000, 'x');
  EXPECT_TRUE(end_of(std::move(request)).ends_with("(sending the request)"));
}

TEST_F(DeadlineTest, CoversWaiting) {
  RawServer server(loop_, {.after = Script::After::kNever});
  EXPECT_TRUE(end_of(get(server)).ends_with("(waiting for the answer)"));
}

TEST_F(DeadlineTest, CoversAHeadInSlowDrops) {
  RawServer server(loop_, {.answer = std::string(kOk), .drip = 1s});
  EXPECT_TRUE(end_of(get(server)).ends_with("(waiting for the answer)"));
}

TEST_F(DeadlineTest, CoversABodyInSlowDrops) {
  RawServer server(loop_, {.answer = "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n" + std::string(100, 'x'), .drip = 150ms});
  EXPECT_TRUE(end_of(get(server)).ends_with("(reading the answer)"));
  pass(500ms);
  EXPECT_EQ(server.open, 0);  // the connection is gone with the call
}

}  // namespace
}  // namespace gatehouse::client
