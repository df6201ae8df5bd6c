// The certificates of a TLS listener, by the mode that is configured. `auto` means: ACME when names and a contact are
// configured (not in this version), else the manual files when there are any, else self-signed.
#pragma once

#include <memory>
#include <string>

#include "gatehouse/edge/settings.h"
#include "gatehouse/runtime/clock.h"
#include "gatehouse/runtime/random.h"
#include "gatehouse/tls/context.h"

namespace gatehouse::app {

// Reads and writes files; loop 0 or before the loops run. `state_directory` keeps the self-signed certificate.
Result<std::shared_ptr<const tls::Context>> build_tls_context(const edge::ListenerSettings& listener,
                                                              const tls::CertificateSettings& settings,
                                                              const std::string& state_directory,
                                                              std::shared_ptr<tls::TicketKeys> ticket_keys,
                                                              runtime::Clock& clock, runtime::Random& random);

}  // namespace gatehouse::app
