// Media types in Content-Type and Accept. Source: RFC 9110, sections 8.3.1 and 12.5.1. Parameters other than q do not matter.
// Pure functions; any thread.
#pragma once

#include <string_view>

namespace gatehouse::http {

// Content-Type "Application/JSON; charset=utf-8" is "application/json".
bool is_media_type(std::string_view content_type, std::string_view type) noexcept;

// Whether the value of Accept allows the type. An empty one allows all; q=0 says "not this one".
bool accepts(std::string_view accept, std::string_view type) noexcept;

// Whether it is named there itself, not by "text/*" or "*/*".
bool names(std::string_view accept, std::string_view type) noexcept;

}  // namespace gatehouse::http
