// Answers and JSON shapes that several endpoints give.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "gatehouse/admin/api.h"
#include "gatehouse/base/result.h"
#include "gatehouse/base/timestamp.h"
#include "gatehouse/http/exchange.h"
#include "gatehouse/runtime/clock.h"

namespace gatehouse::admin {

using Json = nlohmann::json;

http::Response json_answer(const Json& value, int status = 200);
// The status that goes with a slug of access or state, as a problem document.
http::Response error_answer(const Error& error, std::string_view request_id);
http::Response unprocessable(std::string_view detail, std::string_view request_id);

Json text_or_null(const std::string& text);
Json time_or_null(runtime::WallTime time);  // zero: null

Json certificates_json(const CertificatesView& view);  // certificate_endpoints.cpp

}  // namespace gatehouse::admin
