#include "certificates.h"

#include "gatehouse/base/log.h"
#include "gatehouse/tls/self_signed.h"

namespace gatehouse::app {

namespace {

using Certificates = std::vector<std::shared_ptr<const tls::Certificate>>;

Result<Certificates> load_files(const tls::CertificateSettings& settings, runtime::Clock& clock) {
  Certificates loaded;
  for (const tls::CertificateFile& file : settings.files) {
    auto certificate = tls::Certificate::load(file, clock.wall());
    if (!certificate) return std::move(certificate).error();
    loaded.push_back(std::move(*certificate));
  }
  return loaded;
}

Result<Certificates> self_signed(const tls::CertificateSettings& settings, const std::string& directory,
                                 runtime::Clock& clock, runtime::Random& random) {
  auto made = tls::ensure_self_signed(directory, settings.self_signed_names, clock, random);
  if (!made) return std::move(made).error();
  if (made->created)
    log::info("tls", "certificate.created", "made a self-signed certificate", {{"file", made->file.chain}});
  return Certificates{made->certificate};
}

}  // namespace

Result<std::shared_ptr<const tls::Context>> build_tls_context(const edge::ListenerSettings& listener,
                                                              const tls::CertificateSettings& settings,
                                                              const std::string& state_directory,
                                                              std::shared_ptr<tls::TicketKeys> ticket_keys,
                                                              runtime::Clock& clock, runtime::Random& random) {
  const bool use_files = settings.mode == tls::CertificateMode::kManual ||
                         (settings.mode == tls::CertificateMode::kAuto && !settings.files.empty());
  auto certificates = use_files ? load_files(settings, clock) : self_signed(settings, state_directory, clock, random);
  if (!certificates) return std::move(certificates).error();
  tls::ContextSettings context;
  context.policy = listener.policy;
  context.certificates = std::move(*certificates);
  context.protocols = listener.protocols;
  context.ticket_keys = std::move(ticket_keys);
  return tls::Context::build(std::move(context));
}

}  // namespace gatehouse::app
