// RedisPing: is this a Redis that answers? PING, after AUTH when there is a password. RESP2 (RESP3 servers speak it until
// HELLO). Sans-IO: send request(), feed what comes, close when it is decided. LOADING, NOAUTH and the like are "not ready"
// with the server's own words. Values; nothing to stop. Source: Redis serialization protocol specification.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "gatehouse/base/secret.h"
#include "gatehouse/health/monitor.h"

namespace gatehouse::health {

class RedisPing {
 public:
  static constexpr std::size_t kMaxReply = 1024;  // bytes of one reply; more is a failure

  RedisPing(std::string_view user, const Secret& password);

  const Secret& request() const noexcept { return request_; }
  std::optional<Outcome> feed(std::string_view bytes);  // nothing yet: more is needed
  Outcome closed() const;                               // the peer closed before it was decided

 private:
  std::optional<Outcome> take_reply(std::string_view line);

  Secret request_;
  int replies_left_;       // the last one is that of PING
  std::string buffer_;     // of an unfinished reply
};

}  // namespace gatehouse::health
