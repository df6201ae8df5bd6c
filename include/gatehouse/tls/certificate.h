// Certificate: a checked chain with its private key. Immutable, shared between contexts and reloads.
//
// Errors (slugs): "certificate-unreadable", "key-unreadable" (path and errno, or not PEM), "key-permissions" (readable by
// everybody), "key-encrypted", "key-mismatch", "certificate-chain" (wrong order), "certificate-expired",
// "certificate-no-names" (no subjectAltName, which every client needs; a client's own certificate may do without).
// Thread: any.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "gatehouse/base/result.h"
#include "gatehouse/runtime/clock.h"
#include "gatehouse/tls/settings.h"

namespace gatehouse::tls {

enum class Role { kServer, kClient };

class Certificate {
 public:
  struct Native;  // OpenSSL's objects; src/tls/native.h

  static Result<std::shared_ptr<const Certificate>> load(const CertificateFile& file, runtime::WallTime now,
                                                         Role role = Role::kServer);
  static Result<std::shared_ptr<const Certificate>> parse(std::string_view chain_pem, std::string_view key_pem,
                                                          runtime::WallTime now, Role role = Role::kServer);
  explicit Certificate(std::unique_ptr<Native> native);
  Certificate(const Certificate&) = delete;
  Certificate& operator=(const Certificate&) = delete;
  ~Certificate();

  const std::vector<std::string>& names() const noexcept;  // DNS names (lower case, "*.a.b" too) and IP literals
  runtime::WallTime not_before() const noexcept;
  runtime::WallTime not_after() const noexcept;
  std::string_view fingerprint() const noexcept;           // SHA-256 of the leaf, lower-case hex
  bool self_signed() const noexcept;
  const Native& native() const noexcept { return *native_; }

 private:
  std::unique_ptr<Native> native_;
};

}  // namespace gatehouse::tls
