#include "gatehouse/backup/shelf.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>

#include "disk.h"

namespace gatehouse::backup {

namespace {

namespace fs = std::filesystem;

constexpr std::size_t kMaxDescription = 16 * 1024 * 1024;
// Less cannot be: the header of an empty SQLite database is a page of 512 bytes, that of a dump is longer than this.
constexpr std::uint64_t kLeastBytes[] = {512, 100};
constexpr std::string_view kDescription = ".json", kPart = ".part";

std::string_view suffix_of(Kind kind) { return kind == Kind::kSqlite ? ".db" : ".dump"; }

Status make_directory(const std::string& path) {
  std::error_code code;
  const fs::path parent = fs::path(path).parent_path();
  if (!parent.empty()) fs::create_directories(parent, code);
  if (code) return write_error(parent.string(), code.value());
  if (::mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) return write_error(path, errno);
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) return read_error(path, errno);
  if (!S_ISDIR(info.st_mode)) return write_error(path, ENOTDIR);
  if ((info.st_mode & (S_IRWXG | S_IRWXO)) == 0) return {};
  return make_error("backup-insecure", "the directory of backups " + path + " is open to other users of this machine", "chmod 700 " + path);
}

// Of whoever died over it: parts, and copies that nothing describes.
void sweep(const std::string& directory) {
  std::error_code code;
  std::vector<fs::path> gone;
  for (fs::directory_iterator at(directory, code), end; !code && at != end; at.increment(code)) {
    const fs::path& path = at->path();
    const std::string extension = path.extension().string();
    const bool copied = extension == ".db" || extension == ".dump";
    if (extension == kPart || (copied && !fs::exists(fs::path(path).replace_extension(kDescription), code))) gone.push_back(path);
  }
  for (const fs::path& path : gone) ::unlink(path.c_str());
}

// 20261126T020000Z
std::string stamp(WallTime time) {
  std::string out;
  for (const char c : rfc3339(time).substr(0, 19))
    if (c != '-' && c != ':') out += c;
  return out + "Z";
}

}  // namespace

Result<UniqueFd> Shelf::lock() const {
  if (Status made = make_directory(directory_); !made) return std::move(made).error();
  UniqueFd fd(::open(directory_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!fd) return read_error(directory_, errno);
  if (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return read_error(directory_, errno);
    return make_error("backup-busy", "somebody else works in " + directory_, "wait until that backup has ended");
  }
  sweep(directory_);
  return fd;
}

Result<std::vector<Entry>> Shelf::list(std::vector<std::string>* broken) const {
  std::vector<Entry> out;
  std::error_code code;
  fs::directory_iterator at(directory_, code), end;
  if (code == std::errc::no_such_file_or_directory) return out;
  for (; !code && at != end; at.increment(code)) {
    if (at->path().extension() != kDescription) continue;
    auto text = read_small_file(at->path().string(), kMaxDescription);
    auto entry = text ? parse_entry(*text) : Result<Entry>(text.error());
    if (entry && entry->id == at->path().stem().string()) out.push_back(*std::move(entry));
    else if (broken != nullptr) broken->push_back(at->path().string());
  }
  if (code) return read_error(directory_, code.value());
  std::sort(out.begin(), out.end(), [](const Entry& a, const Entry& b) { return std::tie(a.taken, a.id) < std::tie(b.taken, b.id); });
  return out;
}

Result<Entry> Shelf::find(std::string_view id) const {
  auto all = list();
  if (!all) return std::move(all).error();
  for (Entry& entry : *all)
    if (entry.id == id) return std::move(entry);
  return make_error("unknown-backup", "there is no backup '" + std::string(id) + "' in " + directory_, "gatehouse backup list");
}

std::string Shelf::file_of(const Entry& entry) const { return path(entry.id + std::string(suffix_of(entry.kind))); }
std::string Shelf::part_of(const Entry& entry) const { return file_of(entry) + std::string(kPart); }

std::string Shelf::fresh_id(std::string_view target, WallTime now) const {
  const std::string first = std::string(target) + "-" + stamp(now);
  std::string id = first;
  std::error_code code;
  for (int n = 2; fs::exists(path(id + std::string(kDescription)), code); ++n) id = first + "-" + std::to_string(n);
  return id;
}

Result<Entry> Shelf::keep(Entry entry) const {
  const std::string part = part_of(entry), file = file_of(entry);
  const UniqueFd fd(::open(part.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (!fd) return read_error(part, errno);
  if (Status flushed = flush_file(fd.get(), part); !flushed) return std::move(flushed).error();
  auto digest = digest_of(part);
  if (!digest) return std::move(digest).error();
  if (digest->bytes < kLeastBytes[static_cast<std::size_t>(entry.kind)])
    return make_error("backup-too-small", "the copy of " + entry.target + " has " + std::to_string(digest->bytes) + " bytes, too few to be one");
  entry.bytes = digest->bytes;
  entry.sha256 = digest->sha256;
  if (::rename(part.c_str(), file.c_str()) != 0) return write_error(file, errno);
  if (Status noted = note(entry); !noted) {
    ::unlink(file.c_str());
    return std::move(noted).error();
  }
  return entry;
}

Status Shelf::note(const Entry& entry) const { return replace_file(path(entry.id + std::string(kDescription)), to_json(entry)); }

Status Shelf::remove(const Entry& entry) const {
  for (const std::string& gone : {path(entry.id + std::string(kDescription)), file_of(entry)})
    if (::unlink(gone.c_str()) != 0 && errno != ENOENT) return write_error(gone, errno);
  return flush_directory(directory_);
}

void Shelf::drop_part(const Entry& entry) const noexcept { ::unlink(part_of(entry).c_str()); }

Status Shelf::check_sum(const Entry& entry) const {
  const std::string file = file_of(entry);
  auto digest = digest_of(file);
  if (!digest) return std::move(digest).error();
  if (digest->bytes != entry.bytes)
    return make_error("backup-damaged", file + " has " + std::to_string(digest->bytes) + " bytes, not " + std::to_string(entry.bytes));
  if (digest->sha256 != entry.sha256) return make_error("backup-damaged", file + " is not what was written: its checksum differs");
  return {};
}

}  // namespace gatehouse::backup
