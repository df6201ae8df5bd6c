// Answers of Podman: whatever they are, reading them ends with a value or with a slug that is known.
#include <cstdint>
#include <string_view>

#include "gatehouse/base/check.h"
#include "parse.h"

using namespace gatehouse;

namespace {

template <class T>
void check(const Result<T>& result) {
  GATEHOUSE_CHECK(result.ok() || result.error().slug == "podman-bad-answer" || result.error().slug == "podman-refused");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  check(podman::parse_version(text));
  check(podman::parse_list(text));
  check(podman::parse_created(text));
  check(podman::parse_networks(text));
  check(podman::parse_volumes(text));
  check(podman::parse_secrets(text));
  check(podman::parse_secret_labels(text));
  check(podman::parse_health_run(text));
  check(podman::parse_pull_line(text));
  check(podman::parse_event(text));
  const auto image = podman::parse_image(text);
  check(image);
  GATEHOUSE_CHECK(!image || image->starts_with("sha256:"));
  const auto details = podman::parse_details(text);
  check(details);
  GATEHOUSE_CHECK(!details || (!details->id.empty() && !details->name.empty() && !details->status.empty()));
  GATEHOUSE_CHECK(podman::parse_error(500, text).slug.starts_with("podman-"));
  return 0;
}
