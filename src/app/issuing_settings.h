// What is configured about ACME, as the room `issuer` takes it.
#pragma once

#include "gatehouse/dns/propagation.h"
#include "gatehouse/issuer/issuer.h"
#include "gatehouse/issuer/settings.h"
#include "gatehouse/issuer/solvers.h"

namespace gatehouse::app {

// Checked by the loader: names and keys can be read.
issuer::IssuerSettings issuer_settings(const issuer::Settings& settings);
issuer::CertificateSettings on_demand_settings(const issuer::Settings& settings);  // without names

issuer::ProgramSettings program_settings(const issuer::Settings& settings);
issuer::UpdateSettings update_settings(const issuer::Settings& settings);
issuer::PersistSettings persist_settings(const issuer::Settings& settings);  // reads resolv.conf when no resolvers are configured

std::string persist_issuer(const issuer::Settings& settings);  // the authority's domain in records of dns-persist-01

}  // namespace gatehouse::app
