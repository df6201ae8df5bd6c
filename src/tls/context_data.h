// What the callbacks of an SSL_CTX look at. Owned by the SSL_CTX, because connections of an old context outlive the
// Context that made it.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "gatehouse/tls/context.h"
#include "native.h"

namespace gatehouse::tls {

using SessionIdContext = std::array<std::uint8_t, 32>;

// The certificates of one name (at most one for each key type), and the session-id context that goes with them.
struct Slot {
  std::vector<std::shared_ptr<const Certificate>> certificates;
  SessionIdContext session_id_context{};
};

struct ContextData {
  ContextSettings settings;
  std::string alpn;  // wire format, best first
  std::vector<std::unique_ptr<Slot>> slots;
  std::unordered_map<std::string, Slot*> by_name;  // "a.b", "*.b"
  Slot* fallback = nullptr;
  bool post_quantum = false;
  bool asks_clients = false;  // by any rule

  void fill_slots();
  const Slot* find(const std::string& name) const;  // null: nobody is called so
  const ClientAuth* client_auth(const std::string& name) const;  // empty: no name; null: off
};

SessionIdContext session_id_context(const Slot& slot, const ClientAuth* auth);

// Lower-case ASCII without a trailing dot; empty when it is no DNS name (an IP literal is none, RFC 6066 3).
std::string normal_name(std::string_view sni);

const ContextData& data_of(SSL_CTX* context) noexcept;
void give_data(SSL_CTX* context, std::unique_ptr<ContextData> data);
void install_callbacks(SSL_CTX* context);  // SNI, certificate, ALPN, tickets

}  // namespace gatehouse::tls
