// OpenSSL's objects with owners, and its error queue as text.
#pragma once

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <memory>
#include <string>
#include <vector>

#include "gatehouse/tls/certificate.h"
#include "gatehouse/tls/client_auth.h"

namespace gatehouse::tls {

template <auto Free>
struct Deleter {
  template <class T>
  void operator()(T* object) const noexcept {
    Free(object);
  }
};

inline void free_chain(STACK_OF(X509) * chain) noexcept { sk_X509_pop_free(chain, X509_free); }
inline void free_names(STACK_OF(X509_NAME) * names) noexcept { sk_X509_NAME_pop_free(names, X509_NAME_free); }

using BioPtr = std::unique_ptr<BIO, Deleter<BIO_free_all>>;
using KeyPtr = std::unique_ptr<EVP_PKEY, Deleter<EVP_PKEY_free>>;
using X509Ptr = std::unique_ptr<X509, Deleter<X509_free>>;
using ChainPtr = std::unique_ptr<STACK_OF(X509), Deleter<free_chain>>;
using StorePtr = std::unique_ptr<X509_STORE, Deleter<X509_STORE_free>>;
using NamesPtr = std::unique_ptr<STACK_OF(X509_NAME), Deleter<free_names>>;
using ContextPtr = std::unique_ptr<SSL_CTX, Deleter<SSL_CTX_free>>;

// The first reason in this thread's queue, which is emptied: "no shared cipher".
std::string take_reason();

struct Certificate::Native {
  X509Ptr leaf;
  ChainPtr chain;  // without the leaf
  KeyPtr key;
  std::vector<std::string> names;
  runtime::WallTime not_before;
  runtime::WallTime not_after;
  std::string fingerprint;
  bool self_signed = false;
};

struct ClientAuth::Native {
  StorePtr store;
  NamesPtr names;  // of the authorities, told to clients so that they can choose
  ClientAuthMode mode = ClientAuthMode::kOff;
  int depth = 0;
  Id id{};
};

}  // namespace gatehouse::tls
