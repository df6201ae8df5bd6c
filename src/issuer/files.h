// Files of the vault: relative to a directory, for nobody else, replaced whole.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "gatehouse/base/result.h"
#include "gatehouse/base/secret.h"
#include "gatehouse/base/unique_fd.h"
#include "gatehouse/runtime/clock.h"

namespace gatehouse::issuer {

inline constexpr std::string_view kTemporary = ".new-";  // begins the names of files that are not finished

Result<std::optional<Secret>> read_secret_file(const std::string& path);  // nothing: there is none
Status replace_file(const std::string& directory, const std::string& name, std::string_view text);
Status remove_file(const std::string& directory, const std::string& name);  // not there: fine
Status make_private_directory(const std::string& path);
void remove_temporaries(const std::string& directory, runtime::WallTime before);

}  // namespace gatehouse::issuer
