// Targets: the normal form is stable, starts with '/', and holds no dot segment, double slash or odd byte.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "gatehouse/http/target.h"

using namespace gatehouse::http;

namespace {

void require(bool condition) {
  if (!condition) std::abort();
}

void check_path(std::string_view path) {
  const std::string closed = std::string(path) + "/";
  require(path.starts_with('/') && path.find("//") == std::string_view::npos);
  for (const char* bad : {"/./", "/../", "/.;", "/..;", "\\", "%2F", "%5C", "%00", "%0D", "%0A"})
    require(closed.find(bad) == std::string::npos);
  for (const char c : path) require(c > 0x20 && c < 0x7f && c != '?' && c != '#');
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view raw(reinterpret_cast<const char*>(data), size);
  for (const Method method : {Method::kGet, Method::kOptions}) {
    std::string storage, again_storage;
    Target target, again;
    if (parse_target(raw, method, storage, target).refused() || target.path == "*") continue;
    check_path(target.path);
    const std::string normal = std::string(target.path) + std::string(target.query);
    const std::string path(target.path);
    require(!parse_target(normal, method, again_storage, again).refused());
    require(again.path == path && again.query.size() == target.query.size());
  }
  std::string_view host, port;
  if (split_authority(raw, host, port)) {
    const std::string_view rest = raw.substr(host.size());
    require(!host.empty() && raw.starts_with(host) && (rest.empty() ? port.empty() : rest == ":" + std::string(port)));
  }
  return 0;
}
