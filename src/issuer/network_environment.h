// acme::Environment over the network: one authority's directory, trusted by its own certificates.
#pragma once

#include <memory>
#include <string>

#include "gatehouse/acme/environment.h"
#include "gatehouse/client/fetch.h"
#include "gatehouse/runtime/offload.h"

namespace gatehouse::issuer {

class NetworkEnvironment final : public acme::Environment {
 public:
  NetworkEnvironment(client::Network network, runtime::OffloadPool& pool, std::shared_ptr<const tls::ClientContext> tls, std::string user_agent)
      : network_(network), pool_(pool), tls_(std::move(tls)), user_agent_(std::move(user_agent)) {}

  runtime::Task<Result<acme::Answer>> send(acme::Request request) override;
  runtime::Task<void> wait(runtime::Duration duration) override;
  runtime::Task<Result<pki::Key>> make_key(pki::KeyType type) override;
  const runtime::Clock& clock() const noexcept override { return network_.loop.clock(); }

 private:
  client::Network network_;
  runtime::OffloadPool& pool_;
  std::shared_ptr<const tls::ClientContext> tls_;
  std::string user_agent_;
};

}  // namespace gatehouse::issuer
