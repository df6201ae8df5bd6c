#include "watch.h"

#include <algorithm>

#include "gatehouse/base/encoding.h"
#include "gatehouse/base/log.h"
#include "gatehouse/base/timestamp.h"
#include "gatehouse/client/inspect.h"
#include "gatehouse/pki/chain.h"

namespace gatehouse::app {

namespace {

using namespace std::chrono_literals;

constexpr std::chrono::milliseconds kDeadline = 15s;
constexpr std::chrono::seconds kAgain = 60s;

Result<pki::Chain> chain_of(const std::string& der) {
  constexpr std::size_t kLine = 64;
  const std::string text = encode_base64(der);
  std::string pem = "-----BEGIN CERTIFICATE-----\n";
  for (std::size_t at = 0; at < text.size(); at += kLine) pem.append(text, at, kLine).append("\n");
  return pki::Chain::parse(pem + "-----END CERTIFICATE-----\n");
}

void log_change(const std::string& host, const admin::CertificateView& seen) {
  const log::Level level = seen.state == "OK" ? log::Level::kInfo : seen.state == "WARNING" ? log::Level::kWarn : log::Level::kError;
  log::write(level, "tls", "certificate.watched", "the certificate of another server",
             {{"name", host}, {"state", seen.state}, {"not_after", seen.not_after == runtime::WallTime{} ? "" : rfc3339(seen.not_after)}, {"error", seen.refusal}});
}

}  // namespace

Result<Watch::Prepared> Watch::prepare(const issuer::WatchSettings& settings, std::chrono::seconds warning) {
  Prepared prepared{settings, warning, nullptr, nullptr};
  if (settings.hosts.empty()) return prepared;
  auto strict = tls::ClientContext::build({.ca_file = settings.ca_bundle});
  auto lax = tls::ClientContext::build({.insecure = true});
  if (!strict || !lax) return (strict ? std::move(lax) : std::move(strict)).error().context("certificates.watch");
  prepared.strict = *std::move(strict);
  prepared.lax = *std::move(lax);
  return prepared;
}

void Watch::apply(Prepared prepared) {
  stop();
  how_ = std::move(prepared);
  {
    const auto& hosts = how_.settings.hosts;
    const std::lock_guard lock(mutex_);
    std::erase_if(seen_, [&](const auto& one) { return std::find(hosts.begin(), hosts.end(), one.first) == hosts.end(); });
  }
  group_ = std::make_unique<runtime::TaskGroup>();
  for (const std::string& host : how_.settings.hosts) group_->spawn(keep(host));
}

runtime::Task<void> Watch::keep(std::string host) {
  runtime::Waiter waiter(network_.loop);
  runtime::Timer timer(waiter);
  for (;;) {
    auto seen = co_await look(host);
    const bool reached = seen.not_after != runtime::WallTime{};
    note(host, std::move(seen));
    timer.arm(reached ? how_.settings.interval : std::min(how_.settings.interval, kAgain));
    while (!timer.expired()) co_await waiter.wait();
  }
}

// As a client would; when it would not trust the server, once more without trust, to know until when the certificate is valid.
runtime::Task<admin::CertificateView> Watch::look(std::string host) {
  admin::CertificateView seen;
  seen.names = {host};
  seen.source = "watch";
  client::Peer peer{.address = *net::parse_address(host), .tls = how_.strict};
  auto der = co_await client::shown_certificate(network_, peer, kDeadline);
  if (!der) seen.refusal = der.error().message;
  if (!der && der.error().slug == "tls-failed") {
    peer.tls = how_.lax;
    der = co_await client::shown_certificate(network_, peer, kDeadline);
  }
  const auto chain = der ? chain_of(*der) : Result<pki::Chain>(der.error());
  if (!chain) {
    seen.state = "WARNING";  // nobody answers: what it has is not known
    co_return seen;
  }
  seen.not_before = chain->not_before();
  seen.not_after = chain->not_after();
  const runtime::WallTime now = network_.loop.clock().wall();
  seen.state = !seen.refusal.empty() ? "CRITICAL" : seen.not_after - now < how_.warning ? "WARNING" : "OK";
  co_return seen;
}

void Watch::note(const std::string& host, admin::CertificateView seen) {
  const std::lock_guard lock(mutex_);
  auto found = std::find_if(seen_.begin(), seen_.end(), [&](const auto& one) { return one.first == host; });
  if (found == seen_.end()) found = seen_.insert(seen_.end(), {host, {}});
  const bool changed = found->second.state != seen.state || found->second.refusal != seen.refusal;
  found->second = std::move(seen);
  if (changed) log_change(host, found->second);
}

std::vector<admin::CertificateView> Watch::view() const {
  std::vector<admin::CertificateView> list;
  const std::lock_guard lock(mutex_);
  for (const auto& [host, seen] : seen_) list.push_back(seen);
  return list;
}

}  // namespace gatehouse::app
