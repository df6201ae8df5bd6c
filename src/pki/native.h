// OpenSSL's objects with owners, and its error queue as text.
#pragma once

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/x509v3.h>

#include <memory>
#include <string>

#include "gatehouse/pki/key.h"
#include "gatehouse/pki/names.h"

namespace gatehouse::pki {

template <auto Free>
struct Deleter {
  template <class T>
  void operator()(T* object) const noexcept {
    Free(object);
  }
};

using BioPtr = std::unique_ptr<BIO, Deleter<BIO_free_all>>;
using X509Ptr = std::unique_ptr<X509, Deleter<X509_free>>;
using RequestPtr = std::unique_ptr<X509_REQ, Deleter<X509_REQ_free>>;
using NamesPtr = std::unique_ptr<GENERAL_NAMES, Deleter<GENERAL_NAMES_free>>;
using OctetsPtr = std::unique_ptr<ASN1_OCTET_STRING, Deleter<ASN1_OCTET_STRING_free>>;

// The first reason in this thread's queue, which is emptied.
std::string take_reason();

inline const unsigned char* octets(std::string_view text) noexcept { return reinterpret_cast<const unsigned char*>(text.data()); }

// The digest that goes with a key in X.509 signatures; null for Ed25519, which has its own.
const EVP_MD* digest_for(const Key& key) noexcept;

NamesPtr general_names(const Names& names);  // null: out of memory, or an address that is none

// The DER form of an object with one of OpenSSL's i2d functions.
template <auto Encode, class T>
std::string der_of(const T* object) {
  unsigned char* bytes = nullptr;
  const int size = Encode(object, &bytes);
  std::string text(reinterpret_cast<const char*>(bytes), size > 0 ? static_cast<std::size_t>(size) : 0);
  OPENSSL_free(bytes);
  return text;
}

}  // namespace gatehouse::pki
