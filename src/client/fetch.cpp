#include "gatehouse/client/fetch.h"

#include "connection.h"
#include "deadline.h"
#include "dial.h"
#include "gatehouse/base/check.h"
#include "request_head.h"

namespace gatehouse::client {

namespace {

using ConnectionPtr = std::unique_ptr<Connection>;
using Milliseconds = std::chrono::milliseconds;

// Sends and looks for the answer at the same time: it may come before the request is complete.
runtime::Task<Status> exchange(Connection& connection, Deadline& deadline, std::optional<Milliseconds> head_deadline) {
  runtime::Waiter waiter(connection.loop);
  const Watch watch(connection, waiter);
  bool sent = false;
  for (;;) {
    auto complete = connection.read_head();
    if (!complete) co_return std::move(complete).error();
    if (*complete) co_return Status();
    Status sending = connection.send();
    if (!sending) co_return std::move(sending).error();
    if (connection.upload.done() && !std::exchange(sent, true)) {
      deadline.doing = "waiting for the answer";
      if (head_deadline) deadline.restart(*head_deadline);
    }
    co_await waiter.wait();
  }
}

runtime::Task<Result<ConnectionPtr>> begin(Network network, Request request, Deadline& deadline) {
  auto stream = co_await dial(network, request.peer, deadline);
  if (!stream) co_return std::move(stream).error();
  deadline.doing = "sending the request";
  auto connection = std::make_unique<Connection>(network.loop, name_of(request.peer), *std::move(stream), request);
  Status answered = co_await exchange(*connection, deadline, request.head_deadline);
  if (!answered) co_return std::move(answered).error();
  co_return connection;
}

runtime::Task<Result<Answer>> whole(Network network, Request request, Deadline& deadline) {
  const std::size_t max_body = request.max_body;
  request.head_deadline.reset();
  auto connection = co_await begin(network, std::move(request), deadline);
  if (!connection) co_return std::move(connection).error();
  deadline.doing = "reading the answer";
  auto body = co_await (*connection)->collect(max_body);
  if (!body) co_return std::move(body).error();
  co_return Answer{std::move((*connection)->head), *std::move(body)};
}

}  // namespace

std::string_view Head::header(std::string_view name) const noexcept {
  for (const auto& [own, value] : headers) {
    if (http::equals_ignoring_case(own, name)) return value;
  }
  return {};
}

runtime::Task<Result<Answer>> fetch(Network network, Request request) {
  if (Status good = check_request(request); !good) co_return std::move(good).error();
  if (!request.upgrade.empty()) co_return make_error("bad-request", "an upgrade has no whole answer");
  Deadline deadline(network.loop, request.deadline);
  std::string who = name_of(request.peer);
  auto work = whole(network, std::move(request), deadline);
  co_return co_await within(deadline, std::move(who), std::move(work));
}

runtime::Task<Result<Call>> open(Network network, Request request) {
  if (Status good = check_request(request); !good) co_return std::move(good).error();
  Deadline deadline(network.loop, request.deadline);
  std::string who = name_of(request.peer);
  auto work = begin(network, std::move(request), deadline);
  auto connection = co_await within(deadline, std::move(who), std::move(work));
  if (!connection) co_return std::move(connection).error();
  co_return Call(*std::move(connection));
}

Call::Call(ConnectionPtr connection) noexcept : connection_(std::move(connection)) {}
Call::Call(Call&&) noexcept = default;
Call& Call::operator=(Call&&) noexcept = default;
Call::~Call() = default;

const Head& Call::head() const noexcept { return connection_->head; }
const Error& Call::error() const noexcept { return connection_->error; }
bool Call::upgraded() const noexcept { return connection_->upgraded; }
Piece Call::try_read() { return connection_->read_body(); }
void Call::set_waiter(runtime::Waiter* waiter) noexcept { connection_->set_waiter(waiter); }

runtime::Task<Result<std::string_view>> Call::read(Milliseconds idle) {
  return connection_->await(&Connection::read_body, idle);
}

runtime::Task<Result<std::string>> Call::read_all(std::size_t max_body, Milliseconds time) {
  Deadline deadline(connection_->loop, time);
  deadline.doing = "reading the answer";
  std::string who = connection_->who;
  auto work = connection_->collect(max_body);
  co_return co_await within(deadline, std::move(who), std::move(work));
}

Tunnel Call::take_tunnel() {
  GATEHOUSE_CHECK(upgraded());
  connection_->begin_raw();
  return Tunnel(std::move(connection_));
}

Tunnel::Tunnel(ConnectionPtr connection) noexcept : connection_(std::move(connection)) {}
Tunnel::Tunnel(Tunnel&&) noexcept = default;
Tunnel& Tunnel::operator=(Tunnel&&) noexcept = default;
Tunnel::~Tunnel() = default;

const Error& Tunnel::error() const noexcept { return connection_->error; }
Piece Tunnel::try_read() { return connection_->read_raw(); }
Result<std::size_t> Tunnel::try_write(std::string_view bytes) { return connection_->write_raw(bytes); }
void Tunnel::shutdown_write() noexcept { connection_->stream->shutdown_write(); }
void Tunnel::set_waiter(runtime::Waiter* waiter) noexcept { connection_->set_waiter(waiter); }

runtime::Task<Result<std::string_view>> Tunnel::read(Milliseconds idle) {
  return connection_->await(&Connection::read_raw, idle);
}

runtime::Task<Status> Tunnel::write(std::string_view bytes, Milliseconds time) { return connection_->write(bytes, time); }

}  // namespace gatehouse::client
