#include "gatehouse/client/inspect.h"

#include "deadline.h"
#include "dial.h"
#include "request_head.h"

namespace gatehouse::client {

namespace {

runtime::Task<Result<std::string>> look(Network network, Peer peer, Deadline& deadline) {
  auto stream = co_await dial(network, std::move(peer), deadline);
  if (!stream) co_return std::move(stream).error();
  co_return (*stream)->peer_certificate();
}

}  // namespace

runtime::Task<Result<std::string>> shown_certificate(Network network, Peer peer, std::chrono::milliseconds time) {
  Deadline deadline(network.loop, time);
  std::string who = name_of(peer);
  auto work = look(network, std::move(peer), deadline);
  co_return co_await within(deadline, std::move(who), std::move(work));
}

}  // namespace gatehouse::client
