// A real PostgreSQL server for tests: initdb and postgres in a directory of its own, on a Unix socket for the test and on
// a free TCP port (127.0.0.1 and 127.0.0.2) for what is tested. It runs as an unprivileged user when the test is root, dies
// with the test program however that ends, and leaves nothing behind.
//
//   auto& server = fakes::PostgresServer::shared();      // one for the whole program; a missing PostgreSQL fails the test
//   const std::string name = server.make_database("some_owner");
//   server.sql(name, "SELECT 1");                         // as the superuser
#pragma once

#include <fcntl.h>
#include <grp.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <pqxx/pqxx>
#include <stdexcept>
#include <string>
#include <vector>

#include "gatehouse/base/unique_fd.h"

namespace gatehouse::fakes {

class PostgresServer {
 public:
  static PostgresServer& shared() {
    static PostgresServer server;
    return server;
  }

  PostgresServer() {
    std::string name = ::testing::TempDir() + "gatehouse-postgres-XXXXXX";
    if (::mkdtemp(name.data()) == nullptr) throw std::runtime_error("no temporary directory");
    directory_ = name;
    find_user();
    if (user_ != nullptr && ::chown(name.c_str(), user_->pw_uid, user_->pw_gid) != 0) throw std::runtime_error("chown failed");
    programs_ = find_programs();
    const Child initdb = spawn({programs_ + "/initdb", "-D", data(), "-N", "-E", "UTF8", "--no-locale", "-A", "trust", "-U", "postgres"});
    if (!ended(initdb, 60'000)) throw std::runtime_error("initdb does not end:\n" + log());
    configure();
    for (int attempt = 0; attempt < 5 && !running(); ++attempt) {
      port_ = free_port();
      start();
    }
    if (!running()) throw std::runtime_error("PostgreSQL does not start:\n" + log());
  }
  PostgresServer(const PostgresServer&) = delete;
  PostgresServer& operator=(const PostgresServer&) = delete;
  ~PostgresServer() {
    if (running()) stop(SIGQUIT);
    std::error_code ignored;
    std::filesystem::remove_all(directory_, ignored);
  }

  int port() const { return port_; }
  std::string file(const std::string& name) const { return directory_ + "/" + name; }
  std::string log() const { return read("log"); }

  // On the port that it had, by the thread that lives longest: the server dies with it. It may have to wait for processes of a server that was killed.
  void start() {
    for (int attempt = 0; attempt < 100; ++attempt) {
      server_ = spawn({programs_ + "/postgres", "-D", data(), "-k", directory_, "-p", std::to_string(port_)});
      for (int i = 0; i < 500 && running(); ++i) {
        if (answers()) return;
        (void)ended(server_, 20);
      }
      if (ended(server_, 0)) server_ = {};
    }
  }
  void kill() { stop(SIGKILL); }
  bool running() const { return server_.pid > 0; }

  pqxx::result sql(const std::string& database, const std::string& text) const {
    pqxx::connection connection("host=" + directory_ + " port=" + std::to_string(port_) + " user=postgres dbname=" + database);
    pqxx::nontransaction session(connection);
    return session.exec(text);
  }
  // A new database; roles of the same name stay.
  std::string make_database(const std::string& owner) {
    const std::string name = "test_" + std::to_string(++databases_);
    sql("postgres", "CREATE DATABASE " + name + " OWNER " + owner + " TEMPLATE template0");
    return name;
  }
  void make_role(const std::string& name, const std::string& quoted_password) {
    if (sql("postgres", "SELECT 1 FROM pg_roles WHERE rolname = '" + name + "'").empty()) {
      sql("postgres", "CREATE ROLE " + name + " LOGIN PASSWORD " + quoted_password);
    }
  }
  // A setting that new connections obey.
  void set(const std::string& name, const std::string& value) {
    sql("postgres", "ALTER SYSTEM SET " + name + " = '" + value + "'");
    sql("postgres", "SELECT pg_reload_conf()");
    while (sql("postgres", "SHOW " + name)[0][0].c_str() != value) sql("postgres", "SELECT pg_sleep(0.01)");
  }
  // The certificate that it shows from now on, PEM.
  void use_tls(const std::string& chain, const std::string& key) {
    write("server.pem", chain);
    write("server.key", key);
    set("ssl", "on");
    sql("postgres", "SELECT pg_reload_conf()");
  }

 private:
  struct Child {
    pid_t pid = 0;
    int fd = -1;  // pidfd
  };

  std::string data() const { return directory_ + "/data"; }

  static std::string find_programs() {
    for (int version = 30; version > 9; --version) {
      const std::string path = "/usr/lib/postgresql/" + std::to_string(version) + "/bin";
      if (::access((path + "/initdb").c_str(), X_OK) == 0) return path;
    }
    throw std::runtime_error("PostgreSQL is not installed: deploy/install-packages test");
  }

  void find_user() {
    if (::geteuid() != 0) return;
    for (const char* name : {"postgres", "nobody"}) {
      if (user_ == nullptr) user_ = ::getpwnam(name);
    }
  }

  // Between fork and exec only what is safe there.
  Child spawn(const std::vector<std::string>& words) {
    std::vector<char*> argv;
    for (const std::string& word : words) argv.push_back(const_cast<char*>(word.c_str()));
    argv.push_back(nullptr);
    const UniqueFd out(::open(file("log").c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644));
    const uid_t uid = user_ == nullptr ? ::geteuid() : user_->pw_uid;
    const gid_t gid = user_ == nullptr ? ::getegid() : user_->pw_gid;
    const bool change = user_ != nullptr;
    const pid_t parent = ::getpid();
    const pid_t pid = ::fork();
    if (pid == 0) {
      if (change && (::setgroups(0, nullptr) != 0 || ::setgid(gid) != 0 || ::setuid(uid) != 0)) ::_exit(126);
      ::prctl(PR_SET_PDEATHSIG, SIGQUIT);
      if (::getppid() != parent || ::chdir("/") != 0) ::_exit(126);
      ::dup2(out.get(), 1);
      ::dup2(out.get(), 2);
      ::execv(argv[0], argv.data());
      ::_exit(127);
    }
    return {pid, static_cast<int>(::syscall(SYS_pidfd_open, pid, 0))};
  }

  // Waits until the child ended, and takes its end over.
  static bool ended(const Child& child, int wait_ms) {
    pollfd one{child.fd, POLLIN, 0};
    if (::poll(&one, 1, wait_ms) <= 0) return false;
    ::waitpid(child.pid, nullptr, 0);
    ::close(child.fd);
    return true;
  }

  void stop(int signal) {
    ::kill(server_.pid, signal);
    if (!ended(server_, 10'000)) {
      ::kill(server_.pid, SIGKILL);
      (void)ended(server_, 10'000);
    }
    server_ = {};
  }

  bool answers() const {
    try {
      sql("postgres", "SELECT 1");
      return true;
    } catch (const std::exception&) {
      return false;
    }
  }

  void configure() {
    std::ofstream(data() + "/postgresql.conf", std::ios::app)
        << "listen_addresses = '127.0.0.1,127.0.0.2'\nfsync = off\nmax_connections = 40\nshared_buffers = 16MB\n"
           "dynamic_shared_memory_type = mmap\nssl_cert_file = '" << file("server.pem") << "'\nssl_key_file = '" << file("server.key") << "'\n";
    std::ofstream(data() + "/pg_hba.conf") << "local all postgres trust\nhost all all 127.0.0.0/8 scram-sha-256\n";
  }

  std::string read(const std::string& name) const {
    std::ifstream in(file(name));
    return {std::istreambuf_iterator<char>(in), {}};
  }
  void write(const std::string& name, const std::string& bytes) const {
    const std::string path = file(name);
    std::ofstream(path) << bytes;
    ::chmod(path.c_str(), 0600);
    if (user_ != nullptr) EXPECT_EQ(::chown(path.c_str(), user_->pw_uid, user_->pw_gid), 0);
  }

  // Somebody else may take it before the server does; then the next one is tried.
  static int free_port() {
    const UniqueFd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    ::bind(socket.get(), reinterpret_cast<sockaddr*>(&address), size);
    ::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&address), &size);
    return ntohs(address.sin_port);
  }

  std::string directory_;
  std::string programs_;
  const passwd* user_ = nullptr;
  Child server_;
  int port_ = 0;
  int databases_ = 0;
};

}  // namespace gatehouse::fakes
