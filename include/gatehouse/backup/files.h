// Files as streams of pieces, read and written on the offload pool. The functions are called on the loop, one at a time.
#pragma once

#include <functional>
#include <string>

#include "gatehouse/backup/host.h"
#include "gatehouse/base/result.h"

namespace gatehouse::backup {

using Pieces = std::function<runtime::Task<Result<std::string>>()>;       // empty: the end
using Sink = std::function<runtime::Task<Status>(std::string bytes)>;

Pieces read_pieces(Host host, std::string path);
Sink write_pieces(Host host, std::string path);  // makes the file (0600) with the first piece; it must not exist

}  // namespace gatehouse::backup
