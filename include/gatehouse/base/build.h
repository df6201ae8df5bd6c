// What was built. Constants; any thread.
#pragma once

#include <string>
#include <string_view>

namespace gatehouse {

const char* version() noexcept;   // "0.1.0"
const char* revision() noexcept;  // of the sources, "3af8f35a9c21"; "unknown" outside of a repository

// Where the documentation of this version is, without a slash at the end: GATEHOUSE_DOCS_URL of the build. Who packages gatehouse
// sets it to where docs/ is published.
std::string_view docs_url() noexcept;

// The section of docs/reference/errors.md about a slug: the `type` of problem documents.
std::string docs_page_of(std::string_view slug);

}  // namespace gatehouse
