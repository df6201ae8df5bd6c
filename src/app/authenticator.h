// The edge's question, answered by the access room. One per loop; replaced whenever accounts change.
#pragma once

#include <memory>

#include "gatehouse/access/accounts.h"
#include "gatehouse/access/verifier.h"
#include "gatehouse/edge/authenticator.h"

namespace gatehouse::app {

class Authenticator final : public edge::Authenticator {
 public:
  // `use` belongs to the same loop and outlives this.
  Authenticator(std::shared_ptr<const access::ServerKeys> keys, std::shared_ptr<const access::KeyIndex> index,
                access::KeyUse& use, const runtime::Clock& clock)
      : verifier_(std::move(keys), std::move(index)), use_(use), clock_(clock) {}

  edge::AuthOutcome authenticate(const http::RequestHead& request) const override;

 private:
  access::Verifier verifier_;
  access::KeyUse& use_;
  const runtime::Clock& clock_;
};

// For what goes on after its request was authenticated: whether a change of accounts ends it. `credential` is that of the
// Principal; empty: the user alone. Nobody loses what needs no account.
bool still_valid(std::int64_t user_id, std::string_view credential, const access::KeyIndex& before, const access::KeyIndex& now);

}  // namespace gatehouse::app
