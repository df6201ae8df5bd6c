// /proc/PID/cgroup as the kernel writes it, or not: directories are below the root, and end with a part that holds the container.
#include <algorithm>
#include <cstdint>
#include <string_view>

#include "gatehouse/base/check.h"
#include "groups.h"

using namespace gatehouse;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  for (const bool unified : {true, false}) {
    const auto groups = engine::groups_of(text, "28a7c8", "/sys/fs/cgroup", unified);
    if (!groups) continue;
    GATEHOUSE_CHECK(!groups->directories.empty());
    for (const auto& [controller, directory] : groups->directories) {
      GATEHOUSE_CHECK(controller.empty() == unified);
      GATEHOUSE_CHECK(directory.starts_with("/sys/fs/cgroup"));
      GATEHOUSE_CHECK(directory.substr(directory.rfind('/')).find("28a7c8") != directory.npos);
    }
  }
  return 0;
}
