#include "gatehouse/base/build.h"

namespace gatehouse {

const char* version() noexcept { return GATEHOUSE_VERSION; }

const char* revision() noexcept { return GATEHOUSE_REVISION; }

std::string_view docs_url() noexcept { return GATEHOUSE_DOCS_URL; }

std::string docs_page_of(std::string_view slug) { return std::string(docs_url()).append("/reference/errors#").append(slug); }

}  // namespace gatehouse
