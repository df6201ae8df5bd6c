#include "gatehouse/tls/context.h"

#include <openssl/err.h>

#include <algorithm>

#include "context_data.h"
#include "key_updates.h"
#include "policy.h"

namespace gatehouse::tls {

namespace {

constexpr long kClientChainLimit = 32 * 1024;  // of what a client shows

bool asks(const ContextSettings& settings) {
  const auto& of = settings.client_auth_of;
  return settings.client_auth != nullptr ||
         std::any_of(of.begin(), of.end(), [](const auto& one) { return one.second != nullptr; });
}

}  // namespace

Result<std::shared_ptr<const Context>> Context::build(ContextSettings settings) {
  if (settings.certificates.empty()) return make_error("no-certificate", "a TLS listener needs a certificate");
  auto alpn = alpn_wire(settings.protocols);
  if (!alpn) return std::move(alpn).error();
  ERR_clear_error();
  ContextPtr native(SSL_CTX_new(TLS_server_method()));
  auto data = std::make_unique<ContextData>();
  if (!native || !apply_policy(native.get(), settings.policy, data->post_quantum)) {
    return make_error("tls-context", "cannot set up TLS: " + take_reason());
  }
  apply_modes(native.get(), settings.ticket_keys != nullptr);
  SSL_CTX_set_max_cert_list(native.get(), kClientChainLimit);
  data->settings = std::move(settings);
  data->alpn = *std::move(alpn);
  data->asks_clients = asks(data->settings);
  data->fill_slots();
  give_data(native.get(), std::move(data));
  install_callbacks(native.get());
  count_key_updates(native.get());
  return std::shared_ptr<const Context>(std::make_shared<Context>(native.release()));
}

Context::~Context() { SSL_CTX_free(native_); }

const ClientAuth* Context::client_auth(std::string_view host) const { return data_of(native_).client_auth(normal_name(host)); }
bool Context::asks_clients() const noexcept { return data_of(native_).asks_clients; }
bool Context::post_quantum() const noexcept { return data_of(native_).post_quantum; }

}  // namespace gatehouse::tls
