#include <charconv>

#include "gatehouse/base/build.h"
#include "gatehouse/base/encoding.h"
#include "gatehouse/http/exchange.h"
#include "gatehouse/http/media.h"

namespace gatehouse::http {
namespace {

constexpr std::string_view kRetryAfter = "Retry-After";

void append_member(std::string& out, std::string_view key, std::string_view value) {
  out.push_back(',');
  append_json_string(out, key);
  out.push_back(':');
  append_json_string(out, value);
}

void append_escaped(std::string& out, std::string_view text) {
  for (const char c : text) {
    switch (c) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '"': out += "&quot;"; break;
      default: out.push_back(c);
    }
  }
}

std::string_view header(const Response& response, std::string_view wanted) {
  for (const auto& [name, value] : response.headers)
    if (name == wanted) return value;
  return {};
}

std::string as_json(const Response& response) {
  const Problem& problem = *response.problem;
  std::string body = "{\"type\":";
  append_json_string(body, docs_page_of(problem.slug));
  append_member(body, "title", reason_phrase(response.status));
  char digits[12];
  body.append(",\"status\":").append(digits, std::to_chars(digits, digits + sizeof digits, response.status).ptr);
  if (!problem.detail.empty()) append_member(body, "detail", problem.detail);
  if (!problem.request_id.empty()) append_member(body, "instance", problem.request_id);
  if (!problem.help.empty()) append_member(body, "help", problem.help);
  if (const std::string_view seconds = header(response, kRetryAfter); !seconds.empty()) body.append(",\"retry_after\":").append(seconds);
  return body.append("}\n");
}

constexpr std::string_view kStyle =
    "body{font:16px/1.5 system-ui,sans-serif;max-width:40em;margin:15vh auto 0;padding:0 1em;color-scheme:light dark}"
    "h1{font-size:1.4em}code{user-select:all}p.facts{font-size:.85em;opacity:.75}";

// For people: no script, nothing loaded from elsewhere.
std::string as_html(const Response& response) {
  const Problem& problem = *response.problem;
  const std::string title = std::to_string(response.status) + " " + std::string(reason_phrase(response.status));
  std::string page = "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
                     "<meta name=\"viewport\" content=\"width=device-width\"><title>" + title + "</title><style>";
  page.append(kStyle).append("</style></head>\n<body><h1>" + title + "</h1>\n<p>");
  append_escaped(page, problem.detail);
  page += "</p>\n";
  if (!problem.help.empty()) {
    page += "<p>";
    append_escaped(page, problem.help);
    page += "</p>\n";
  }
  if (const std::string_view seconds = header(response, kRetryAfter); !seconds.empty())
    page.append("<p>Try again in ").append(seconds).append(" s.</p>\n");
  page += "<p class=\"facts\">";
  if (!problem.request_id.empty()) {
    page += "Request <code>";
    append_escaped(page, problem.request_id);
    page += "</code> &middot; ";
  }
  return page.append("<a href=\"" + docs_page_of(problem.slug) + "\">" + problem.slug + "</a></p></body></html>\n");
}

// Browsers name it; who accepts anything, or JSON as well, is a program.
bool wants_page(std::string_view accept) noexcept {
  return names(accept, "text/html") && !names(accept, "application/json") && !names(accept, "application/problem+json");
}

}  // namespace

Response problem(int status, std::string_view slug, std::string_view detail, std::string_view request_id, std::string_view help) {
  Problem problem{std::string(slug), std::string(detail), std::string(request_id), std::string(help)};
  for (char& c : problem.slug)
    if (c == '_') c = '-';
  return {.status = status, .content_type = {}, .body = {}, .headers = {}, .problem = std::move(problem)};
}

void render_problem(Response& response, std::string_view accept) {
  if (!response.problem) return;
  const bool page = wants_page(accept);
  response.content_type = page ? "text/html; charset=utf-8" : "application/problem+json";
  response.body = page ? as_html(response) : as_json(response);
  if (header(response, "Cache-Control").empty()) response.headers.emplace_back("Cache-Control", "no-store");
  if (page) response.headers.emplace_back("Content-Security-Policy", "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'");
  response.problem.reset();
}

}  // namespace gatehouse::http
