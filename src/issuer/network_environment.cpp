#include "network_environment.h"

namespace gatehouse::issuer {

namespace {

using namespace std::chrono_literals;

constexpr auto kDeadline = 30s;

std::string method_text(acme::Method method) {
  switch (method) {
    case acme::Method::kGet: return "GET";
    case acme::Method::kHead: return "HEAD";
    case acme::Method::kPost: return "POST";
  }
  return {};
}

}  // namespace

runtime::Task<Result<acme::Answer>> NetworkEnvironment::send(acme::Request wanted) {
  auto request = client::request_to(wanted.url, tls_);
  if (!request) co_return std::move(request).error();
  request->method = method_text(wanted.method);
  request->headers.emplace_back("User-Agent", user_agent_);
  if (!wanted.accept.empty()) request->headers.emplace_back("Accept", wanted.accept);
  if (wanted.method == acme::Method::kPost) request->headers.emplace_back("Content-Type", "application/jose+json");
  request->body = std::move(wanted.body);
  request->deadline = kDeadline;
  request->max_body = acme::kMaxAnswer;
  auto answer = co_await client::fetch(network_, *std::move(request));
  if (!answer) co_return std::move(answer).error();
  co_return acme::Answer{.status = answer->status, .headers = std::move(answer->headers), .body = std::move(answer->body)};
}

runtime::Task<void> NetworkEnvironment::wait(runtime::Duration duration) {
  runtime::Waiter waiter(network_.loop);
  runtime::Timer timer(waiter);
  timer.arm(duration);
  while (!timer.expired()) co_await waiter.wait();
}

runtime::Task<Result<pki::Key>> NetworkEnvironment::make_key(pki::KeyType type) {
  auto waiting = runtime::offload(pool_, network_.loop, [type] { return pki::Key::generate(type); });
  auto key = co_await waiting;
  if (!key) co_return make_error("key-generation", "too much is waiting to be computed");
  co_return *std::move(key);
}

}  // namespace gatehouse::issuer
