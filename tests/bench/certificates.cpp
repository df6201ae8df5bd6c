// What many certificates cost: heap bytes for each, and, under callgrind, instructions of the server's side of a handshake.
//
//   bench_certificates COUNT HANDSHAKES [context-per-name]
//
// prints one JSON line. With the third word each name has an SSL_CTX of its own, to which the handshake switches: what other
// servers do, to compare with. Collecting starts behind the set-up: callgrind --instr-atstart=no --collect-atstart=no.
#include <malloc.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <valgrind/callgrind.h>

#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <unordered_map>
#include <vector>

#include "fakes/test_ca.h"
#include "gatehouse/runtime/random.h"
#include "gatehouse/tls/context.h"
#include "gatehouse/tls/stream.h"
#include "native.h"

namespace {

using namespace gatehouse;

std::string name_of(unsigned index) { return "site-" + std::to_string(index) + ".example.org"; }

std::size_t heap_bytes() {
  const struct mallinfo2 info = ::mallinfo2();
  return info.uordblks + info.hblkhd;
}

// One SSL_CTX for each name, made as the daemon's are.
class ContextPerName {
 public:
  explicit ContextPerName(const std::vector<std::shared_ptr<const tls::Certificate>>& certificates) {
    for (const auto& certificate : certificates) {
      SSL_CTX* const own = SSL_CTX_new(TLS_server_method());
      SSL_CTX_use_cert_and_key(own, certificate->native().leaf.get(), certificate->native().key.get(), nullptr, 1);
      SSL_CTX_set_session_cache_mode(own, SSL_SESS_CACHE_OFF);
      by_name_[certificate->names().front()] = own;
    }
    first_ = SSL_CTX_new(TLS_server_method());
    SSL_CTX_set_session_cache_mode(first_, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_num_tickets(first_, 0);
    SSL_CTX_set_tlsext_servername_callback(first_, on_name);
    SSL_CTX_set_tlsext_servername_arg(first_, this);
  }
  SSL_CTX* native() const noexcept { return first_; }

 private:
  static int on_name(SSL* ssl, int*, void* self) {
    const auto& names = static_cast<ContextPerName*>(self)->by_name_;
    const auto found = names.find(SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name));
    return found != names.end() && SSL_set_SSL_CTX(ssl, found->second) != nullptr ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
  }
  std::unordered_map<std::string, SSL_CTX*> by_name_;
  SSL_CTX* first_ = nullptr;
};

void handshake(SSL_CTX* server_context, SSL_CTX* client_context, const std::string& name) {
  int pair[2];
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair) != 0) std::abort();
  const UniqueFd server_fd(pair[0]), client_fd(pair[1]);
  SSL* const server = SSL_new(server_context);
  SSL* const client = SSL_new(client_context);
  SSL_set_fd(server, server_fd.get());
  SSL_set_fd(client, client_fd.get());
  SSL_set_tlsext_host_name(client, name.c_str());
  SSL_set_accept_state(server);
  SSL_set_connect_state(client);
  bool done = false;
  for (int i = 0; i < 10 && !done; ++i) {
    const bool connected = SSL_do_handshake(client) == 1;
    CALLGRIND_TOGGLE_COLLECT;
    const bool accepted = SSL_do_handshake(server) == 1;
    CALLGRIND_TOGGLE_COLLECT;
    done = connected && accepted;
  }
  char shown[128] = {};
  if (done) X509_NAME_get_text_by_NID(X509_get_subject_name(SSL_get0_peer_certificate(client)), NID_commonName, shown, sizeof shown);
  if (name != shown) std::abort();
  SSL_free(server);
  SSL_free(client);
}

unsigned number(const char* text) {
  unsigned value = 0;
  std::from_chars(text, text + std::strlen(text), value);
  return value;
}

}  // namespace

int main(int count, char** arguments) {
  if (count < 3) return 2;
  const unsigned certificates_wanted = number(arguments[1]), handshakes = number(arguments[2]);
  const bool context_per_name = count > 3;
  const auto now = runtime::system_clock().wall();
  const fakes::TestCa ca("bench", now);
  std::vector<fakes::TestCa::Pem> pems;
  for (unsigned i = 0; i < certificates_wanted; ++i) pems.push_back(ca.issue({.common_name = name_of(i), .names = "DNS:" + name_of(i)}));

  const std::size_t before = heap_bytes();
  tls::ContextSettings settings;
  for (const auto& pem : pems) settings.certificates.push_back(*tls::Certificate::parse(pem.chain, pem.key, now));
  const std::size_t parsed = heap_bytes();
  std::shared_ptr<const tls::Context> context;
  std::unique_ptr<ContextPerName> contexts;
  if (context_per_name) contexts = std::make_unique<ContextPerName>(settings.certificates);
  else context = *tls::Context::build(std::move(settings));
  const std::size_t built = heap_bytes();

  SSL_CTX* const client = SSL_CTX_new(TLS_client_method());
  SSL_CTX* const server = context_per_name ? contexts->native() : context->native();
  handshake(server, client, name_of(0));  // what is made once
  CALLGRIND_START_INSTRUMENTATION;
  for (unsigned i = 0; i < handshakes; ++i) handshake(server, client, name_of(i * 7919 % certificates_wanted));
  CALLGRIND_STOP_INSTRUMENTATION;
  const double each = certificates_wanted;
  std::printf("{\"certificates\":%u,\"handshakes\":%u,\"certificate_bytes\":%.0f,\"context_bytes\":%.0f}\n", certificates_wanted,
              handshakes, static_cast<double>(parsed - before) / each, static_cast<double>(built - parsed) / each);
  SSL_CTX_free(client);
}
