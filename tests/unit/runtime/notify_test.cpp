#include "gatehouse/runtime/notify.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstddef>
#include <cstdlib>
#include <cstring>

#include "fakes/manual_clock.h"

namespace gatehouse::runtime {
namespace {

// The manager's end: a datagram socket with an abstract name, or with a path.
class Manager {
 public:
  explicit Manager(std::string path = {}) : fd_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)), path_(std::move(path)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, path_.data(), path_.size());
    // Without a name the kernel chooses a free abstract one.
    const std::size_t length = path_.empty() ? 0 : path_.size() + 1;
    EXPECT_EQ(::bind(fd_.get(), reinterpret_cast<sockaddr*>(&address),
                     static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + length)),
              0);
  }
  ~Manager() {
    if (!path_.empty()) ::unlink(path_.c_str());
  }

  std::string name() const {
    if (!path_.empty()) return path_;
    sockaddr_un address{};
    socklen_t length = sizeof address;
    ::getsockname(fd_.get(), reinterpret_cast<sockaddr*>(&address), &length);
    std::string text(address.sun_path, length - offsetof(sockaddr_un, sun_path));
    text[0] = '@';
    return text;
  }

  std::string receive() {
    char buffer[2048];
    const ssize_t size = ::recv(fd_.get(), buffer, sizeof buffer, MSG_DONTWAIT);
    return size < 0 ? "(nothing)" : std::string(buffer, static_cast<std::size_t>(size));
  }

 private:
  UniqueFd fd_;
  std::string path_;
};

NotifyEnvironment socket_only(std::string name) {
  NotifyEnvironment environment;
  environment.notify_socket = std::move(name);
  return environment;
}

TEST(Notifier, SendsEachStateToAnAbstractSocket) {
  Manager manager;
  Notifier notifier(socket_only(manager.name()));
  EXPECT_TRUE(notifier.enabled());
  EXPECT_TRUE(notifier.ready("2 listeners").ok());
  EXPECT_EQ(manager.receive(), "READY=1\nSTATUS=2 listeners");
  EXPECT_TRUE(notifier.status("busy").ok());
  EXPECT_EQ(manager.receive(), "STATUS=busy");
  EXPECT_TRUE(notifier.stopping("draining").ok());
  EXPECT_EQ(manager.receive(), "STOPPING=1\nSTATUS=draining");
  EXPECT_TRUE(notifier.watchdog().ok());
  EXPECT_EQ(manager.receive(), "WATCHDOG=1");
  EXPECT_TRUE(notifier.extend_timeout(std::chrono::seconds(2)).ok());
  EXPECT_EQ(manager.receive(), "EXTEND_TIMEOUT_USEC=2000000");
  EXPECT_TRUE(notifier.main_pid(77).ok());
  EXPECT_EQ(manager.receive(), "MAINPID=77");
}

TEST(Notifier, AReloadCarriesTheMonotonicTime) {
  Manager manager;
  fakes::ManualClock clock;
  Notifier notifier(socket_only(manager.name()));
  EXPECT_TRUE(notifier.reloading(clock, "reading the file").ok());
  EXPECT_EQ(manager.receive(), "RELOADING=1\nMONOTONIC_USEC=1000000000\nSTATUS=reading the file");
}

TEST(Notifier, SendsToAPath) {
  Manager manager("/tmp/gatehouse-notify-test-" + std::to_string(::getpid()));
  Notifier notifier(socket_only(manager.name()));
  EXPECT_TRUE(notifier.ready("x").ok());
  EXPECT_EQ(manager.receive(), "READY=1\nSTATUS=x");
}

TEST(Notifier, AStatusStaysOneLine) {
  Manager manager;
  Notifier notifier(socket_only(manager.name()));
  EXPECT_TRUE(notifier.status("a\nMAINPID=1\r\tb").ok());
  EXPECT_EQ(manager.receive(), "STATUS=a MAINPID=1  b");
  EXPECT_TRUE(notifier.status(std::string(100'000, 'x')).ok());
  EXPECT_EQ(manager.receive().size(), 512 + std::strlen("STATUS="));
}

TEST(Notifier, DoesNothingWithoutASocket) {
  Notifier notifier{NotifyEnvironment{}};
  EXPECT_FALSE(notifier.enabled());
  EXPECT_TRUE(notifier.ready("x").ok());
  EXPECT_FALSE(Notifier(socket_only("relative")).enabled());
  EXPECT_FALSE(Notifier(socket_only("@")).enabled());
  EXPECT_FALSE(Notifier(socket_only("/" + std::string(108, 'x'))).enabled());
}

TEST(Notifier, AnAbsentManagerIsAnError) {
  Notifier notifier(socket_only("/nowhere/notify"));
  const Status sent = notifier.ready("x");
  ASSERT_FALSE(sent.ok());
  EXPECT_EQ(sent.error().slug, "notify-failed");
  EXPECT_NE(sent.error().message.find("No such file or directory"), std::string::npos);
}

TEST(Notifier, TheWatchdogWantsHalfOfItsTime) {
  NotifyEnvironment environment;
  environment.watchdog_usec = "30000000";
  EXPECT_EQ(Notifier(environment).watchdog_interval(), Duration(std::chrono::seconds(15)));
  environment.watchdog_pid = std::to_string(::getpid());
  EXPECT_EQ(Notifier(environment).watchdog_interval(), Duration(std::chrono::seconds(15)));
  environment.watchdog_pid = "1";
  EXPECT_EQ(Notifier(environment).watchdog_interval(), std::nullopt);
  environment.watchdog_pid.clear();
  for (const char* const bad : {"", "0", "-5", "10s", "99999999999999999999"}) {
    environment.watchdog_usec = bad;
    EXPECT_EQ(Notifier(environment).watchdog_interval(), std::nullopt) << bad;
  }
}

TEST(NotifyEnvironment, IsTakenOutOfTheEnvironment) {
  ::setenv("NOTIFY_SOCKET", "/run/x", 1);
  ::setenv("LISTEN_FDS", "2", 1);
  const NotifyEnvironment environment = notify_environment();
  EXPECT_EQ(environment.notify_socket, "/run/x");
  EXPECT_EQ(environment.listen_fds, "2");
  EXPECT_EQ(std::getenv("NOTIFY_SOCKET"), nullptr);
  EXPECT_EQ(std::getenv("LISTEN_FDS"), nullptr);
}

class InheritedSockets : public testing::Test {
 protected:
  static constexpr int kFirst = 200;
  InheritedSockets() {
    environment_.listen_pid = std::to_string(::getpid());
    environment_.listen_fds = "2";
    const UniqueFd null(::open("/dev/null", O_RDONLY));
    ::dup2(null.get(), kFirst);
    ::dup2(null.get(), kFirst + 1);
  }
  ~InheritedSockets() override {
    ::close(kFirst);
    ::close(kFirst + 1);
  }
  NotifyEnvironment environment_;
};

TEST_F(InheritedSockets, HaveNames) {
  environment_.listen_fdnames = "http:https";
  auto sockets = inherited_sockets(environment_, kFirst);
  ASSERT_TRUE(sockets.ok());
  ASSERT_EQ(sockets->size(), 2u);
  EXPECT_EQ((*sockets)[0].name, "http");
  EXPECT_EQ((*sockets)[1].name, "https");
  EXPECT_EQ((*sockets)[1].fd.get(), kFirst + 1);
  EXPECT_EQ(::fcntl(kFirst, F_GETFD), FD_CLOEXEC);
}

TEST_F(InheritedSockets, WithoutNamesAreUnknown) {
  auto sockets = inherited_sockets(environment_, kFirst);
  ASSERT_TRUE(sockets.ok());
  ASSERT_EQ(sockets->size(), 2u);
  EXPECT_EQ((*sockets)[0].name, "unknown");
}

TEST_F(InheritedSockets, OfAnotherProcessAreNotOurs) {
  environment_.listen_pid = "1";
  auto sockets = inherited_sockets(environment_, kFirst);
  ASSERT_TRUE(sockets.ok());
  EXPECT_TRUE(sockets->empty());
}

TEST_F(InheritedSockets, ContradictionsAreErrors) {
  environment_.listen_fdnames = "one";
  EXPECT_FALSE(inherited_sockets(environment_, kFirst).ok());
  environment_.listen_fdnames.clear();
  for (const char* const bad : {"-1", "65", "2x"}) {
    environment_.listen_fds = bad;
    EXPECT_FALSE(inherited_sockets(environment_, kFirst).ok()) << bad;
  }
  environment_.listen_fds = "3";
  auto sockets = inherited_sockets(environment_, kFirst);  // the third is not open
  ASSERT_FALSE(sockets.ok());
  EXPECT_EQ(sockets.error().slug, "listen-fds");
}

}  // namespace
}  // namespace gatehouse::runtime
