#include "sessions.h"

namespace gatehouse::mcp {

namespace {
constexpr std::size_t kIdBytes = 24;  // 192 random bits, 32 characters
}

SessionUse::SessionUse(std::shared_ptr<Session> session, const runtime::Clock& clock)
    : session_(std::move(session)), clock_(clock) {
  session_->active.fetch_add(1, std::memory_order_relaxed);
}

SessionUse::~SessionUse() {
  session_->last_used.store(clock_.now().time_since_epoch().count(), std::memory_order_relaxed);
  session_->active.fetch_sub(1, std::memory_order_release);
}

Directory::Place::~Place() {
  if (directory_ == nullptr) return;
  const std::lock_guard lock(directory_->mutex_);
  directory_->release(principal_);
}

void Directory::release(const std::string& principal) {
  --places_;
  const auto found = by_principal_.find(principal);
  if (found != by_principal_.end() && --found->second == 0) by_principal_.erase(found);
}

Directory::Full Directory::reserve(const std::string& principal, Limits limits, std::unique_ptr<Place>* place) {
  const std::lock_guard lock(mutex_);
  if (places_ >= limits.total) return Full::kTotal;
  const auto found = by_principal_.find(principal);
  if (found != by_principal_.end() && found->second >= limits.per_principal) return Full::kPrincipal;
  if (limits.per_principal == 0) return Full::kPrincipal;
  ++places_;
  ++by_principal_[principal];
  *place = std::make_unique<Place>(*this, principal);
  return Full::kNo;
}

std::shared_ptr<Session> Directory::open(Place& place, SessionFacts facts, const runtime::Clock& clock) {
  auto session = std::make_shared<Session>(runtime::random_base64url(random_, kIdBytes), std::move(facts));
  session->last_used.store(clock.now().time_since_epoch().count(), std::memory_order_relaxed);
  const std::lock_guard lock(mutex_);
  place.directory_ = nullptr;
  sessions_.emplace(session->id, session);
  return session;
}

std::shared_ptr<Session> Directory::find(std::string_view id, std::string_view principal, std::string_view endpoint) const {
  const std::lock_guard lock(mutex_);
  const auto found = sessions_.find(id);
  if (found == sessions_.end()) return nullptr;
  const SessionFacts& facts = found->second->facts;
  return facts.principal == principal && facts.endpoint == endpoint ? found->second : nullptr;
}

std::shared_ptr<Session> Directory::close(std::string_view id) {
  const std::lock_guard lock(mutex_);
  const auto found = sessions_.find(id);
  if (found == sessions_.end()) return nullptr;
  std::shared_ptr<Session> session = std::move(found->second);
  sessions_.erase(found);
  release(session->facts.principal);
  return session;
}

std::vector<std::shared_ptr<Session>> Directory::close_if(const std::function<bool(const Session&)>& condition) {
  std::vector<std::shared_ptr<Session>> closed;
  const std::lock_guard lock(mutex_);
  for (auto at = sessions_.begin(); at != sessions_.end();) {
    if (!condition(*at->second)) {
      ++at;
      continue;
    }
    release(at->second->facts.principal);
    closed.push_back(std::move(at->second));
    at = sessions_.erase(at);
  }
  return closed;
}

std::size_t Directory::size() const {
  const std::lock_guard lock(mutex_);
  return sessions_.size();
}

std::map<std::string, std::uint64_t> Directory::count_by_server() const {
  std::map<std::string, std::uint64_t> counts;
  const std::lock_guard lock(mutex_);
  for (const auto& [id, session] : sessions_) ++counts[session->facts.server->settings.name];
  return counts;
}

}  // namespace gatehouse::mcp
