#include "gatehouse/net/listener.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

#include "gatehouse/net/connect.h"

namespace gatehouse::net {
namespace {

Address loopback(std::uint16_t port = 0) { return {"127.0.0.1", port, false}; }

std::uint16_t port_of(const UniqueFd& fd) { return local_endpoint(fd.get())->port(); }

UniqueFd connect_to(const Endpoint& endpoint) {
  Error error;
  UniqueFd fd = start_connect(endpoint, &error);
  if (!fd) return fd;
  pollfd ready{fd.get(), POLLOUT, 0};
  ::poll(&ready, 1, 5000);
  return finish_connect(fd.get()) ? std::move(fd) : UniqueFd();
}

std::optional<Accepted> accept_waiting(int listener) {
  pollfd ready{listener, POLLIN, 0};
  ::poll(&ready, 1, 5000);
  int error = 0;
  return accept_one(listener, &error);
}

int option(int fd, int level, int name) {
  int value = -1;
  socklen_t size = sizeof value;
  ::getsockopt(fd, level, name, &value, &size);
  return value;
}

class Directory {
 public:
  Directory() {
    char name[] = "/tmp/gatehouse-net-XXXXXX";
    path_ = ::mkdtemp(name);
  }
  ~Directory() { std::filesystem::remove_all(path_); }
  std::string file(const std::string& name) const { return path_ + "/" + name; }

 private:
  std::string path_;
};

TEST(Listener, AcceptsAndTellsWhoCame) {
  const auto listener = listen(loopback());
  ASSERT_TRUE(listener);
  EXPECT_NE(port_of(*listener), 0);
  EXPECT_TRUE(::fcntl(listener->get(), F_GETFD) & FD_CLOEXEC);
  int error = 0;
  EXPECT_FALSE(accept_one(listener->get(), &error));
  EXPECT_EQ(error, EAGAIN);
  const UniqueFd client = connect_to(*local_endpoint(listener->get()));
  ASSERT_TRUE(client);
  const auto accepted = accept_waiting(listener->get());
  ASSERT_TRUE(accepted);
  EXPECT_EQ(accepted->peer.to_string(), local_endpoint(client.get())->to_string());
  EXPECT_TRUE(::fcntl(accepted->fd.get(), F_GETFD) & FD_CLOEXEC);
  EXPECT_TRUE(::fcntl(accepted->fd.get(), F_GETFL) & O_NONBLOCK);
  for (const int fd : {accepted->fd.get(), client.get()}) {
    EXPECT_EQ(option(fd, IPPROTO_TCP, TCP_NODELAY), 1);
    EXPECT_EQ(option(fd, SOL_SOCKET, SO_KEEPALIVE), 1);
    EXPECT_EQ(option(fd, IPPROTO_TCP, TCP_KEEPIDLE), 60);
  }
}

TEST(Listener, EveryAddressMeansBothFamilies) {
  const auto listener = listen(Address{"", 0, false});
  ASSERT_TRUE(listener);
  const UniqueFd v4 = connect_to(*to_endpoint(loopback(port_of(*listener))));
  ASSERT_TRUE(v4);
  EXPECT_EQ(accept_waiting(listener->get())->peer.address_only(), "127.0.0.1");
}

TEST(Listener, ColonsMeanIpv6Only) {
  const auto listener = listen(Address{"::1", 0, false});
  if (!listener) GTEST_SKIP() << "no IPv6 here: " << listener.error().message;
  EXPECT_EQ(option(listener->get(), IPPROTO_IPV6, IPV6_V6ONLY), 1);
}

TEST(Listener, NamesWhoHoldsThePort) {
  const auto first = listen(loopback());
  ASSERT_TRUE(first);
  const auto second = listen(loopback(port_of(*first)), {.name = "http"});
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().slug, "port-in-use");
  const std::string port = std::to_string(port_of(*first));
  const std::string next = std::to_string(port_of(*first) == 65535 ? 65534 : port_of(*first) + 1);
  EXPECT_EQ(second.error().message,
            "cannot listen on 127.0.0.1:" + port + ": in use by test_net (pid " + std::to_string(::getpid()) + ")");
  EXPECT_EQ(second.error().help, "stop it, or choose another port: --set listeners.http.address=127.0.0.1:" + next);
}

TEST(Listener, RefusesNamesAndForeignAddresses) {
  EXPECT_EQ(listen(Address{"host.name", 0, false}).error().slug, "needs-lookup");
  EXPECT_EQ(listen(Address{"192.0.2.77", 0, false}).error().slug, "no-such-address");
}

TEST(Listener, LowPortsNeedACapability) {
  // In a child, because it gives its rights away.
  const pid_t child = ::fork();
  if (child == 0) {
    if (::setgid(65534) != 0 || ::setuid(65534) != 0) ::_exit(2);
    const auto listener = listen(Address{"127.0.0.1", 81, false}, {.name = "http"});
    if (listener) ::_exit(2);  // the machine lets everybody
    const bool right = listener.error().slug == "port-forbidden" && listener.error().help.find("CAP_NET_BIND_SERVICE") != std::string::npos;
    ::_exit(right ? 0 : 1);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  if (WEXITSTATUS(status) == 2) GTEST_SKIP() << "low ports are free here, or rights cannot be given away";
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

TEST(ListenGroup, SharesOnePort) {
  const auto group = listen_group(loopback(), 4);
  ASSERT_TRUE(group) << group.error().message;
  ASSERT_EQ(group->size(), 4u);
  std::vector<UniqueFd> clients;
  for (int i = 0; i < 200; ++i) clients.push_back(connect_to(*local_endpoint((*group)[0].get())));
  int reached = 0, total = 0;
  for (const UniqueFd& fd : *group) {
    EXPECT_EQ(port_of(fd), port_of((*group)[0]));
    int taken = 0, error = 0;
    while (accept_one(fd.get(), &error)) ++taken;
    reached += taken > 0 ? 1 : 0;
    total += taken;
  }
  EXPECT_EQ(total, 200);
  EXPECT_EQ(reached, 4);
}

TEST(ListenGroup, IsNotSharedWithASecondDaemon) {
  const auto group = listen_group(loopback(), 2);
  ASSERT_TRUE(group);
  for (const unsigned count : {1u, 2u}) {
    const auto second = listen_group(loopback(port_of(group->front())), count);
    ASSERT_FALSE(second) << count;
    EXPECT_EQ(second.error().slug, "port-in-use");
  }
  EXPECT_EQ(listen(loopback(port_of(group->front()))).error().slug, "port-in-use");
}

TEST(ListenGroup, StartsAgainAtOnceAfterItsConnections) {
  std::uint16_t port = 0;
  {
    auto group = listen_group(loopback(), 2);
    ASSERT_TRUE(group);
    port = port_of(group->front());
    const UniqueFd client = connect_to(*local_endpoint(group->front().get()));
    int error = 0;
    for (const UniqueFd& fd : *group) accept_one(fd.get(), &error);  // closed here first: TIME_WAIT on our side
  }
  EXPECT_TRUE(listen_group(loopback(port), 2));
}

TEST(UnixListener, HasItsModeFromTheStart) {
  const Directory directory;
  const mode_t before = ::umask(0077);
  for (const mode_t mode : {mode_t{0600}, mode_t{0660}}) {
    const Address address{directory.file("s" + std::to_string(mode)), 0, true};
    const auto listener = listen(address, {.unix_mode = mode});
    ASSERT_TRUE(listener) << listener.error().message;
    struct stat info {};
    ::stat(address.host.c_str(), &info);
    EXPECT_EQ(info.st_mode & 0777, mode);
  }
  ::umask(before);
}

TEST(UnixListener, KnowsItsPeer) {
  const Directory directory;
  const Address address{directory.file("s"), 0, true};
  const auto listener = listen(address);
  ASSERT_TRUE(listener);
  const UniqueFd client = connect_to(*to_endpoint(address));
  ASSERT_TRUE(client);
  const auto accepted = accept_waiting(listener->get());
  ASSERT_TRUE(accepted);
  const auto peer = peer_credentials(accepted->fd.get());
  ASSERT_TRUE(peer);
  EXPECT_EQ(peer->pid, ::getpid());
  EXPECT_EQ(peer->uid, ::getuid());
  EXPECT_EQ(peer->gid, ::getgid());
  EXPECT_FALSE(peer_credentials(listen(loopback())->get()));
}

TEST(UnixListener, ReplacesTheStaleAndSparesTheLive) {
  const Directory directory;
  const Address address{directory.file("s"), 0, true};
  auto listener = listen(address);
  ASSERT_TRUE(listener);
  const auto second = listen(address);
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().slug, "port-in-use");
  EXPECT_NE(second.error().message.find("test_net (pid " + std::to_string(::getpid()) + ")"), std::string::npos)
      << second.error().message;
  EXPECT_EQ(check_unix_free(address).error().slug, "port-in-use");
  listener->reset();
  EXPECT_TRUE(check_unix_free(address));
  EXPECT_TRUE(std::filesystem::exists(address.host)) << "looking removes nothing";
  const auto third = listen(address);
  ASSERT_TRUE(third) << third.error().message;
  EXPECT_TRUE(connect_to(*to_endpoint(address)));
}

TEST(UnixListener, NeverRemovesWhatIsNoSocket) {
  const Directory directory;
  const std::string path = directory.file("precious");
  std::ofstream(path) << "data";
  EXPECT_EQ(listen(Address{path, 0, true}).error().slug, "socket-path");
  EXPECT_EQ(std::filesystem::file_size(path), 4u);
  const std::string link = directory.file("link");
  std::filesystem::create_symlink(path, link);
  EXPECT_EQ(listen(Address{link, 0, true}).error().slug, "socket-path");
  EXPECT_TRUE(std::filesystem::is_symlink(link));
  EXPECT_EQ(listen(Address{directory.file("missing/s"), 0, true}).error().slug, "socket-path");
}

TEST(ReserveDescriptor, RefusesWhenNoneAreLeft) {
  const auto listener = listen(loopback());
  ASSERT_TRUE(listener);
  const UniqueFd client = connect_to(*local_endpoint(listener->get()));
  ASSERT_TRUE(client);
  ReserveDescriptor reserve;
  ASSERT_TRUE(reserve.ready());
  rlimit before{};
  ::getrlimit(RLIMIT_NOFILE, &before);
  const UniqueFd lowest(::dup(client.get()));  // every descriptor below it is taken
  const rlimit full{static_cast<rlim_t>(lowest.get()) + 1, before.rlim_max};
  ::setrlimit(RLIMIT_NOFILE, &full);
  int error = 0;
  const bool taken = accept_one(listener->get(), &error).has_value();
  const bool refused = reserve.refuse_one(listener->get());
  const bool again = reserve.refuse_one(listener->get());
  const bool ready = reserve.ready();
  ::setrlimit(RLIMIT_NOFILE, &before);
  EXPECT_FALSE(taken);
  EXPECT_TRUE(out_of_descriptors(error)) << error;
  EXPECT_TRUE(refused);
  EXPECT_FALSE(again);
  EXPECT_TRUE(ready);
  pollfd closed{client.get(), POLLIN, 0};
  EXPECT_EQ(::poll(&closed, 1, 5000), 1);
}

TEST(Connect, SaysWhyNot) {
  auto listener = listen(loopback());
  const Endpoint endpoint = *local_endpoint(listener->get());
  listener->reset();
  Error error;
  const UniqueFd fd = start_connect(endpoint, &error);
  if (fd) {
    pollfd ready{fd.get(), POLLOUT, 0};
    ::poll(&ready, 1, 5000);
    const Status connected = finish_connect(fd.get());
    ASSERT_FALSE(connected);
    error = connected.error();
  }
  EXPECT_EQ(error.slug, "connect");
  EXPECT_NE(error.message.find("Connection refused"), std::string::npos) << error.message;
  const Directory directory;
  EXPECT_FALSE(start_connect(*to_endpoint(Address{directory.file("none"), 0, true}), &error));
  EXPECT_NE(error.message.find("No such file"), std::string::npos) << error.message;
}

}  // namespace
}  // namespace gatehouse::net
