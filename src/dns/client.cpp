#include "gatehouse/dns/client.h"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>

#include "gatehouse/net/connect.h"
#include "wire.h"

namespace gatehouse::dns {

namespace {

using namespace std::chrono_literals;
using runtime::Duration;
using runtime::SteadyTime;

constexpr Duration kFirstPatience = 1s;  // before a datagram is sent again; doubles
constexpr std::size_t kDatagram = 4096;

Error unreachable(const net::Endpoint& server, int error_number) {
  return system_error("dns-unreachable", "cannot reach the DNS server " + server.to_string(), error_number);
}

Error timed_out(const net::Endpoint& server) {
  return make_error("dns-timeout", "the DNS server " + server.to_string() + " does not answer");
}

// An answer to this request and no other. A server may leave the zone out of its answer to an update.
bool answers(std::string_view answer, const Message& request) {
  const auto message = parse_message(answer);
  return message && message->response && message->id == request.id && message->opcode == request.opcode &&
         (message->questions == request.questions || (request.opcode == Opcode::kUpdate && message->questions.empty()));
}

bool is_truncated(std::string_view answer) { return (Cursor(answer, 2).u16() & 0x0200) != 0; }

// Armed until then; false: that is over.
bool arm_until(runtime::Timer& timer, runtime::Loop& loop, SteadyTime until) {
  const Duration left = until - loop.clock().now();
  if (left <= Duration(0)) return false;
  timer.arm(left);
  return true;
}

// Moves bytes until the buffer is full (or sent), the peer ends, or the time is over.
template <class Move, class Ready, class Clear>
runtime::Task<int> move_all(std::size_t size, runtime::Waiter& waiter, runtime::Timer& timer, Move move, Ready ready, Clear clear) {
  for (std::size_t done = 0; done < size;) {
    const ssize_t moved = move(done);
    if (moved > 0) {
      done += static_cast<std::size_t>(moved);
    } else if (moved == 0) {
      co_return ECONNRESET;
    } else if (errno == EAGAIN) {
      clear();
      while (!ready() && !timer.expired()) co_await waiter.wait();
      if (timer.expired()) co_return ETIMEDOUT;
    } else if (errno != EINTR) {
      co_return errno;
    }
  }
  co_return 0;
}

runtime::Task<int> send_all(runtime::Descriptor& descriptor, std::string_view bytes, runtime::Waiter& waiter, runtime::Timer& timer) {
  return move_all(
      bytes.size(), waiter, timer,
      [&descriptor, bytes](std::size_t done) {
        return ::send(descriptor.fd(), bytes.data() + done, bytes.size() - done, MSG_NOSIGNAL);
      },
      [&descriptor] { return descriptor.writable() || descriptor.hangup(); }, [&descriptor] { descriptor.clear_writable(); });
}

runtime::Task<int> receive_all(runtime::Descriptor& descriptor, std::string& bytes, runtime::Waiter& waiter, runtime::Timer& timer) {
  return move_all(
      bytes.size(), waiter, timer,
      [&descriptor, &bytes](std::size_t done) { return ::recv(descriptor.fd(), bytes.data() + done, bytes.size() - done, 0); },
      [&descriptor] { return descriptor.readable() || descriptor.hangup(); }, [&descriptor] { descriptor.clear_readable(); });
}

}  // namespace

std::uint16_t Client::random_id() {
  std::array<std::uint8_t, 2> bytes{};
  random_.fill(bytes);
  return static_cast<std::uint16_t>(bytes[0] << 8 | bytes[1]);
}

runtime::Task<Result<std::string>> Client::over_udp(net::Endpoint server, std::string request, SteadyTime until) {
  UniqueFd fd(::socket(server.storage.ss_family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd || ::connect(fd.get(), server.data(), server.size) != 0) co_return unreachable(server, errno);
  runtime::Waiter waiter(loop_);
  runtime::Timer timer(waiter);
  runtime::Descriptor descriptor(loop_, std::move(fd), &waiter);
  const auto asked = parse_message(request);
  std::string datagram(kDatagram, '\0');
  for (Duration patience = kFirstPatience;; patience *= 2) {
    if (!arm_until(timer, loop_, std::min(until, loop_.clock().now() + patience))) co_return timed_out(server);
    if (::send(descriptor.fd(), request.data(), request.size(), MSG_NOSIGNAL) < 0 && errno != EAGAIN) co_return unreachable(server, errno);
    while (!timer.expired()) {
      const ssize_t got = ::recv(descriptor.fd(), datagram.data(), datagram.size(), 0);
      if (got >= 0) {
        const std::string_view answer(datagram.data(), static_cast<std::size_t>(got));
        if (answers(answer, *asked)) co_return std::string(answer);
        continue;
      }
      if (errno != EAGAIN && errno != EINTR) co_return unreachable(server, errno);
      descriptor.clear_readable();
      while (!descriptor.readable() && !timer.expired()) co_await waiter.wait();
    }
  }
}

runtime::Task<Result<std::string>> Client::over_tcp(net::Endpoint server, std::string request, SteadyTime until) {
  Error error;
  UniqueFd fd = net::start_connect(server, &error);
  if (!fd) co_return make_error("dns-unreachable", error.message);
  runtime::Waiter waiter(loop_);
  runtime::Timer timer(waiter);
  runtime::Descriptor descriptor(loop_, std::move(fd), &waiter);
  if (!arm_until(timer, loop_, until)) co_return timed_out(server);
  Status connected = net::finish_connect(descriptor.fd());
  while (!connected && connected.error().slug == "in-progress" && !timer.expired()) {
    co_await waiter.wait();
    connected = net::finish_connect(descriptor.fd());
  }
  if (timer.expired()) co_return timed_out(server);
  if (!connected) co_return make_error("dns-unreachable", "DNS server " + server.to_string() + ": " + connected.error().message);
  std::string framed;
  put_u16(framed, static_cast<unsigned>(request.size()));
  framed += request;
  int failed = co_await send_all(descriptor, framed, waiter, timer);
  std::string answer(2, '\0');
  if (failed == 0) failed = co_await receive_all(descriptor, answer, waiter, timer);
  if (failed == 0) {
    answer.resize(Cursor(answer).u16());
    failed = co_await receive_all(descriptor, answer, waiter, timer);
  }
  if (failed == ETIMEDOUT) co_return timed_out(server);
  if (failed != 0) co_return unreachable(server, failed);
  const auto asked = parse_message(request);
  if (!answers(answer, *asked)) co_return make_error("dns-message", "the DNS server " + server.to_string() + " answers something else");
  co_return answer;
}

runtime::Task<Result<std::string>> Client::exchange(net::Endpoint server, std::string request, std::chrono::milliseconds deadline) {
  const SteadyTime until = loop_.clock().now() + deadline;
  auto answer = co_await over_udp(server, request, until);
  if (!answer || !is_truncated(*answer)) co_return answer;
  co_return co_await over_tcp(server, std::move(request), until);
}

runtime::Task<Result<Message>> Client::ask(net::Endpoint server, std::string name, Type type, std::chrono::milliseconds deadline) {
  auto request = encode_message(query(random_id(), name, type, true));
  if (!request) co_return std::move(request).error();
  auto answer = co_await exchange(server, *std::move(request), deadline);
  if (!answer) co_return std::move(answer).error();
  co_return parse_message(*answer);
}

runtime::Task<Status> Client::update(UpdateTarget target, Message change, std::chrono::milliseconds deadline) {
  change.id = random_id();
  auto request = encode_message(change);
  if (!request) co_return std::move(request).error();
  auto ready = sign(*std::move(request), target.key, loop_.clock().wall());
  if (!ready) co_return std::move(ready).error();
  auto answer = co_await exchange(target.server, ready->bytes, deadline);
  if (!answer) co_return std::move(answer).error();
  const auto message = parse_message(*answer);
  if (!message) co_return message.error();
  if (Status genuine = verify(*answer, target.key, ready->mac, loop_.clock().wall()); !genuine) {
    // A server that does not know the key cannot sign; what it says is not certain, but it is the best that people can get.
    const bool told = genuine.error().slug == "dns-unsigned" && message->rcode != 0;
    if (!told) co_return genuine;
  }
  if (message->rcode == 0) co_return Status{};
  co_return make_error("dns-refused", "the DNS server " + target.server.to_string() + " refuses the update: " + rcode_text(message->rcode),
                       "does the key have the right to update this zone?");
}

}  // namespace gatehouse::dns
