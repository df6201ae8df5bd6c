#include "gatehouse/tls/ticket_keys.h"

#include <string.h>

#include <algorithm>

namespace gatehouse::tls {

namespace {

constexpr std::chrono::hours kRotation{12};

}  // namespace

TicketKeys::TicketKeys(runtime::Clock& clock, runtime::Random& random)
    : clock_(clock), random_(random), newest_since_(clock.now()) {
  add_key();
}

TicketKeys::~TicketKeys() { ::explicit_bzero(&ring_, sizeof ring_); }

TicketKey TicketKeys::newest() {
  const std::lock_guard lock(mutex_);
  rotate_if_due();
  return *ring_[0];
}

std::optional<TicketKeys::Found> TicketKeys::find(std::span<const std::uint8_t, 16> name) {
  const std::lock_guard lock(mutex_);
  rotate_if_due();
  for (std::size_t i = 0; i < ring_.size(); ++i) {
    if (ring_[i] && std::equal(name.begin(), name.end(), ring_[i]->name.begin())) return Found{*ring_[i], i == 0};
  }
  return std::nullopt;
}

// Rotation happens when a key is asked for, so that it needs no timer: an idle server ages its keys all the same.
void TicketKeys::rotate_if_due() {
  const auto due = std::min<std::int64_t>((clock_.now() - newest_since_) / kRotation, static_cast<std::int64_t>(ring_.size()));
  for (std::int64_t i = 0; i < due; ++i) add_key();
  if (due > 0) newest_since_ = clock_.now();
}

void TicketKeys::add_key() {
  TicketKey key;
  random_.fill(key.name);
  random_.fill(key.cipher);
  random_.fill(key.mac);
  std::rotate(ring_.rbegin(), ring_.rbegin() + 1, ring_.rend());
  ring_[0] = key;
}

}  // namespace gatehouse::tls
