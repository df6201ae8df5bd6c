#include "gatehouse/jose/jws.h"
#include "json.h"
#include "session_record.h"

namespace gatehouse::acme {

namespace {

using namespace std::chrono_literals;

constexpr auto kWhileRegistering = 100ms;

Failure refused(std::string_view slug, std::string message, std::string help = {}) {
  return {.kind = FailureKind::kRefused, .error = make_error(slug, std::move(message), std::move(help))};
}

Error no_location(const std::string& url) { return make_error("acme-account", url + ": the authority did not say where the account is"); }

}  // namespace

// One registration at a time; gone with the coroutine that does it.
struct Session::Busy {
  bool& flag;
  explicit Busy(bool& f) : flag(f) { flag = true; }
  Busy(const Busy&) = delete;
  Busy& operator=(const Busy&) = delete;
  ~Busy() { flag = false; }
};

Secret Session::Record::text() const {
  Json json = {{"directory", directory}, {"url", url}, {"contacts", contacts}, {"key", std::string(key.to_pem().reveal())}};
  if (next_key) json["next_key"] = std::string(next_key->to_pem().reveal());
  return Secret(dump(json));
}

Result<Session::Record> Session::Record::parse(const Secret& text) {
  const auto json = parse_object(text.reveal(), "the stored account");
  if (!json) return json.error();
  Members members(*json, "the stored account");
  auto key = pki::Key::parse(members.text("key"));
  if (!key) return std::move(key).error().context("the stored account");
  Record record{.directory = members.text("directory"), .url = members.text("url"), .key = *std::move(key), .next_key = {},
                .contacts = members.texts("contacts")};
  if (members.has("next_key")) {
    auto next = pki::Key::parse(members.text("next_key"));
    if (!next) return std::move(next).error().context("the stored account");
    record.next_key = *std::move(next);
  }
  if (members.error()) return *members.error();
  return record;
}

runtime::Task<Outcome<Done>> Session::save(const Record& record) {
  Secret text = record.text();
  Status saved = co_await slot_.save(std::move(text));
  if (!saved) co_return transient(std::move(saved).error());
  co_return Done{};
}

void Session::lose_account() {
  if (account_) lost_account_ = account_->url;
  account_.reset();
}

runtime::Task<Outcome<AccountKey>> Session::account() {
  while (registering_) co_await environment_.wait(kWhileRegistering);
  if (account_) co_return *account_;
  const Busy busy(registering_);
  auto found = co_await load_or_register();
  if (found) account_ = *found;
  co_return found;
}

runtime::Task<Outcome<AccountKey>> Session::load_or_register() {
  auto text = co_await slot_.load();
  if (!text) co_return transient(std::move(text).error());
  if (*text) {
    auto record = Record::parse(**text);
    if (!record) co_return Failure{.kind = FailureKind::kRefused, .error = std::move(record).error()};
    const bool ours = record->directory == authority_.directory && (record->url.empty() || record->url != lost_account_);
    if (ours && record->url.empty()) co_return co_await register_account(*std::move(record));
    if (ours) {
      auto settled = co_await settle_key_change(*std::move(record));
      if (!settled) co_return std::move(settled).failure();
      co_return co_await update_contacts(*std::move(settled));
    }
  }
  auto key = co_await environment_.make_key(authority_.account_key);
  if (!key) co_return transient(std::move(key).error());
  Record record{.directory = authority_.directory, .url = {}, .key = *std::move(key), .next_key = {}, .contacts = {}};
  co_return co_await register_account(std::move(record));
}

// The key is saved first: asked again with the same key, an authority answers with the same account.
runtime::Task<Outcome<AccountKey>> Session::register_account(Record record) {
  auto found = co_await directory();
  if (!found) co_return std::move(found).failure();
  const std::string url = found->new_account;
  if (found->external_account_required && !authority_.external_account) {
    co_return refused("acme-externalAccountRequired", authority_.directory + " issues only to accounts that it knows",
                      "set certificates.acme.eab to the key that the authority gave you");
  }
  if (auto saved = co_await save(record); !saved) co_return std::move(saved).failure();
  Json payload = {{"termsOfServiceAgreed", true}};
  if (!authority_.contacts.empty()) payload["contact"] = authority_.contacts;
  if (authority_.external_account) {
    const ExternalAccount& external = *authority_.external_account;
    payload["externalAccountBinding"] = Json::parse(jose::bind_account(external.mac_key, external.key_id, url, record.key));
  }
  auto answer = co_await post_signed(url, dump(payload), record.key, {}, {});
  if (!answer) co_return std::move(answer).failure();
  record.url = answer->header("Location");
  if (!is_https_url(record.url)) co_return transient(no_location(url));
  record.contacts = authority_.contacts;
  if (auto saved = co_await save(record); !saved) co_return std::move(saved).failure();
  co_return AccountKey{record.url, record.key};
}

// A change of keys that was cut off: the authority knows one of the two.
runtime::Task<Outcome<Session::Record>> Session::settle_key_change(Record record) {
  if (!record.next_key) co_return record;
  auto found = co_await directory();
  if (!found) co_return std::move(found).failure();
  auto answer = co_await post_signed(found->new_account, R"({"onlyReturnExisting":true})", *record.next_key, {}, {});
  if (!answer && answer.failure().problem != "accountDoesNotExist") co_return std::move(answer).failure();
  if (answer && !is_https_url(answer->header("Location"))) co_return transient(no_location(found->new_account));
  if (answer && answer->header("Location") == record.url) record.key = *record.next_key;
  record.next_key.reset();
  if (auto saved = co_await save(record); !saved) co_return std::move(saved).failure();
  co_return record;
}

// Best effort: a certificate does not wait for a mail address.
runtime::Task<Outcome<AccountKey>> Session::update_contacts(Record record) {
  AccountKey found{record.url, record.key};
  if (record.contacts == authority_.contacts) co_return found;
  const Json payload = {{"contact", authority_.contacts}};
  auto answer = co_await post_signed(found.url, dump(payload), found.key, found.url, {});
  if (!answer && answer.failure().problem == "accountDoesNotExist") {
    account_ = found;
    lose_account();
    co_return std::move(answer).failure();
  }
  if (!answer) co_return found;
  record.contacts = authority_.contacts;
  if (auto saved = co_await save(record); !saved) co_return std::move(saved).failure();
  co_return found;
}

// RFC 8555 section 7.3.5: the new key says that it wants the account, the old one signs that.
runtime::Task<Outcome<Done>> Session::change_key(pki::KeyType type) {
  auto found = co_await directory();
  if (!found) co_return std::move(found).failure();
  auto old = co_await account();
  if (!old) co_return std::move(old).failure();
  auto key = co_await environment_.make_key(type);
  if (!key) co_return transient(std::move(key).error());
  Record record{.directory = authority_.directory, .url = old->url, .key = old->key, .next_key = *key, .contacts = authority_.contacts};
  if (auto saved = co_await save(record); !saved) co_return std::move(saved).failure();
  const Json wish = {{"account", old->url}, {"oldKey", Json::parse(jose::public_jwk(old->key))}};
  auto inner = jose::sign(*key, {.url = found->key_change}, dump(wish));
  if (!inner) co_return Failure{.kind = FailureKind::kRefused, .error = std::move(inner).error()};
  auto answer = co_await post_signed(found->key_change, *std::move(inner), old->key, old->url, {});
  if (!answer && answer.failure().kind != FailureKind::kTransient) {
    record.next_key.reset();
    if (auto saved = co_await save(record); !saved) co_return std::move(saved).failure();
    co_return std::move(answer).failure();
  }
  account_.reset();  // the next account() asks which of the two keys it is
  if (!answer) co_return std::move(answer).failure();
  auto now = co_await account();
  if (!now) co_return std::move(now).failure();
  if (!now->key.same_as(*key)) co_return transient(make_error("acme-key-change", found->key_change + ": the key was not changed"));
  co_return Done{};
}

}  // namespace gatehouse::acme
