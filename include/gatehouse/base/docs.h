// Where the documentation of this version is: GATEHOUSE_DOCS_URL of the build. Who packages gatehouse sets it to where docs/ is
// published. Pure functions; any thread.
#pragma once

#include <string>
#include <string_view>

namespace gatehouse {

std::string_view docs_url() noexcept;  // no slash at the end

// The section of docs/reference/errors.md about a slug: the `type` of problem documents.
std::string docs_page_of(std::string_view slug);

}  // namespace gatehouse
