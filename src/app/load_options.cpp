#include "load_options.h"

#include <unistd.h>

#include <filesystem>

#include "gatehouse/runtime/clock.h"
#include "gatehouse/tls/certificate.h"

namespace gatehouse::app {

config::LoadOptions load_options(const RunOptions& options) {
  config::LoadOptions load;
  load.file = options.config;
  load.text = options.text;
  load.overrides = options.overrides;
  load.profiles = options.profiles;
  load.environment = config::read_environment(environ);
  load.known_variables = {"GATEHOUSE_SOCKET", "GATEHOUSE_API_KEY"};
  load.check_certificate = [](const tls::CertificateFile& file) -> Status {
    auto loaded = tls::Certificate::load(file, runtime::system_clock().wall());
    return loaded ? Status() : Status(std::move(loaded).error());
  };
  std::error_code error;
  const std::string self = std::filesystem::read_symlink("/proc/self/exe", error).string();
  if (!error) load.environment["GATEHOUSE_BINARY"] = self;  // config/development.yaml starts the demo server with it
  return load;
}

}  // namespace gatehouse::app
