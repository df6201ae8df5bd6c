#include "password.h"

#include <argon2.h>
#include <crypt.h>

#include <array>
#include <memory>

#include "crypto.h"

namespace gatehouse::access {

namespace {

constexpr std::uint32_t kLanes = 1;
constexpr std::size_t kSaltBytes = 16;
constexpr std::size_t kHashBytes = 32;
constexpr std::string_view kBcrypt = "$2b$";
constexpr std::size_t kBcryptLength = 60;
constexpr std::string_view kMaxBcryptCost = "14";  // about a second; a stored 31 would hold a thread for days

std::string prefix_of(std::uint32_t memory_kib, std::uint32_t passes) {
  return "$argon2id$v=19$m=" + std::to_string(memory_kib) + ",t=" + std::to_string(passes) +
         ",p=" + std::to_string(kLanes) + "$";
}

// bcrypt reads up to the first NUL: a password that holds one never matches.
bool bcrypt_matches(const std::string& encoded, const Secret& password) {
  if (encoded.size() != kBcryptLength || std::string_view(encoded).substr(4, 2) > kMaxBcryptCost) return false;
  if (password.reveal().find('\0') != std::string_view::npos) return false;
  const std::string text(password.reveal());
  const auto data = std::make_unique<crypt_data>();
  const char* again = ::crypt_r(text.c_str(), encoded.c_str(), data.get());
  return again != nullptr && equal_constant_time(again, encoded);
}

bool argon2_matches(const std::string& encoded, const Secret& password) {
  const std::string_view text = password.reveal();
  return ::argon2id_verify(encoded.c_str(), text.data(), text.size()) == ARGON2_OK;
}

}  // namespace

Status check_new_password(const Secret& password) {
  const std::size_t size = password.reveal().size();
  if (size >= kMinPasswordBytes && size <= kMaxPasswordBytes) return {};
  return make_error("bad-request", "a password has 8 to 1024 bytes, this one " + std::to_string(size));
}

Result<PasswordHasher> PasswordHasher::make(std::uint32_t memory_kib, std::uint32_t passes, runtime::Random& random) {
  PasswordHasher hasher(memory_kib, passes, random);
  auto nobody = hasher.hash(Secret(runtime::random_base64url(random, kHashBytes)));
  if (!nobody) return std::move(nobody).error();
  hasher.nobody_ = *std::move(nobody);
  return hasher;
}

Result<std::string> PasswordHasher::hash(const Secret& password) const {
  std::array<std::uint8_t, kSaltBytes> salt{};
  random_->fill(salt);
  std::string encoded(::argon2_encodedlen(passes_, memory_kib_, kLanes, kSaltBytes, kHashBytes, Argon2_id), '\0');
  const std::string_view text = password.reveal();
  const int code = ::argon2id_hash_encoded(passes_, memory_kib_, kLanes, text.data(), text.size(), salt.data(),
                                           salt.size(), kHashBytes, encoded.data(), encoded.size());
  if (code != ARGON2_OK) {
    const std::string_view slug = code == ARGON2_MEMORY_ALLOCATION_ERROR ? "out-of-memory" : "bad-settings";
    return make_error(slug, std::string("cannot hash a password: ") + ::argon2_error_message(code),
                      "see access.argon2_memory_kib and access.argon2_passes");
  }
  encoded.resize(std::char_traits<char>::length(encoded.c_str()));
  return encoded;
}

PasswordVerdict PasswordHasher::verify(const std::string& encoded, const Secret& password) const {
  if (password.reveal().size() > kMaxPasswordBytes) return {};
  PasswordVerdict verdict;
  const bool old = encoded.starts_with(kBcrypt);
  verdict.matches = old ? bcrypt_matches(encoded, password) : argon2_matches(encoded, password);
  verdict.outdated = verdict.matches && !encoded.starts_with(prefix_of(memory_kib_, passes_));
  return verdict;
}

void PasswordHasher::verify_nobody(const Secret& password) const { (void)verify(nobody_, password); }

}  // namespace gatehouse::access
