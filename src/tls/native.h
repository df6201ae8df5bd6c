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

namespace gatehouse::tls {

template <auto Free>
struct Deleter {
  template <class T>
  void operator()(T* object) const noexcept {
    Free(object);
  }
};

inline void free_chain(STACK_OF(X509) * chain) noexcept { sk_X509_pop_free(chain, X509_free); }

using BioPtr = std::unique_ptr<BIO, Deleter<BIO_free_all>>;
using KeyPtr = std::unique_ptr<EVP_PKEY, Deleter<EVP_PKEY_free>>;
using X509Ptr = std::unique_ptr<X509, Deleter<X509_free>>;
using ChainPtr = std::unique_ptr<STACK_OF(X509), Deleter<free_chain>>;
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

}  // namespace gatehouse::tls
