// Any bytes as a configuration file: the loader answers with diagnostics or a configuration and never fails otherwise.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "gatehouse/config/config.h"
#include "gatehouse/config/explain.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace gatehouse::config;
  LoadOptions options;
  options.file = "fuzz.yaml";
  options.text = std::string(reinterpret_cast<const char*>(data), size);
  options.directory = "/nonexistent";
  options.read_dotenv = false;
  options.environment = {{"A", "1"}, {"EMPTY", ""}};
  const Loaded loaded = load(options);
  if (loaded.configuration.has_value() == has_errors(loaded.diagnostics)) std::abort();
  if (render(loaded.diagnostics, Look::kColor).size() + 1 < loaded.diagnostics.empty()) std::abort();
  if (!explain(loaded.provenance) || !explain_json(loaded.provenance)) std::abort();
  if (loaded.configuration && !diff(*loaded.configuration, *loaded.configuration).empty()) std::abort();
  return 0;
}
