// What keeps a file of the state from being written, in words for whoever has to act.
#pragma once

#include <string>
#include <string_view>

#include "gatehouse/base/result.h"

namespace gatehouse::state {

// A write to `path` failed with `error_number`: "disk-full" or "state-unwritable", naming the path, its directory or file
// system, and what to do.
Error file_error(std::string attempted, const std::string& path, int error_number);

bool means_no_room(int error_number);

// What can be seen of why `path`, which may be missing, cannot be written: ENOSPC (no block or no inode is free), EROFS,
// EACCES, ENOENT (its directory is missing); 0 when nothing speaks against it.
int obstacle_to_writing(const std::string& path);

}  // namespace gatehouse::state
