#include "answers.h"

#include <array>

namespace gatehouse::admin {

namespace {

struct SlugStatus {
  std::string_view slug;
  int status;
};
constexpr std::array<SlugStatus, 14> kStatuses{{
    {"bad-request", 400},
    {"malformed-json", 400},
    {"invalid-credentials", 401},
    {"forbidden", 403},
    {"not-found", 404},
    {"conflict", 409},
    {"unprocessable", 422},
    {"too-many-attempts", 429},
    {"disk-full", 503},
    {"database-corrupt", 503},
    {"database-busy", 503},
    {"database-failed", 503},
    {"database-unreachable", 503},
    {"state-unwritable", 503},
}};

int status_of(std::string_view slug) {
  for (const SlugStatus& row : kStatuses) {
    if (row.slug == slug) return row.status;
  }
  return 500;
}

const char* what_failed(std::string_view slug) {
  const bool only_writes = slug == "disk-full" || slug == "state-unwritable";
  return only_writes ? "the change could not be stored" : "the database does not answer";
}

}  // namespace

http::Response json_answer(const Json& value, int status) {
  return {.status = status,
          .content_type = "application/json",
          .body = value.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n",
          .headers = {}};
}

http::Response error_answer(const Error& error, std::string_view request_id) {
  const int status = status_of(error.slug);
  const bool unknown = error.slug == "outcome-unknown";
  std::string detail = status == 500 ? "internal error" : error.message;
  if (unknown) detail = "the change was made or not: look whether it is there before you repeat it";
  if (status == 503) detail = std::string(what_failed(error.slug)) + " (" + error.slug + ")";
  http::Response response = http::problem(status, status == 500 && !unknown ? "internal" : error.slug, detail, request_id);
  if (status == 401) response.headers.emplace_back("WWW-Authenticate", "Bearer");
  if (status == 429) response.headers.emplace_back("Retry-After", "60");
  if (status == 503) response.headers.emplace_back("Retry-After", "5");
  return response;
}

http::Response unprocessable(std::string_view detail, std::string_view request_id) {
  return http::problem(422, "unprocessable", detail, request_id);
}

Json text_or_null(const std::string& text) { return text.empty() ? Json(nullptr) : Json(text); }
Json time_or_null(runtime::WallTime time) { return time == runtime::WallTime{} ? Json(nullptr) : Json(rfc3339(time)); }

}  // namespace gatehouse::admin
