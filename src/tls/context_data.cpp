#include "context_data.h"

#include <openssl/crypto.h>
#include <openssl/sha.h>

#include <algorithm>
#include <array>
#include <tuple>

namespace gatehouse::tls {

namespace {

int key_type(const Certificate& certificate) { return EVP_PKEY_get_base_id(certificate.native().key.get()); }

// When two certificates claim one name: the later one, then the one that lasts longer. The order of the files never counts.
bool better(const Certificate& a, const Certificate& b) {
  return std::tuple(a.not_before(), a.not_after(), a.fingerprint()) > std::tuple(b.not_before(), b.not_after(), b.fingerprint());
}

void add_to_slot(Slot& slot, const std::shared_ptr<const Certificate>& certificate) {
  for (auto& present : slot.certificates) {
    if (key_type(*present) != key_type(*certificate)) continue;
    if (better(*certificate, *present)) present = certificate;
    return;
  }
  slot.certificates.push_back(certificate);
}

void seal_slot(Slot& slot, Policy policy) {
  std::string material = policy == Policy::kModern ? "gatehouse/modern" : "gatehouse/intermediate";
  std::vector<std::string_view> prints;
  for (const auto& certificate : slot.certificates) prints.push_back(certificate->fingerprint());
  std::sort(prints.begin(), prints.end());
  for (const std::string_view print : prints) material.append("/").append(print);
  SHA256(reinterpret_cast<const unsigned char*>(material.data()), material.size(), slot.session_id_context.data());
}

// The name itself, else the wildcard of one label that covers it.
template <class Names>
auto find_name(const Names& names, const std::string& name) {
  const auto exact = names.find(name);
  const std::size_t dot = name.find('.');
  if (exact != names.end() || dot == std::string::npos || dot == 0) return exact;
  return names.find("*" + name.substr(dot));
}

constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }

void free_data(void*, void* pointer, CRYPTO_EX_DATA*, int, long, void*) { delete static_cast<ContextData*>(pointer); }

int data_index() {
  static const int index = SSL_CTX_get_ex_new_index(0, nullptr, nullptr, nullptr, free_data);
  return index;
}

}  // namespace

std::string normal_name(std::string_view sni) {
  if (sni.ends_with('.')) sni.remove_suffix(1);
  std::string name(sni);
  for (char& c : name) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    const bool allowed = is_digit(c) || (c >= 'a' && c <= 'z') || c == '-' || c == '_' || c == '.';
    if (!allowed) return {};
  }
  const std::size_t dot = name.rfind('.');
  const std::string_view last = std::string_view(name).substr(dot == std::string::npos ? 0 : dot + 1);
  return std::all_of(last.begin(), last.end(), is_digit) ? std::string() : name;
}

void ContextData::fill_slots() {
  for (const auto& certificate : settings.certificates) {
    for (const std::string& name : certificate->names()) {
      Slot*& slot = by_name[name];
      if (slot == nullptr) slot = slots.emplace_back(std::make_unique<Slot>()).get();
      add_to_slot(*slot, certificate);
    }
  }
  fallback = slots.emplace_back(std::make_unique<Slot>()).get();
  // The default: the first certificate, and those of other key types with the same names.
  for (const auto& certificate : settings.certificates) {
    if (certificate->names() == settings.certificates.front()->names()) add_to_slot(*fallback, certificate);
  }
  for (const auto& slot : slots) seal_slot(*slot, settings.policy);
}

const Slot* ContextData::find(const std::string& name) const {
  const auto found = find_name(by_name, name);
  return found != by_name.end() ? found->second : nullptr;
}

const ClientAuth* ContextData::client_auth(const std::string& name) const {
  const auto found = find_name(settings.client_auth_of, name);
  return found != settings.client_auth_of.end() ? found->second.get() : settings.client_auth.get();
}

SessionIdContext session_id_context(const Slot& slot, const ClientAuth* auth) {
  if (auth == nullptr) return slot.session_id_context;
  std::array<std::uint8_t, 2 * sizeof(SessionIdContext)> both;
  std::copy(slot.session_id_context.begin(), slot.session_id_context.end(), both.begin());
  std::copy(auth->id().begin(), auth->id().end(), both.begin() + sizeof(SessionIdContext));
  SessionIdContext out;
  SHA256(both.data(), both.size(), out.data());
  return out;
}

const ContextData& data_of(SSL_CTX* context) noexcept {
  return *static_cast<const ContextData*>(SSL_CTX_get_ex_data(context, data_index()));
}

void give_data(SSL_CTX* context, std::unique_ptr<ContextData> data) {
  if (SSL_CTX_set_ex_data(context, data_index(), data.get()) == 1) data.release();
}

}  // namespace gatehouse::tls
