#include "gatehouse/tls/client_auth.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/sha.h>
#include <openssl/x509_vfy.h>

#include "native.h"
#include "pem_file.h"

namespace gatehouse::tls {

namespace {

constexpr std::size_t kListLimit = 64 * 1024 * 1024;  // of a large authority

Error broken(std::string_view slug, const std::string& path, std::string_view what) {
  return make_error(slug, "cannot read " + std::string(what) + " from " + path + ": " + take_reason());
}

// True when everything in the file was read.
bool at_end() { return ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE; }

bool add_authority(ClientAuth::Native& native, X509* authority) {
  if (X509_STORE_add_cert(native.store.get(), authority) != 1) return false;
  X509_NAME* const name = X509_NAME_dup(X509_get_subject_name(authority));
  return name != nullptr && sk_X509_NAME_push(native.names.get(), name) > 0;
}

Status trust(ClientAuth::Native& native, const std::string& path, std::string_view pem) {
  const BioPtr bio = bio_of(pem);
  int found = 0;
  for (;; ++found) {
    const X509Ptr authority(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
    if (!authority || !add_authority(native, authority.get())) break;
  }
  if (!at_end() || found == 0) return broken("client-ca-unreadable", path, "certificates");
  ERR_clear_error();
  return {};
}

Status revoke(ClientAuth::Native& native, const std::string& path, std::string_view pem) {
  const BioPtr bio = bio_of(pem);
  int found = 0;
  for (;; ++found) {
    X509_CRL* const list = PEM_read_bio_X509_CRL(bio.get(), nullptr, nullptr, nullptr);
    const bool added = list != nullptr && X509_STORE_add_crl(native.store.get(), list) == 1;
    X509_CRL_free(list);
    if (!added) break;
  }
  if (!at_end() || found == 0) return broken("client-crl-unreadable", path, "revocation lists");
  ERR_clear_error();
  X509_STORE_set_flags(native.store.get(), X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL);
  return {};
}

ClientAuth::Id id_of(const ClientAuthSettings& settings, std::string_view authorities, std::string_view lists) {
  ClientAuth::Id id{};
  const std::string head = "gatehouse/client-auth/" + std::to_string(static_cast<int>(settings.mode)) + "/" +
                           std::to_string(settings.depth) + "/" + std::to_string(authorities.size()) + "/";
  const std::string material = head + std::string(authorities) + std::string(lists);
  SHA256(reinterpret_cast<const unsigned char*>(material.data()), material.size(), id.data());
  return id;
}

}  // namespace

Result<std::shared_ptr<const ClientAuth>> ClientAuth::load(const ClientAuthSettings& settings) {
  if (settings.mode == ClientAuthMode::kOff) return std::shared_ptr<const ClientAuth>();
  FileText authorities, lists;
  if (Status read = read_file(settings.ca, "client-ca-unreadable", authorities); !read) return std::move(read).error();
  ERR_clear_error();
  auto native = std::make_unique<Native>();
  native->store.reset(X509_STORE_new());
  native->names.reset(sk_X509_NAME_new_null());
  native->mode = settings.mode;
  native->depth = static_cast<int>(settings.depth);
  X509_STORE_set_flags(native->store.get(), X509_V_FLAG_PARTIAL_CHAIN);
  if (Status trusted = trust(*native, settings.ca, authorities.text); !trusted) return std::move(trusted).error();
  if (!settings.crl.empty()) {
    if (Status read = read_file(settings.crl, "client-crl-unreadable", lists, kListLimit); !read) return std::move(read).error();
    if (Status revoked = revoke(*native, settings.crl, lists.text); !revoked) return std::move(revoked).error();
  }
  native->id = id_of(settings, authorities.text, lists.text);
  return std::shared_ptr<const ClientAuth>(std::make_shared<ClientAuth>(std::move(native)));
}

ClientAuth::ClientAuth(std::unique_ptr<Native> native) : native_(std::move(native)) {}
ClientAuth::~ClientAuth() = default;

const ClientAuth::Id& ClientAuth::id() const noexcept { return native_->id; }

}  // namespace gatehouse::tls
