#include "gatehouse/dns/client.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <functional>

#include "fakes/loop_runner.h"
#include "fakes/manual_clock.h"
#include "fakes/scripted_random.h"
#include "gatehouse/dns/propagation.h"
#include "gatehouse/net/listener.h"

namespace gatehouse::dns {
namespace {

using namespace std::chrono_literals;

// A server on one UDP and one TCP port of the same number; the test itself answers.
class Server {
 public:
  Server() {
    for (int i = 0; i < 50 && !tcp_; ++i) {  // the port that UDP got may be taken on TCP
      udp_ = UniqueFd(::socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0));
      sockaddr_in address{.sin_family = AF_INET, .sin_port = 0, .sin_addr = {htonl(INADDR_LOOPBACK)}, .sin_zero = {}};
      EXPECT_EQ(::bind(udp_.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
      auto tcp = net::listen({.host = "127.0.0.1", .port = net::local_endpoint(udp_.get())->port()});
      if (tcp) tcp_ = *std::move(tcp);
    }
  }
  net::Endpoint endpoint() const { return *net::local_endpoint(udp_.get()); }
  bool has_tcp() const { return static_cast<bool>(tcp_); }

  std::string receive() {
    std::string bytes(4096, '\0');
    socklen_t size = sizeof peer_;
    const ssize_t got = ::recvfrom(udp_.get(), bytes.data(), bytes.size(), 0, reinterpret_cast<sockaddr*>(&peer_), &size);
    bytes.resize(got < 0 ? 0 : static_cast<std::size_t>(got));
    return bytes;
  }
  void send(const std::string& bytes) { ::sendto(udp_.get(), bytes.data(), bytes.size(), 0, reinterpret_cast<sockaddr*>(&peer_), sizeof peer_); }
  UniqueFd accept() {
    int error = 0;
    auto accepted = net::accept_one(tcp_.get(), &error);
    return accepted ? std::move(accepted->fd) : UniqueFd();
  }

 private:
  UniqueFd udp_, tcp_;
  sockaddr_in peer_{};
};

class DnsClientTest : public ::testing::Test {
 protected:
  void ask() {
    answer_.reset();
    tasks_.spawn(keep(client_.ask(server_.endpoint(), "a.test", Type::kTxt, 10s), answer_));
  }
  static runtime::Task<void> keep(runtime::Task<Result<Message>> task, std::optional<Result<Message>>& out) { out.emplace(co_await task); }
  Message question() {
    std::string bytes;
    runner_.until([&] { return !(bytes = server_.receive()).empty(); }, 5s);
    return *parse_message(bytes);
  }
  static std::string answer_to(Message message, std::string_view text) {
    message.response = true;
    message.answers.push_back({.name = "a.test", .type = Type::kTxt, .cls = Class::kIn, .ttl = 1, .data = text_data(text)});
    return *encode_message(message);
  }
  bool answered() { return runner_.until([&] { return answer_.has_value(); }, 5s); }
  void pass(runtime::Duration time) {
    for (; time > 0ms; time -= 50ms) {
      clock_.advance(50ms);
      runner_.loop.run_for_test(0ms);
      runner_.loop.run_for_test(0ms);
    }
  }

  fakes::ManualClock clock_;
  fakes::LoopRunner runner_{clock_};
  fakes::SeededRandom random_{1};
  Client client_{runner_.loop, random_};
  Server server_;
  std::optional<Result<Message>> answer_;
  runtime::TaskGroup tasks_;
};

TEST_F(DnsClientTest, GetsAnAnswer) {
  ask();
  server_.send(answer_to(question(), "hello"));
  ASSERT_TRUE(answered());
  ASSERT_TRUE(*answer_) << answer_->error().message;
  EXPECT_EQ((*answer_)->answers[0].strings, std::vector<std::string>{"hello"});
}

TEST_F(DnsClientTest, PassesOverWhatAnswersAnotherQuestion) {
  ask();
  const Message asked = question();
  Message other = asked;
  other.id = static_cast<std::uint16_t>(other.id + 1);
  server_.send(answer_to(other, "wrong id"));
  other = asked;
  other.questions[0].name = "b.test";
  server_.send(answer_to(other, "wrong question"));
  server_.send(*encode_message(asked));  // no answer
  server_.send("garbage");
  server_.send("");
  server_.send(answer_to(asked, "right"));
  ASSERT_TRUE(answered());
  EXPECT_EQ((*answer_)->answers[0].strings, std::vector<std::string>{"right"});
}

TEST_F(DnsClientTest, AsksAgainAndGivesUp) {
  ask();
  const Message first = question();
  EXPECT_TRUE(server_.receive().empty());
  pass(1100ms);
  EXPECT_EQ(question().id, first.id);
  pass(2100ms);
  EXPECT_EQ(question().id, first.id);
  EXPECT_FALSE(answer_);
  pass(10s);
  ASSERT_TRUE(answer_);
  EXPECT_EQ(answer_->error().slug, "dns-timeout");
}

TEST_F(DnsClientTest, UsesAnotherIdEachTime) {
  ask();
  const Message first = question();
  server_.send(answer_to(first, "x"));
  ASSERT_TRUE(answered());
  ask();
  EXPECT_NE(question().id, first.id);
}

TEST_F(DnsClientTest, TakesTcpWhenTheAnswerIsTooLong) {
  ASSERT_TRUE(server_.has_tcp());
  ask();
  Message cut = question();
  cut.response = cut.truncated = true;
  server_.send(*encode_message(cut));
  UniqueFd connection;
  ASSERT_TRUE(runner_.until([&] { return static_cast<bool>(connection = server_.accept()); }, 5s));
  std::string request;
  ASSERT_TRUE(runner_.until([&] {
    char buffer[512];
    const ssize_t got = ::recv(connection.get(), buffer, sizeof buffer, MSG_DONTWAIT);
    if (got > 0) request.append(buffer, static_cast<std::size_t>(got));
    return request.size() > 2 && request.size() == 2U + static_cast<unsigned char>(request[1]);
  }, 5s));
  const std::string answer = answer_to(*parse_message(request.substr(2)), std::string(600, 'x'));
  const std::string framed = std::string{static_cast<char>(answer.size() >> 8), static_cast<char>(answer.size())} + answer;
  ASSERT_GT(::send(connection.get(), framed.data(), 100, MSG_NOSIGNAL), 0);
  runner_.loop.run_for_test(2ms);
  ASSERT_GT(::send(connection.get(), framed.data() + 100, framed.size() - 100, MSG_NOSIGNAL), 0);
  ASSERT_TRUE(answered());
  ASSERT_TRUE(*answer_) << answer_->error().message;
  EXPECT_EQ((*answer_)->answers[0].strings.size(), 3U);
}

TEST_F(DnsClientTest, NoticesThatNobodyListens) {
  Server gone;
  const net::Endpoint endpoint = gone.endpoint();
  gone = Server();
  tasks_.spawn(keep(client_.ask(endpoint, "a.test", Type::kTxt, 10s), answer_));
  ASSERT_TRUE(answered());
  EXPECT_EQ(answer_->error().slug, "dns-unreachable");
}

TEST(ResolvConfTest, IsRead) {
  const auto servers = parse_resolv_conf("# comment\nsearch a.test\nnameserver 192.0.2.1\nnameserver\t2001:db8::1 # x\nnameserverx 1.1.1.1\n"
                                         "nameserver fe80::1%eth0\nnameserver 192.0.2.2\nnameserver 192.0.2.3\n");
  ASSERT_EQ(servers.size(), 3U);
  EXPECT_EQ(servers[0].to_string(), "192.0.2.1:53");
  EXPECT_EQ(servers[1].to_string(), "[2001:db8::1]:53");
  EXPECT_EQ(parse_resolv_conf("")[0].to_string(), "127.0.0.1:53");
}

}  // namespace
}  // namespace gatehouse::dns
