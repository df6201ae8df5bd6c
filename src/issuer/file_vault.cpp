#include "gatehouse/issuer/file_vault.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <nlohmann/json.hpp>

#include "files.h"
#include "gatehouse/base/timestamp.h"

namespace gatehouse::issuer {

namespace {

using Json = nlohmann::json;
using acme::Kind;
using acme::Lease;

constexpr std::size_t kMaxName = 200;
constexpr std::string_view kWildcard = "_wildcard.";
constexpr std::chrono::hours kInterruptedFor{1};
constexpr std::size_t kTestBytes = 10 * 1024;

struct Shelf {
  const char* directory;
  const char* extension;
};

Shelf shelf_of(Kind kind) {
  switch (kind) {
    case Kind::kAccount: return {"accounts", ".json"};
    case Kind::kCertificate: return {"live", ".pem"};
    case Kind::kOrder: return {"orders", ".json"};
    case Kind::kRenewal: return {"renewal", ".json"};
  }
  return {};
}

bool is_name(std::string_view name) {
  if (name.starts_with("*.")) name.remove_prefix(2);
  const auto allowed = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == '_' || c == ':';
  };
  return !name.empty() && name.size() <= kMaxName && name.front() != '.' && !name.starts_with(kWildcard) &&
         std::all_of(name.begin(), name.end(), allowed);
}

std::string file_name(std::string_view name, const char* extension) {
  std::string text = name.starts_with("*.") ? std::string(kWildcard).append(name.substr(2)) : std::string(name);
  return text + extension;
}

Error bad_name(const std::string& name) { return make_error("bad-name", "'" + name.substr(0, 80) + "' is no name for the vault"); }
Error lease_lost(const std::string& name) { return make_error("lease-lost", "another node has taken over '" + name + "'"); }

class FileVault final : public acme::Vault {
 public:
  explicit FileVault(std::string root) : root_(std::move(root)) {}

  Result<std::optional<Secret>> get(Kind kind, const std::string& name) override {
    if (!is_name(name)) return bad_name(name);
    return read_secret_file(directory(kind) + "/" + file_name(name, shelf_of(kind).extension));
  }

  Status put(Kind kind, const std::string& name, const Secret& text, const Lease* lease) override {
    if (!is_name(name)) return bad_name(name);
    return under(lease, [&] { return replace_file(directory(kind), file_name(name, shelf_of(kind).extension), text.reveal()); });
  }

  Status remove(Kind kind, const std::string& name, const Lease* lease) override {
    if (!is_name(name)) return bad_name(name);
    return under(lease, [&] { return remove_file(directory(kind), file_name(name, shelf_of(kind).extension)); });
  }

  Result<std::vector<std::string>> list(Kind kind) override {
    const std::unique_ptr<DIR, int (*)(DIR*)> entries(::opendir(directory(kind).c_str()), ::closedir);
    if (!entries) return system_error("vault-unwritable", "cannot read " + directory(kind), errno);
    std::vector<std::string> names;
    while (const dirent* const entry = ::readdir(entries.get())) {
      std::string name = entry->d_name;
      const std::string_view extension = shelf_of(kind).extension;
      if (!name.ends_with(extension) || name.starts_with('.')) continue;
      name.resize(name.size() - extension.size());
      if (name.starts_with(kWildcard)) name.replace(0, kWildcard.size(), "*.");
      if (is_name(name)) names.push_back(std::move(name));
    }
    std::sort(names.begin(), names.end());
    return names;
  }

  Result<std::optional<Lease>> acquire(const std::string& name, const std::string& owner, runtime::WallTime now,
                                       std::chrono::seconds duration) override {
    if (!is_name(name)) return bad_name(name);
    const auto guard = lock();
    if (!guard) return guard.error();
    auto stored = read_lease(name);
    if (!stored) return std::move(stored).error();
    // A lease that lasts longer than leases do was written by a clock that was wrong.
    const bool held = stored->owner != owner && stored->until > now && stored->until <= now + 2 * duration;
    if (held) return std::optional<Lease>();
    Lease lease{name, owner, stored->fence + 1, now + duration};
    if (Status written = write_lease(lease); !written) return std::move(written).error();
    return std::optional<Lease>(std::move(lease));
  }

  Status renew(Lease& lease, runtime::WallTime now, std::chrono::seconds duration) override {
    return under(&lease, [&] {
      Lease longer = lease;
      longer.until = now + duration;
      Status written = write_lease(longer);
      if (written) lease = std::move(longer);
      return written;
    });
  }

  Status release(const Lease& lease) override {
    return under(&lease, [&] { return write_lease({lease.name, "", lease.fence, {}}); });  // the fence goes on growing
  }

  Status self_test(runtime::Random& random) override {
    const std::string name = std::string(kTemporary) + "test-" + runtime::random_hex(random, 8);  // several may run at once
    const std::string text = runtime::random_hex(random, kTestBytes / 2);
    if (Status written = replace_file(root_, name, text); !written) return written;
    const auto read = read_secret_file(root_ + "/" + name);
    Status removed = remove_file(root_, name);
    if (!read) return read.error();
    if (!*read || (*read)->reveal() != text) return make_error("vault-damaged", "the storage in " + root_ + " does not give back what was written");
    return removed;
  }

 private:
  std::string directory(Kind kind) const { return root_ + "/" + shelf_of(kind).directory; }
  std::string leases() const { return root_ + "/leases"; }

  // One process or thread at a time. Nobody waits.
  Result<UniqueFd> lock() const {
    UniqueFd fd(::open((root_ + "/.guard").c_str(), O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!fd) return system_error("vault-unwritable", "cannot open " + root_ + "/.guard", errno);
    if (::flock(fd.get(), LOCK_EX | LOCK_NB) == 0) return fd;
    if (errno == EWOULDBLOCK) return make_error("vault-busy", "somebody else is writing to " + root_);
    return system_error("vault-unwritable", "cannot lock " + root_ + "/.guard", errno);
  }

  template <class Work>
  Status under(const Lease* lease, Work work) const {
    if (lease == nullptr) return work();
    const auto guard = lock();
    if (!guard) return guard.error();
    const auto stored = read_lease(lease->name);
    if (!stored) return stored.error();
    if (stored->fence != lease->fence || stored->owner != lease->owner) return lease_lost(lease->name);
    return work();
  }

  // A damaged file is for a person: without its number the promise of leases cannot be kept.
  Result<Lease> read_lease(const std::string& name) const {
    const auto text = read_secret_file(leases() + "/" + file_name(name, ".json"));
    if (!text) return text.error();
    Lease lease{.name = name, .owner = {}};
    if (!*text) return lease;
    const Json json = Json::parse((*text)->reveal(), nullptr, false);
    const auto member = [&](const char* key, Json::value_t type) {
      return json.is_object() && json.contains(key) && json[key].type() == type ? json[key] : Json(nullptr);
    };
    const Json fence = member("fence", Json::value_t::number_unsigned), owner = member("owner", Json::value_t::string);
    const Json until = member("until", Json::value_t::string);
    const auto time = until.is_string() ? parse_rfc3339(until.get_ref<const std::string&>()) : Result<runtime::WallTime>(runtime::WallTime{});
    if (!fence.is_number() || !owner.is_string() || !time) {
      return make_error("vault-damaged", "the lease " + leases() + "/" + file_name(name, ".json") + " is damaged",
                        "remove it when no other node is at work");
    }
    lease.fence = fence.get<std::uint64_t>();
    lease.owner = owner.get<std::string>();
    lease.until = *time;
    return lease;
  }

  Status write_lease(const Lease& lease) const {
    const Json json = {{"owner", lease.owner}, {"fence", lease.fence}, {"until", rfc3339(lease.until)}};
    return replace_file(leases(), file_name(lease.name, ".json"), json.dump());
  }

  const std::string root_;
};

}  // namespace

Result<std::unique_ptr<acme::Vault>> open_file_vault(const std::string& directory, runtime::WallTime now) {
  std::vector<std::string> directories{directory, directory + "/leases"};
  for (const Kind kind : {Kind::kAccount, Kind::kCertificate, Kind::kOrder, Kind::kRenewal}) {
    directories.push_back(directory + "/" + shelf_of(kind).directory);
  }
  for (const std::string& path : directories) {
    if (Status made = make_private_directory(path); !made) return std::move(made).error();
    remove_temporaries(path, now - kInterruptedFor);
  }
  return std::unique_ptr<acme::Vault>(std::make_unique<FileVault>(directory));
}

}  // namespace gatehouse::issuer
