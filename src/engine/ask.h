// What each kind of probe asks. Tasks; whoever awaits them has the deadline as well.
#pragma once

#include "gatehouse/base/secret.h"
#include "gatehouse/client/fetch.h"
#include "gatehouse/health/monitor.h"
#include "gatehouse/supervisor/port.h"

namespace gatehouse::engine {

runtime::Task<health::Outcome> ask_http(client::Network network, supervisor::SendProbe what,
                                        std::shared_ptr<const tls::ClientContext> tls);
runtime::Task<health::Outcome> ask_mcp(client::Network network, supervisor::SendProbe what,
                                       std::shared_ptr<const tls::ClientContext> tls);
runtime::Task<health::Outcome> ask_socket(client::Network network, supervisor::SendProbe what);  // kTcp, kUnix
runtime::Task<health::Outcome> ask_redis(client::Network network, supervisor::SendProbe what, Secret password);
runtime::Task<health::Outcome> ask_postgres(client::Network network, supervisor::SendProbe what);

}  // namespace gatehouse::engine
