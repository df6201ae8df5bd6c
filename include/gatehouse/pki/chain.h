// Chain: a certificate as an authority hands it out (application/pem-certificate-chain, RFC 8555 section 9.1): the leaf and
// those behind it, nothing else. Immutable.
//
// Errors: "certificate-unreadable" (no PEM, cut off, anything but certificates inside, more than 10 of them or 128 KiB).
// check_issued() adds those of tls::Certificate::parse(), "certificate-names" and "certificate-not-yet-valid".
// Thread: any.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "gatehouse/base/result.h"
#include "gatehouse/pki/key.h"
#include "gatehouse/pki/names.h"
#include "gatehouse/runtime/clock.h"
#include "gatehouse/tls/certificate.h"

struct x509_st;

namespace gatehouse::pki {

class Chain {
 public:
  static Result<Chain> parse(std::string_view pem);

  std::size_t size() const noexcept { return certificates_.size(); }
  runtime::WallTime not_before() const;
  runtime::WallTime not_after() const;
  std::string der() const;             // the leaf, for revocation
  std::string serial() const;          // of the leaf, lower-case hex
  std::string top_issuer() const;      // common name of the issuer of the last certificate; empty when it has none

  // How the leaf is called in renewal information (RFC 9773 section 4.1): "aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE". Empty when it
  // names no authority key.
  std::string renewal_id() const;

 private:
  std::vector<std::shared_ptr<x509_st>> certificates_;  // never empty
};

// Whether `pem` may be installed: a chain in order, its leaf for `key`, for exactly these names, valid now.
Result<std::shared_ptr<const tls::Certificate>> check_issued(std::string_view pem, const Key& key, const Names& names,
                                                             runtime::WallTime now);

}  // namespace gatehouse::pki
