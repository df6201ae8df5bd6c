// Watch: looks at the certificates of other servers: whether their chain and name are good, and how long they last. Each server is
// connected to as any client would; nothing is sent.
//
// Errors: prepare() those of tls::ClientContext. Owner: Daemon. Thread: loop 0; prepare() reads files: any thread; view() from any.
// Stop: stop(), on loop 0 or when it does not run.
#pragma once

#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "gatehouse/admin/api.h"
#include "gatehouse/client/fetch.h"
#include "gatehouse/issuer/settings.h"
#include "gatehouse/runtime/offload.h"
#include "gatehouse/runtime/task.h"

namespace gatehouse::app {

class Watch {
 public:
  struct Prepared {
    issuer::WatchSettings settings;
    std::chrono::seconds warning{};                          // before the end
    std::shared_ptr<const tls::ClientContext> strict, lax;   // the second trusts everybody, to see what is not trusted
  };

  Watch(runtime::Loop& loop, runtime::OffloadPool& pool) : resolver_(loop, pool), network_{loop, resolver_} {}
  ~Watch() { stop(); }

  static Result<Prepared> prepare(const issuer::WatchSettings& settings, std::chrono::seconds warning);
  void apply(Prepared prepared);
  void stop() { group_.reset(); }

  std::vector<admin::CertificateView> view() const;  // those that were looked at

 private:
  runtime::Task<void> keep(std::string host);
  runtime::Task<admin::CertificateView> look(std::string host);
  void note(const std::string& host, admin::CertificateView seen);

  net::Resolver resolver_;
  const client::Network network_;
  Prepared how_;
  mutable std::mutex mutex_;
  std::vector<std::pair<std::string, admin::CertificateView>> seen_;
  std::unique_ptr<runtime::TaskGroup> group_;
};

}  // namespace gatehouse::app
