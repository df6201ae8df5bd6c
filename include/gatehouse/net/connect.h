// Outgoing connections, without waiting: start, wait until the descriptor is writable, finish.
//
//   Error error;
//   UniqueFd fd = net::start_connect(endpoint, &error);
//   if (!fd) return error;
//   tls::Stream stream(loop, std::move(fd), &waiter);
//   Status connected = net::finish_connect(stream.fd());
//   while (!connected && connected.error().slug == "in-progress" && !timer.expired()) {
//     co_await waiter.wait();
//     connected = net::finish_connect(stream.fd());
//   }
//
// Errors have the slug "connect". Thread: any.
#pragma once

#include "gatehouse/base/result.h"
#include "gatehouse/base/unique_fd.h"
#include "gatehouse/net/address.h"

namespace gatehouse::net {

// TCP_NODELAY, and keep-alive after 60 s of silence. `error` may be null.
UniqueFd start_connect(const Endpoint& endpoint, Error* error);

// The outcome. A new runtime::Descriptor claims to be writable, so ask at once and, while the slug is "in-progress", again
// after each wake-up.
Status finish_connect(int fd);

}  // namespace gatehouse::net
