// JSON-RPC as the MCP client sees it: building requests, and sorting what a server sends. No I/O.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "gatehouse/base/result.h"

namespace gatehouse::client {

using Json = nlohmann::json;

// Discarded (no object, no array, nothing) for what is no JSON, or nested over 200 deep.
Json parse_json(std::string_view text);

std::string rpc_request(std::int64_t id, std::string_view method, const Json& params);
std::string rpc_notification(std::string_view method, const Json& params = nullptr);
std::string rpc_answer(const Json& id, std::string_view method);  // to a server's request: ping is answered, others refused

struct Incoming {
  enum class Kind { kResult, kError, kNotification, kRequest, kOther } kind = Kind::kOther;
  std::string method;  // of notifications and requests
  Json id;             // of requests
  Json payload;        // result, params
  std::optional<Error> error;
};

// Sorts one message. kOther: the answer to another request. Slug "bad-answer" when it is no JSON-RPC 2.0.
Result<Incoming> sort_message(std::string_view text, std::int64_t expected_id);

}  // namespace gatehouse::client
