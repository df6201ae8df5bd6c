#include "fields.h"

#include <openssl/evp.h>

#include <algorithm>
#include <array>
#include <nlohmann/json.hpp>

#include "gatehouse/base/check.h"
#include "gatehouse/base/encoding.h"
#include "gatehouse/yaml/words.h"

namespace gatehouse::services {

namespace {

constexpr std::size_t kHashDigits = 32;
constexpr std::size_t kMaxText = 64 * 1024;
constexpr std::string_view kVersion = "v1";

std::string list_text(const std::vector<std::string>& list) {
  std::string out = "[";
  for (const std::string& item : list) {
    if (out.size() > 1) out += ',';
    append_json_string(out, item);
  }
  return out + ']';
}

// Names that hold secrets by convention, and URLs with a password in them.
bool looks_secret(std::string_view name, std::string_view value) {
  constexpr std::array<std::string_view, 6> kWords = {"PASSWORD", "PASSWD", "SECRET", "TOKEN", "CREDENTIAL", "API_KEY"};
  std::string upper(name);
  for (char& c : upper) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
  const bool named =
      std::any_of(kWords.begin(), kWords.end(), [&](std::string_view word) { return upper.find(word) != upper.npos; });
  const std::size_t scheme = value.find("://");
  const bool url = scheme != value.npos && value.find('@', scheme) != value.npos;
  const bool file = upper.ends_with("_FILE");  // names a file
  return (named && !file) || url;
}

class Writer {
 public:
  void text(std::string key, std::string value) {
    if (!value.empty()) fields_.insert_or_assign(std::move(key), std::move(value));
  }
  void list(std::string key, const std::vector<std::string>& value) {
    if (!value.empty()) text(std::move(key), list_text(value));
  }
  void sorted(std::string key, std::vector<std::string> value) {
    std::sort(value.begin(), value.end());
    list(std::move(key), value);
  }
  void flag(std::string key, bool value, bool usual) {
    if (value != usual) text(std::move(key), value ? "true" : "false");
  }
  Fields take() { return std::move(fields_); }

 private:
  Fields fields_;
};

std::string mode_text(std::uint32_t mode) {
  std::string out;
  for (int shift = 6; shift >= 0; shift -= 3) out += static_cast<char>('0' + (mode >> shift & 7));
  return "0" + out;
}

void add_mounts(Writer& out, const Spec& spec) {
  const ServiceSettings& s = spec.settings;
  for (const Volume& volume : s.volumes) out.text("volumes." + volume.target, volume.source + (volume.read_only ? ":ro" : ""));
  for (const Tmpfs& tmpfs : s.tmpfs) out.text("tmpfs." + tmpfs.target, yaml::size_text(tmpfs.size));
  for (const File& file : s.files)
    out.text("files." + file.target, file.source + " " + spec.facts.content_hashes.at(file.source));
  for (const SecretFile& secret : s.secrets) {
    std::string where = secret.target.empty() ? "" : " at " + secret.target;
    out.text("secrets." + secret.name, "version " + spec.facts.secret_versions.at(secret.name) + where + ", " +
                                           mode_text(secret.mode) + " " + std::to_string(secret.uid) + ":" +
                                           std::to_string(secret.gid));
  }
}

}  // namespace

std::string digest(std::string_view text, std::size_t hex_digits) {
  std::array<std::uint8_t, EVP_MAX_MD_SIZE> bytes{};
  unsigned int size = 0;
  GATEHOUSE_CHECK(EVP_Digest(text.data(), text.size(), bytes.data(), &size, EVP_sha256(), nullptr) == 1);
  return encode_hex({bytes.data(), size}).substr(0, hex_digits);
}

void add_resources(Fields& fields, const Resources& resources) {
  const auto add = [&](std::string_view key, std::int64_t value, std::string text) {
    if (value != 0) fields.insert_or_assign(std::string(kResourcePrefix) + std::string(key), std::move(text));
  };
  add("cpus", resources.milli_cpus, cpus_text(resources.milli_cpus));
  add("memory", resources.memory, yaml::size_text(resources.memory));
  add("reserve_cpus", resources.reserve_milli_cpus, cpus_text(resources.reserve_milli_cpus));
  add("reserve_memory", resources.reserve_memory, yaml::size_text(resources.reserve_memory));
  add("pids", resources.pids, std::to_string(resources.pids));
}

Fields make_fields(const Spec& spec) {
  const ServiceSettings& s = spec.settings;
  const ServiceSettings usual;
  Writer out;
  out.text("image", s.image);
  out.text("image_digest", spec.image_digest);
  out.list("entrypoint", s.entrypoint);
  out.list("command", s.command);
  for (const auto& [name, value] : s.environment)
    out.text("environment." + name, looks_secret(name, value) ? "digest " + digest(value, 8) : yaml::quoted(value));
  out.text("user", s.user);
  out.text("work_dir", s.work_dir);
  add_mounts(out, spec);
  for (const Port& port : s.ports)
    out.text("ports." + std::to_string(port.container), port.address + ":" + std::to_string(port.host));
  out.text("network", spec.network);
  out.sorted("aliases", s.aliases);
  out.sorted("cap_add", s.cap_add);
  out.flag("read_only", s.read_only, usual.read_only);
  out.flag("no_new_privileges", s.no_new_privileges, usual.no_new_privileges);
  out.flag("init", s.init, usual.init);
  if (s.shm_size != usual.shm_size) out.text("shm_size", yaml::size_text(s.shm_size));
  if (s.nofile != usual.nofile) out.text("nofile", std::to_string(s.nofile));
  out.text("stop_signal", s.stop_signal);
  if (s.health.probe.kind == health::Kind::kExec) out.list("health.command", s.health.probe.command);
  Fields fields = out.take();
  add_resources(fields, s.resources);
  return fields;
}

std::string hash_of(const Fields& fields) {
  Fields hashed;
  for (const auto& [path, value] : fields)
    if (!path.starts_with(kResourcePrefix)) hashed.emplace(path, value);
  return std::string(kVersion) + ":" + digest(fields_text(hashed), kHashDigits);
}

std::string_view hash_version(std::string_view hash) {
  const std::size_t colon = hash.find(':');
  return colon == hash.npos || !hash.starts_with('v') ? std::string_view() : hash.substr(0, colon);
}

std::string fields_text(const Fields& fields) {
  std::string out = "{";
  for (const auto& [path, value] : fields) {
    if (out.size() > 1) out += ',';
    append_json_string(out, path);
    out += ':';
    append_json_string(out, value);
  }
  return out + '}';
}

std::optional<Fields> parse_fields(std::string_view text) {
  if (text.size() > kMaxText) return std::nullopt;
  const nlohmann::json json = nlohmann::json::parse(text, nullptr, false);
  if (!json.is_object()) return std::nullopt;
  Fields fields;
  for (const auto& [path, value] : json.items()) {
    if (!value.is_string()) return std::nullopt;
    fields.emplace(path, value.get<std::string>());
  }
  return fields;
}

std::string cpus_text(std::int64_t milli_cpus) {
  std::string out = std::to_string(milli_cpus / 1000);
  if (milli_cpus % 1000 == 0) return out;
  std::string rest = std::to_string(1000 + milli_cpus % 1000).substr(1);
  while (rest.ends_with('0')) rest.pop_back();
  return out + '.' + rest;
}

}  // namespace gatehouse::services
