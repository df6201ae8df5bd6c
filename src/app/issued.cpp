#include "issued.h"

#include <algorithm>

#include "gatehouse/base/log.h"

namespace gatehouse::app {

namespace {

std::vector<std::string> sorted(std::vector<std::string> names) {
  std::sort(names.begin(), names.end());
  return names;
}

}  // namespace

void Issued::begin_extra(std::vector<std::string> names) {
  const std::lock_guard lock(mutex_);
  extra_ = std::move(names);
}

void Issued::add_extra(std::string name) {
  const std::lock_guard lock(mutex_);
  if (std::find(extra_.begin(), extra_.end(), name) == extra_.end()) extra_.push_back(std::move(name));
}

std::vector<std::string> Issued::extra() const {
  const std::lock_guard lock(mutex_);
  return extra_;
}

bool Issued::publish(const std::string& name, std::shared_ptr<const tls::Certificate> certificate) {
  const std::lock_guard lock(mutex_);
  auto& published = published_[name];
  if (published && published->fingerprint() == certificate->fingerprint()) return false;
  published = std::move(certificate);
  return true;
}

std::shared_ptr<const tls::Certificate> Issued::read(const std::string& name) const {
  if (vault_ == nullptr) return nullptr;
  auto text = vault_->get(acme::Kind::kCertificate, name);
  if (!text) log::warn("tls", "vault.failed", "cannot use the vault", {{"error", text.error().message}});
  if (!text || !*text) return nullptr;
  // Key and chain are one text, and each is found in it.
  auto certificate = tls::Certificate::parse((*text)->reveal(), (*text)->reveal(), runtime::WallTime{});
  if (!certificate) log::warn("tls", "vault.failed", "cannot use a stored certificate", {{"name", name}, {"error", certificate.error().message}});
  return certificate ? *std::move(certificate) : nullptr;
}

std::shared_ptr<const tls::Certificate> Issued::find(const std::vector<std::string>& names) {
  const std::lock_guard lock(mutex_);
  auto& published = published_[names.front()];
  if (published == nullptr) published = read(names.front());
  return published && sorted(published->names()) == sorted(names) ? published : nullptr;
}

}  // namespace gatehouse::app
