// FileVault: an acme::Vault in a directory, local or shared, with names that people can read:
//
//   certificates/live/a.test.pem                 key and chain; "*.a.test" is _wildcard.a.test.pem
//   certificates/accounts/ca.example_dir.json
//   certificates/orders/a.test.json, certificates/renewal/a.test.json
//   certificates/leases/a.test.json              owner, fence, until
//
// Directories have mode 0700, files 0600; a file that others can read is refused. Files are replaced by rename and synced with
// their directory. What must not be torn apart (checking a lease and writing under it) happens under one flock on
// certificates/.guard, held for milliseconds and never waited for.
// Thread: any; blocks. Errors: those of acme::Vault.
#pragma once

#include <memory>
#include <string>

#include "gatehouse/acme/vault.h"

namespace gatehouse::issuer {

// Makes the directory when it is missing, and clears what a write left that was interrupted more than an hour ago.
Result<std::unique_ptr<acme::Vault>> open_file_vault(const std::string& directory, runtime::WallTime now);

}  // namespace gatehouse::issuer
