// A loop with a clock that stands still, a resolver with names of its own, and calls that run until they are over. As no time
// passes unless the test says so, a call that ends has ended by what happened, not by its deadline.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <optional>

#include "fakes/manual_clock.h"
#include "gatehouse/client/fetch.h"
#include "raw_server.h"

namespace gatehouse::client {

using namespace std::chrono_literals;

class FetchTest : public ::testing::Test {
 protected:
  Network network() { return {loop_, resolver_}; }

  static Peer peer_of(const RawServer& server) { return {.address = {.host = "127.0.0.1", .port = server.port()}}; }
  static Request get(const RawServer& server, std::string target = "/") {
    return {.peer = peer_of(server), .target = std::move(target)};
  }

  template <class T>
  static runtime::Task<void> keep(runtime::Task<T> task, std::optional<T>& out) {
    T value = co_await task;
    out.emplace(std::move(value));
  }
  void turn(int times = 30) {
    for (int i = 0; i < times; ++i) loop_.run_for_test(0ms);
  }
  // Time passes in small steps, so that what it wakes can go on.
  void pass(std::chrono::milliseconds time) {
    for (; time > 0ms; time -= 50ms) {
      clock_.advance(50ms);
      turn(3);
    }
  }
  template <class T>
  bool run_until(const std::optional<T>& out) {
    for (int i = 0; i < 5000 && !out; ++i) loop_.run_for_test(i < 500 ? 0ms : 1ms);
    return out.has_value();
  }
  template <class T>
  T run(runtime::Task<T> task) {
    std::optional<T> out;
    runtime::TaskGroup group;
    group.spawn(keep(std::move(task), out));
    if (!run_until(out)) return make_error("hangs", "nothing happens any more");
    return std::move(*out);
  }

  Result<Answer> ask(Request request) { return run(fetch(network(), std::move(request))); }
  // "200 body", or "slug: message".
  std::string outcome(Request request) { return said(ask(std::move(request))); }
  static std::string said(const Result<Answer>& answer) {
    return answer ? std::to_string(answer->status) + " " + answer->body : answer.error().slug + ": " + answer.error().message;
  }
  // What comes of it when the server says these bytes and closes.
  std::string outcome_of(std::string answer, std::string method = "GET") {
    RawServer server(loop_, {.answer = std::move(answer)});
    Request request = get(server);
    request.method = std::move(method);
    std::string text = outcome(std::move(request));
    const std::string name = "127.0.0.1:" + std::to_string(server.port());
    for (std::size_t at; (at = text.find(name)) != text.npos;) text.replace(at, name.size(), "PEER");
    return text;
  }

  fakes::ManualClock clock_;
  runtime::Loop loop_{clock_};
  runtime::OffloadPool offload_{1};
  std::map<std::string, net::Endpoints> names_;
  net::Resolver resolver_{loop_, offload_, [this](const net::Address& address) -> Result<net::Endpoints> {
    const auto found = names_.find(address.host);
    if (found != names_.end()) return found->second;
    return make_error("name-not-found", "cannot resolve '" + address.host + "': Name or service not known");
  }};
};

}  // namespace gatehouse::client
