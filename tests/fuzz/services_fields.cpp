// The label that holds the fields of a container: anybody may have written it. What is read comes back as it was.
#include <cstdint>
#include <cstdlib>
#include <string>

#include "gatehouse/services/spec.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace gatehouse::services;
  const std::string text(reinterpret_cast<const char*>(data), size);
  const auto fields = parse_fields(text);
  const auto labels = read_labels({{"io.gatehouse.role", "service"},
                                   {"io.gatehouse.project", "p"},
                                   {"io.gatehouse.service", "s"},
                                   {"io.gatehouse.generation", text},
                                   {"io.gatehouse.replica", text},
                                   {"io.gatehouse.hash", text},
                                   {"io.gatehouse.spec", text}});
  if (!labels || labels->fields != fields) std::abort();
  if (!fields) return 0;
  if (parse_fields(fields_text(*fields)) != fields && fields_text(*fields).size() <= 64 * 1024) std::abort();
  return 0;
}
