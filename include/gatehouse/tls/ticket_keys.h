// TicketKeys: the keys of stateless session tickets. Four keys in a ring, a new one every 12 h; the newest encrypts, all
// decrypt, so that a ticket lives at most 24 h (the limit of the sessions) and no key longer than 48 h. AES-256-CBC and
// HMAC-SHA256 (RFC 5077 4). Random per process; shared by all contexts and across reloads.
//
// What keeps contexts apart is not the key but the session-id context, see context.h.
// Thread-safe: handshakes of several loops take one short lock.
#pragma once

#include <array>
#include <cstdint>
#include <mutex>
#include <optional>
#include <span>

#include "gatehouse/runtime/clock.h"
#include "gatehouse/runtime/random.h"

namespace gatehouse::tls {

struct TicketKey {
  std::array<std::uint8_t, 16> name{};
  std::array<std::uint8_t, 32> cipher{};
  std::array<std::uint8_t, 32> mac{};
};

class TicketKeys {
 public:
  TicketKeys(runtime::Clock& clock, runtime::Random& random);
  TicketKeys(const TicketKeys&) = delete;
  TicketKeys& operator=(const TicketKeys&) = delete;
  ~TicketKeys();

  TicketKey newest();
  struct Found {
    TicketKey key;
    bool newest = false;
  };
  std::optional<Found> find(std::span<const std::uint8_t, 16> name);
  runtime::WallTime wall() const noexcept { return clock_.wall(); }
  void fill_random(std::span<std::uint8_t> out) { random_.fill(out); }

 private:
  void rotate_if_due();
  void add_key();

  runtime::Clock& clock_;
  runtime::Random& random_;
  std::mutex mutex_;
  std::array<std::optional<TicketKey>, 4> ring_;  // newest first
  runtime::SteadyTime newest_since_;
};

}  // namespace gatehouse::tls
