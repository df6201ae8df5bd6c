// Session: what is between us and one certificate authority: its directory (kept for a day), nonces, and our account, which is
// registered when it is needed and registered anew when the authority has forgotten it.
//
//   acme::Session session(environment, account_slot, {.directory = "https://ca.example/directory"});
//   auto answer = co_await session.post(url, payload);      // signed by the account's key
//
// A request that meets `badNonce` is signed and sent again, ten times at most, 250 ms apart. Everything else that goes wrong is
// the caller's to judge. The account's key is saved before the authority sees it; so is a new key before it replaces the old.
//
// Owner: whoever issues. Thread: one loop; its coroutines may run at the same time. Stop: destroy coroutines, then it.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gatehouse/acme/environment.h"
#include "gatehouse/acme/failure.h"
#include "gatehouse/pki/key.h"

namespace gatehouse::acme {

struct ExternalAccount {  // RFC 8555 section 7.3.4
  std::string key_id;
  Secret mac_key;         // bytes, no longer base64url
};

struct Authority {
  std::string directory;                // URL
  std::vector<std::string> contacts{};  // "mailto:ops@example.org"
  std::optional<ExternalAccount> external_account{};
  pki::KeyType account_key = pki::KeyType::kEcdsaP256;
};

struct AccountKey {
  std::string url;  // "kid"
  pki::Key key;
};

enum class RevocationReason : std::uint8_t {  // RFC 5280 section 5.3.1
  kUnspecified = 0, kKeyCompromise = 1, kAffiliationChanged = 3, kSuperseded = 4, kCessationOfOperation = 5,
};

struct RenewalAnswer {
  std::optional<RenewalWindow> window;              // nothing: the authority has none, or an invalid one
  std::optional<std::chrono::seconds> retry_after;
};

class Session {
 public:
  Session(Environment& environment, Slot& account_slot, Authority authority);

  const Authority& authority() const noexcept { return authority_; }
  runtime::Task<Outcome<Directory>> directory();
  runtime::Task<Outcome<AccountKey>> account();
  bool has_account() const noexcept { return account_.has_value(); }
  std::string account_url() const { return account_ ? account_->url : std::string(); }
  void lose_account();  // the authority does not know it: the next account() registers a new one

  // A request signed by the account; an empty payload reads (POST-as-GET). 2xx, or a failure.
  runtime::Task<Outcome<Answer>> post(std::string url, std::string payload, std::string accept = {});

  runtime::Task<Outcome<Done>> change_key(pki::KeyType type);
  // By the account, or by the certificate's own key. A certificate that is revoked already is fine.
  runtime::Task<Outcome<Done>> revoke(std::string certificate_der, RevocationReason reason, std::optional<pki::Key> certificate_key = {});
  runtime::Task<Outcome<RenewalAnswer>> renewal_window(std::string renewal_id);

  // How challenges of this kind went so far: the share of successes, 1 when there was none yet.
  void note_challenge(std::string_view type, bool succeeded);
  double challenge_record(std::string_view type) const;

 private:
  struct Record;  // what the slot holds
  struct Busy;

  runtime::Task<Outcome<Answer>> send(Request request);
  runtime::Task<Outcome<Answer>> post_signed(std::string url, std::string payload, pki::Key key, std::string key_id, std::string accept);
  runtime::Task<Outcome<std::string>> nonce();
  runtime::Task<Outcome<AccountKey>> load_or_register();
  runtime::Task<Outcome<AccountKey>> register_account(Record record);
  runtime::Task<Outcome<Record>> settle_key_change(Record record);
  runtime::Task<Outcome<AccountKey>> update_contacts(Record record);
  runtime::Task<Outcome<Done>> save(const Record& record);

  Environment& environment_;
  Slot& slot_;
  Authority authority_;
  std::optional<Directory> directory_;
  runtime::SteadyTime directory_until_{};
  std::deque<std::string> nonces_;
  std::optional<AccountKey> account_;
  std::string lost_account_;  // URL
  bool registering_ = false;
  std::map<std::string, std::pair<unsigned, unsigned>, std::less<>> challenges_;  // successes, attempts
};

}  // namespace gatehouse::acme
