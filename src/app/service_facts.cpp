#include "service_facts.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <vector>

#include "gatehouse/base/encoding.h"

namespace gatehouse::app {

namespace {

namespace fs = std::filesystem;

constexpr std::uintmax_t kMaxBytes = 16 * 1024 * 1024;
constexpr std::size_t kMaxFiles = 1000;
constexpr std::size_t kVersionDigits = 12;

std::string keyed_digest(const Secret& key, std::string_view text) {
  std::array<std::uint8_t, EVP_MAX_MD_SIZE> out{};
  unsigned int size = 0;
  const auto bytes = bytes_of(text);
  HMAC(EVP_sha256(), key.reveal().data(), static_cast<int>(key.reveal().size()), bytes.data(), bytes.size(), out.data(), &size);
  return encode_hex({out.data(), size}).substr(0, kVersionDigits);
}

// In the order of their names; nothing: too many, too much, or not readable.
std::vector<fs::path> files_below(const fs::path& path) {
  std::error_code error;
  std::vector<fs::path> out;
  std::uintmax_t bytes = 0;
  if (fs::is_regular_file(path, error)) return fs::file_size(path, error) <= kMaxBytes ? std::vector{path} : out;
  for (fs::recursive_directory_iterator it(path, error), end; !error && it != end; it.increment(error)) {
    if (!it->is_regular_file(error)) continue;
    bytes += it->file_size(error);
    out.push_back(it->path());
    if (out.size() > kMaxFiles || bytes > kMaxBytes) return {};
  }
  if (error) return {};
  std::sort(out.begin(), out.end());
  return out;
}

}  // namespace

std::string content_hash(const std::string& path) {
  const std::vector<fs::path> files = files_below(path);
  if (files.empty()) return {};
  std::string all;
  for (const fs::path& file : files) {
    std::ifstream in(file, std::ios::binary);
    std::string text{std::istreambuf_iterator<char>(in), {}};
    if (!in.good() && !in.eof()) return {};
    const std::string name = file.lexically_relative(path).string();
    all += name + " " + std::to_string(text.size()) + "\n" + text;
  }
  std::array<std::uint8_t, EVP_MAX_MD_SIZE> out{};
  unsigned int size = 0;
  EVP_Digest(all.data(), all.size(), out.data(), &size, EVP_sha256(), nullptr);
  return encode_hex({out.data(), size}).substr(0, 16);
}

services::Facts gather_facts(const keys::Configuration& configuration, const Secret& key) {
  services::Facts out;
  for (const services::ServiceSettings& service : configuration.services.services) {
    for (const services::SecretFile& secret : service.secrets) {
      const auto value = configuration.service_secrets.find(secret.name);
      if (value == configuration.service_secrets.end()) continue;
      out.secret_versions[secret.name] = keyed_digest(key, secret.format + "\n" + std::string(value->second.reveal()));
    }
    for (const services::File& file : service.files)
      if (std::string hash = content_hash(file.source); !hash.empty()) out.content_hashes[file.source] = std::move(hash);
  }
  return out;
}

}  // namespace gatehouse::app
