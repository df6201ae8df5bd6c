#include "gatehouse/access/accounts.h"

#include <algorithm>

#include "accounts_state.h"
#include "gatehouse/base/log.h"

namespace gatehouse::access {

namespace {

constexpr std::size_t kGeneratedSecretBytes = 32;
constexpr std::size_t kFirstPasswordBytes = 15;  // 20 characters
constexpr std::size_t kTokenIdBytes = 16;
constexpr const char* kFirstUser = "admin";
constexpr const char* kSecretSetting = "secret_key";

// A short secret could be guessed from one token or key, offline. Empty needs no care from anybody, so there is no
// reason to allow a weak one.
Status check_secret(const Secret& secret) {
  if (secret.reveal().size() >= kMinSecretBytes) return {};
  return make_error("weak-secret", "access.secret_key (GATEWAY_SECRET_KEY) is shorter than 32 bytes",
                    "leave it empty to have one made and kept, or use: openssl rand -base64 48");
}

Result<std::shared_ptr<const ServerKeys>> load_keys(state::Store& store, const Settings& settings,
                                                    const runtime::Clock& clock, runtime::Random& random) {
  if (!settings.secret_key.empty()) {
    if (auto strong = check_secret(settings.secret_key); !strong) return std::move(strong).error();
    return std::make_shared<const ServerKeys>(settings.secret_key.reveal(), settings.issuer);
  }
  const Secret fresh(runtime::random_base64url(random, kGeneratedSecretBytes));
  auto stored = store.setting_or_store(kSecretSetting, fresh.reveal(),
                                       {clock.wall(), "system", "secret_key.created", "setting:secret_key", ""});
  if (!stored) return std::move(stored).error();
  const Secret secret(*std::move(stored));
  return std::make_shared<const ServerKeys>(secret.reveal(), settings.issuer);
}

Error wrong_login() { return make_error("invalid-credentials", "username or password is wrong"); }

}  // namespace

Accounts::Accounts(std::unique_ptr<State> state) : state_(std::move(state)) {}
Accounts::~Accounts() = default;

Result<std::unique_ptr<Accounts>> Accounts::open(state::Store& store, const Settings& settings, runtime::Clock& clock,
                                                 runtime::Random& random) {
  auto keys = load_keys(store, settings, clock, random);
  if (!keys) return std::move(keys).error();
  auto hasher = PasswordHasher::make(settings.argon2_memory_kib, settings.argon2_passes, random);
  if (!hasher) return std::move(hasher).error();
  auto state = std::make_unique<State>(store, settings, clock, random, *std::move(hasher), *std::move(keys));
  if (auto made = state->make_first_user(); !made) return std::move(made).error();
  if (auto published = state->publish(); !published) return std::move(published).error();
  return std::unique_ptr<Accounts>(new Accounts(std::move(state)));
}

Status Accounts::State::make_first_user() {
  auto users = store.users();
  if (!users) return std::move(users).error();
  if (!users->empty()) return {};
  Secret password = settings.admin_password;
  const bool generated = password.empty();
  if (generated) password = Secret(runtime::random_base64url(random, kFirstPasswordBytes));
  if (auto fine = check_new_password(password); !fine) {
    return make_error("weak-password", "access.admin_password (GATEWAY_ADMIN_PASSWORD): " + fine.error().message,
                      "leave it empty to have one made and printed once");
  }
  auto hash = hasher.hash(password);
  if (!hash) return std::move(hash).error();
  state::User user;
  user.username = kFirstUser;
  user.email = "admin@localhost";
  user.scopes = Scopes::all().names();
  user.superuser = true;
  user.password_hash = *std::move(hash);
  user.created = user.updated = clock.wall();
  auto id = store.add_user(user, {clock.wall(), "system", "user.created", "user:admin", "first start"});
  if (!id && id.error().slug == "conflict") return {};  // another node that starts on the same database was faster
  if (!id) return std::move(id).error();
  if (generated) first_password = std::move(password);
  return {};
}

Status Accounts::State::publish() {
  auto loaded = KeyIndex::load(store);
  if (!loaded) return std::move(loaded).error().context("the change is stored, but not in force yet");
  std::function<void(std::shared_ptr<const KeyIndex>)> tell;
  {
    const std::lock_guard lock(guard);
    index = *loaded;
    tell = callback;
  }
  if (tell) tell(*loaded);
  return {};
}

state::Change Accounts::State::change(const Identity& actor, std::string_view action, std::string subject,
                                      std::string detail) const {
  return {clock.wall(), actor.actor(), std::string(action), std::move(subject), std::move(detail)};
}

std::optional<Secret> Accounts::first_password() {
  const std::lock_guard lock(state_->guard);
  return std::exchange(state_->first_password, std::nullopt);
}

std::shared_ptr<const ServerKeys> Accounts::keys() const { return state_->keys; }

std::shared_ptr<const KeyIndex> Accounts::index() const {
  const std::lock_guard lock(state_->guard);
  return state_->index;
}

void Accounts::on_change(std::function<void(std::shared_ptr<const KeyIndex>)> callback) {
  const std::lock_guard lock(state_->guard);
  state_->callback = std::move(callback);
}

Status Accounts::refresh() {
  const std::lock_guard lock(state_->changing);
  return state_->publish();
}

Status Accounts::State::check_no_look_alike(std::string_view username) {
  auto users = store.users();
  if (!users) return std::move(users).error();
  const auto fold = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; };
  for (const state::User& user : *users) {
    const bool same = std::equal(username.begin(), username.end(), user.username.begin(), user.username.end(),
                                 [fold](char x, char y) { return fold(x) == fold(y); });
    if (same) return make_error("conflict", "there is a user '" + user.username + "' already");
  }
  return {};
}

// Attempts may come by the thousand: one line a second says how many there were.
void Accounts::State::note_refused_login(std::string_view user, std::string_view client, std::string_view reason) {
  std::uint64_t more = 0;
  {
    const std::lock_guard lock(guard);
    const runtime::SteadyTime now = clock.now();
    if (now - refusal_told < std::chrono::seconds(1)) return void(++refusals_untold);
    refusal_told = now;
    more = std::exchange(refusals_untold, 0);
  }
  log::warn("access", "login.refused", "login was refused", {{"user", user}, {"client", client}, {"reason", reason}, {"more", more}});
}

LoginAnswer Accounts::login(std::string_view username, const Secret& password, std::string_view client) {
  State& state = *state_;
  std::optional<std::chrono::seconds> refused;
  {
    const std::lock_guard lock(state.guard);
    const auto wait = state.throttle.admit(client, username, state.clock.now());
    if (wait.count() > 0) refused = wait;
  }
  if (refused) {
    state.note_refused_login({}, client, "throttled");
    return {make_error("too-many-attempts", "too many login attempts; try again in " + std::to_string(refused->count()) + " s"), *refused};
  }
  auto user = state.store.user_named(username);
  if (!user) {
    if (user.error().slug != "not-found") return {std::move(user).error()};
    state.hasher.verify_nobody(password);
    state.note_refused_login({}, client, "unknown_user");
    return {wrong_login()};
  }
  const PasswordVerdict verdict = state.hasher.verify(user->password_hash, password);
  if (!verdict.matches || !user->active) {
    state.note_refused_login(user->username, client, verdict.matches ? "inactive" : "password");
    return {wrong_login()};
  }
  if (verdict.outdated) {
    auto hash = state.hasher.hash(password);
    const Status kept = hash ? state.store.upgrade_password_hash(user->id, user->password_hash, *hash) : hash.error();
    if (!kept) log::warn("access", "password.rehash.failed", "old password hash stays", {{"error", kept.error().message}});
  }
  {
    const std::lock_guard lock(state.guard);
    state.throttle.succeeded(client, username);
  }
  const std::string who = "user:" + user->username;
  // A login needs no row to be good: with a full disk people must still get in.
  if (auto noted = state.store.append_audit({state.clock.wall(), who, "login", who, "from " + std::string(client)}); !noted)
    log::warn("access", "login.not_audited", "a login has no audit row", {{"user", user->username}, {"error", noted.error().message}});
  return {issue(*user)};
}

Status Accounts::logout(const Identity& actor) {
  if (actor.credential != CredentialKind::kToken) {
    return make_error("bad-request", "only a login can be ended; revoke the API key instead");
  }
  const std::lock_guard lock(state_->changing);
  // Kept longer than the token by the leeway, or it would be good again at its very end.
  const state::RevokedToken token{actor.token_id, actor.expires + 2 * kLeeway};
  auto revoked = state_->store.revoke_token(token, state_->change(actor, "token.revoked", "user:" + actor.name));
  if (!revoked) return revoked;
  return state_->publish();
}

Status Accounts::record_key_use(const std::vector<std::pair<std::int64_t, runtime::WallTime>>& uses) {
  if (uses.empty()) return {};
  return state_->store.record_key_use(uses);
}

void KeyUse::note(const Identity& identity, runtime::WallTime now) {
  if (identity.credential != CredentialKind::kApiKey) return;
  const auto place = std::lower_bound(uses_.begin(), uses_.end(), identity.key_id,
                                      [](const auto& use, std::int64_t id) { return use.first < id; });
  if (place != uses_.end() && place->first == identity.key_id) {
    place->second = std::max(place->second, now);
  } else if (uses_.size() < kMaxUses) {
    uses_.insert(place, {identity.key_id, now});
  }
}

std::vector<std::pair<std::int64_t, runtime::WallTime>> KeyUse::take() { return std::exchange(uses_, {}); }

IssuedToken Accounts::issue(const state::User& user) const {
  const std::int64_t now = std::chrono::floor<std::chrono::seconds>(state_->clock.wall()).time_since_epoch().count();
  Claims claims;
  claims.issuer = claims.audience = state_->settings.issuer;
  claims.subject = user.username;
  claims.token_id = runtime::random_base64url(state_->random, kTokenIdBytes);
  claims.user_id = user.id;
  claims.generation = user.token_generation;
  claims.issued = claims.not_before = now;
  claims.expires = now + state_->settings.token_lifetime.count();
  return {Secret(state_->keys->token.sign(to_json(claims))), state_->settings.token_lifetime};
}

}  // namespace gatehouse::access
