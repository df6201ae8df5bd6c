// `.env`: NAME=value lines, # comments, 'literal' and "escaped" values, an optional "export" in front. No interpolation.
#pragma once

#include "context.h"

namespace gatehouse::config {

void parse_dotenv(Context& context, std::string_view text);

}  // namespace gatehouse::config
