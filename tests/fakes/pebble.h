// Pebble, a real ACME server for tests, and its DNS server. Both end with this object.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "fakes/loop_runner.h"
#include "fakes/named.h"
#include "fakes/scratch_directory.h"
#include "fakes/test_ca.h"
#include "gatehouse/client/fetch.h"
#include "gatehouse/runtime/process.h"

namespace gatehouse::fakes {

struct PebbleSettings {
  std::map<std::string, std::string> environment{};
  std::string more{};                // members of its configuration: "\"certificateValidityPeriod\": 60,"
  std::string dns_server{};          // instead of its own
};

// A program whose output is kept.
class Program {
 public:
  Program(LoopRunner& runner, runtime::ProcessSettings settings) : runner_(runner), waiter_(runner.loop) {
    auto process = runtime::Process::spawn(runner.loop, settings, &waiter_);
    GATEHOUSE_CHECK(process.ok());
    process_ = *std::move(process);
    group_.spawn(drain());
  }
  const std::string& output() const noexcept { return output_; }
  std::size_t count(std::string_view text) const {
    std::size_t found = 0;
    for (std::size_t at = output_.find(text); at != std::string::npos; at = output_.find(text, at + 1)) ++found;
    return found;
  }
  bool ended() { return process_->exited().has_value(); }

 private:
  runtime::Task<void> drain() {
    char buffer[4096];
    for (;;) {
      for (;;) {
        const auto out = process_->read_output(buffer);
        if (out.value_or(0) > 0) output_.append(buffer, *out);
        char errors[4096];
        const auto err = process_->read_errors(errors);
        if (err.value_or(0) > 0) output_.append(errors, *err);
        if (out.value_or(0) == 0 && err.value_or(0) == 0) break;
      }
      co_await waiter_.wait();
    }
  }
  LoopRunner& runner_;
  runtime::Waiter waiter_;
  std::unique_ptr<runtime::Process> process_;
  std::string output_;
  runtime::TaskGroup group_;
};

class Pebble {
 public:
  Pebble(LoopRunner& runner, client::Network network, PebbleSettings settings)
      : http_port(free_port()), tls_port(free_port()), runner_(runner), network_(network), settings_(std::move(settings)),
        root_("pebble's own", runtime::system_clock().wall()), port_(free_port()), management_(free_port()), dns_(free_port()),
        dns_management_(free_port()) {
    const auto leaf = root_.issue({.common_name = "localhost", .names = "DNS:localhost,IP:127.0.0.1"});
    scratch_.write("server.pem", leaf.chain);
    scratch_.write("server.key", leaf.key);
    scratch_.write("ca.pem", root_.pem());
    scratch_.write("pebble.json", "{\"pebble\": {\"listenAddress\": \"127.0.0.1:" + std::to_string(port_) + "\", \"managementListenAddress\": \"127.0.0.1:" +
                                      std::to_string(management_) + "\", \"certificate\": \"" + scratch_.file("server.pem") + "\", \"privateKey\": \"" +
                                      scratch_.file("server.key") + "\", " + settings_.more + " \"httpPort\": " + std::to_string(http_port) +
                                      ", \"tlsPort\": " + std::to_string(tls_port) + "}}");
    if (settings_.dns_server.empty()) {
      const std::string address = "127.0.0.1:" + std::to_string(dns_);
      dns_server_ = std::make_unique<Program>(
          runner, runtime::ProcessSettings{.argv = {"pebble-challtestsrv", "-defaultIPv4", "127.0.0.1", "-defaultIPv6", "", "-dns01", address, "-http01", "",
                                                    "-https01", "", "-tlsalpn01", "", "-management", "127.0.0.1:" + std::to_string(dns_management_)},
                                           .environment = {}, .directory = scratch_.path()});
      settings_.dns_server = address;
    }
    start();
  }

  // A new process knows nothing of what the one before did.
  void start() {
    std::map<std::string, std::string> environment = settings_.environment;
    environment.insert({{"PEBBLE_VA_NOSLEEP", "1"}, {"PEBBLE_WFE_NONCEREJECT", "0"}, {"PEBBLE_AUTHZREUSE", "0"}});
    server_ = std::make_unique<Program>(runner_, runtime::ProcessSettings{.argv = {"pebble", "-config", scratch_.file("pebble.json"), "-dnsserver", settings_.dns_server},
                                                                         .environment = environment, .directory = scratch_.path()});
  }
  void stop() { server_.reset(); }
  bool ready() {
    for (int i = 0; i < 400; ++i) {
      if (get(directory()).first == 200) return true;
      runner_.until([] { return false; }, std::chrono::milliseconds(25));
    }
    return false;
  }

  std::string directory() const { return "https://localhost:" + std::to_string(port_) + "/dir"; }
  std::string ca_file() const { return scratch_.file("ca.pem"); }
  Program& server() { return *server_; }
  std::string dns_management() const { return "http://127.0.0.1:" + std::to_string(dns_management_); }
  std::string certificate_status(const std::string& serial) {
    return get("https://localhost:" + std::to_string(management_) + "/cert-status-by-serial/" + serial).second;
  }
  std::string root_certificate() { return get("https://localhost:" + std::to_string(management_) + "/roots/0").second; }

  const std::uint16_t http_port, tls_port;

 private:
  std::pair<int, std::string> get(const std::string& url) {
    auto request = client::request_to(url, *tls::ClientContext::build({.ca_pem = root_.pem()}));
    auto answer = runner_.run(client::fetch(network_, *std::move(request)));
    return answer ? std::pair(answer->status, answer->body) : std::pair(0, answer.error().message);
  }

  LoopRunner& runner_;
  client::Network network_;
  PebbleSettings settings_;
  ScratchDirectory scratch_;
  TestCa root_;
  std::uint16_t port_, management_, dns_, dns_management_;
  std::unique_ptr<Program> dns_server_, server_;
};

}  // namespace gatehouse::fakes
