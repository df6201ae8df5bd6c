// An http::Exchange without a network: a request made of strings, and an answer that is captured. Runs on a real Loop
// with any clock. The request's strings live in the fake; build it, then hand it to a handler.
//
//   fakes::FakeExchange exchange(loop, "POST", "/mcp", {{"Content-Type", "application/json"}}, body);
//   group.spawn(handler.handle(exchange));
//   loop.run_for_test(1ms);
//   EXPECT_EQ(exchange.status(), 200);
#pragma once

#include <deque>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gatehouse/http/exchange.h"

namespace gatehouse::fakes {

class FakeExchange final : public http::Exchange {
 public:
  FakeExchange(runtime::Loop& loop, std::string method, std::string path, http::Headers headers, std::string body = {})
      : loop_(loop), waiter_(loop), method_(std::move(method)), path_(std::move(path)), headers_(std::move(headers)),
        body_(std::move(body)) {
    if (find_header("Host") == nullptr) headers_.emplace_back("Host", "localhost:8080");
    fill_head();
    client_.address = "127.0.0.1";
    client_.request_id = "01JD0000000000000000000000";
    client_.listener = "http";
    client_.loopback_listener = true;
  }

  // Before the handler runs.
  http::ClientInfo& client_info() noexcept { return client_; }
  http::Principal& who() noexcept { return principal_; }

  // What the client and the daemon do.
  void go_away() { gone_ = true; waiter_.notify(); }
  void start_draining() { draining_ = true; waiter_.notify(); }

  // What was answered.
  bool answered() const noexcept { return answered_; }
  bool streaming() const noexcept { return streaming_; }
  bool ended() const noexcept { return ended_; }
  int status() const noexcept { return response_.status; }
  const http::Response& response() const noexcept { return response_; }
  const std::string& output() const noexcept { return output_; }  // the body, or all pieces of the stream
  std::string header(std::string_view name) const {
    for (const auto& [key, value] : response_.headers)
      if (http::equals_ignoring_case(key, name)) return value;
    return {};
  }
  std::string note(std::string_view key) const {
    for (const auto& [own, value] : notes_)
      if (own == key) return value;
    return {};
  }

  const http::RequestHead& request() const noexcept override { return head_; }
  const http::ClientInfo& client() const noexcept override { return client_; }
  const http::Principal& principal() const noexcept override { return principal_; }
  runtime::Loop& loop() noexcept override { return loop_; }

  runtime::Task<Result<std::string>> read_body(std::size_t limit) override {
    if (gone_) co_return make_error("client-gone", "the client is gone");
    if (body_.size() > limit) {
      http::Response refused;
      refused.status = 413;
      take(std::move(refused), false);
      co_return make_error("body-too-large", "the body is too large");
    }
    co_return body_;
  }
  runtime::Task<bool> respond(http::Response response) override {
    take(std::move(response), false);
    output_ = response_.body;
    ended_ = true;
    co_return !gone_;
  }
  runtime::Task<bool> begin_stream(http::Response head) override {
    take(std::move(head), true);
    co_return !gone_;
  }
  runtime::Task<bool> send(std::string_view piece) override {
    GATEHOUSE_CHECK(streaming_ && !ended_);
    if (!gone_) output_.append(piece);
    co_return !gone_;
  }
  runtime::Task<bool> end_stream() override {
    GATEHOUSE_CHECK(streaming_ && !ended_);
    ended_ = true;
    co_return !gone_;
  }
  runtime::Waiter& waiter() noexcept override { return waiter_; }
  bool client_gone() const noexcept override { return gone_; }
  bool draining() const noexcept override { return draining_; }
  void annotate(std::string_view key, std::string_view value) override { notes_.emplace_back(key, value); }

 private:
  void take(http::Response response, bool stream) {
    GATEHOUSE_CHECK(!answered_);  // a handler answers exactly once
    answered_ = true;
    streaming_ = stream;
    response_ = std::move(response);
    const std::string* const accept = find_header("Accept");
    http::render_problem(response_, accept == nullptr ? "" : *accept);
  }

  const std::string* find_header(std::string_view name) const {
    for (const auto& [key, value] : headers_)
      if (http::equals_ignoring_case(key, name)) return &value;
    return nullptr;
  }

  void fill_head() {
    static constexpr std::pair<std::string_view, http::Method> kMethods[] = {
        {"GET", http::Method::kGet},       {"POST", http::Method::kPost},   {"DELETE", http::Method::kDelete},
        {"PUT", http::Method::kPut},       {"HEAD", http::Method::kHead},   {"PATCH", http::Method::kPatch},
        {"OPTIONS", http::Method::kOptions}};
    for (const auto& [name, id] : kMethods)
      if (name == method_) head_.method_id = id;
    head_.method = method_;
    head_.target = head_.path = path_;
    for (const auto& [name, value] : headers_) head_.fields.add({name, value, http::classify_field(name)});
    head_.authority = head_.fields.value(http::FieldId::kHost);
    const std::size_t port = head_.authority.starts_with('[') ? head_.authority.find(':', head_.authority.find(']')) : head_.authority.find(':');
    head_.host = head_.authority.substr(0, port);
    head_.content_length = body_.size();
    if (!body_.empty()) head_.framing = http::Framing::kLength;
  }

  runtime::Loop& loop_;
  runtime::Waiter waiter_;
  std::string method_, path_;
  http::Headers headers_;
  std::string body_;
  http::RequestHead head_;
  http::ClientInfo client_;
  http::Principal principal_;
  http::Response response_;
  std::string output_;
  std::vector<std::pair<std::string, std::string>> notes_;
  bool answered_ = false, streaming_ = false, ended_ = false, gone_ = false, draining_ = false;
};

}  // namespace gatehouse::fakes
