// Reading: the main file, what it includes, `.env` beside it.
#pragma once

#include "context.h"

namespace gatehouse::config {

Result<std::string> read_text(const std::string& path, std::size_t limit);  // "file-unreadable", "file-too-large"
void read_files(Context& context);                                          // fills root, dotenv, file, directory
std::string absolute_path(std::string_view path, const std::string& directory);

}  // namespace gatehouse::config
