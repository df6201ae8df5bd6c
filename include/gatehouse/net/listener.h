// Listening sockets, and what comes out of them. All sockets are non-blocking and close-on-exec; accepted ones inherit
// TCP_NODELAY and keep-alive from their listener.
//
// Errors (slugs): "port-in-use" names the program that holds the port when /proc tells; "port-forbidden" (below 1024
// without the capability); "no-such-address" (not an address of this machine); "socket-path" (Unix: the path exists and
// is no socket, or cannot be made); "needs-lookup" (a name); "listen" (anything else).
// Thread: any; nothing here waits.
#pragma once

#include <sys/types.h>

#include <optional>
#include <string>
#include <vector>

#include "gatehouse/base/result.h"
#include "gatehouse/base/unique_fd.h"
#include "gatehouse/net/address.h"

namespace gatehouse::net {

struct ListenOptions {
  std::string name = "NAME";   // of the listener in the configuration, for the help line of an error
  int backlog = 4096;
  mode_t unix_mode = 0600;
};

// One socket. ":8080" listens on IPv6 and IPv4 (IPv4 alone where the machine has no IPv6); "[::]:8080" on IPv6 only.
// Unix: a socket file that nobody listens on any more is replaced; a file of another kind never.
Result<UniqueFd> listen(const Address& address, const ListenOptions& options = {});

// Whether listen() would find this Unix path free; makes and removes nothing.
Status check_unix_free(const Address& address);

// `count` sockets on the same address, one for each loop; the kernel spreads connections over them (SO_REUSEPORT). With
// port 0 all get the same free port. The first socket is bound without sharing, so a second daemon, even of the same
// user, gets "port-in-use" instead of half of the connections. Unix: duplicates of one socket.
Result<std::vector<UniqueFd>> listen_group(const Address& address, unsigned count, const ListenOptions& options = {});

Result<Endpoint> local_endpoint(int fd);  // what port 0 became

struct Accepted {
  UniqueFd fd;
  Endpoint peer;  // of a Unix socket: without a path
};

// Takes one connection, or gives none and says why in `error`: EAGAIN (nothing waits), EMFILE and its like (see
// ReserveDescriptor). A connection that died in the queue is passed over.
std::optional<Accepted> accept_one(int listener, int* error);

bool out_of_descriptors(int error) noexcept;  // EMFILE, ENFILE, ENOBUFS, ENOMEM

// Out of descriptors a listener cannot even refuse: connections would wait in its queue until the clients give up. The
// reserve is given up for a moment, one connection is taken and closed, and the reserve is opened again.
// Owner: one per loop. Thread: its loop.
class ReserveDescriptor {
 public:
  ReserveDescriptor();
  bool refuse_one(int listener) noexcept;  // true: a connection was closed; false: none waits, or nothing is in reserve
  bool ready() const noexcept { return static_cast<bool>(fd_); }

 private:
  UniqueFd fd_;
};

struct PeerCredentials {
  pid_t pid = 0;
  uid_t uid = 0;
  gid_t gid = 0;
};
std::optional<PeerCredentials> peer_credentials(int fd);  // of a connected Unix socket (SO_PEERCRED)

}  // namespace gatehouse::net
