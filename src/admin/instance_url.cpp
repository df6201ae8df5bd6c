#include "instance_url.h"

#include <algorithm>

#include "gatehouse/net/address.h"

namespace gatehouse::admin {

namespace {

Error unfit(std::string message) { return make_error("unprocessable", std::move(message)); }

bool fit_for_url(char c) {
  return c > 0x20 && c < 0x7f && std::string_view("\"<>\\^`{|}#").find(c) == std::string_view::npos;
}

bool fit_for_host(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view(".-_:[]").find(c) != std::string_view::npos;
}

}  // namespace

Status check_instance_url(std::string_view url) {
  if (url.size() > 2048) return unfit("the URL is longer than 2048 bytes");
  if (!std::all_of(url.begin(), url.end(), fit_for_url)) return unfit("the URL has characters that no URL has, or a fragment");
  const std::string_view scheme = url.starts_with("https://") ? "https://" : "http://";
  if (!url.starts_with(scheme)) return unfit("the URL begins with http:// or https://");
  url.remove_prefix(scheme.size());
  const std::string_view authority = url.substr(0, url.find_first_of("/?"));
  if (authority.find('@') != std::string_view::npos) return unfit("the URL must not carry a user or password");
  const std::size_t bracket = authority.rfind(']');
  const bool has_port = authority.find(':', bracket == std::string_view::npos ? 0 : bracket) != std::string_view::npos;
  const bool fits = !authority.empty() && authority.front() != ':' && std::all_of(authority.begin(), authority.end(), fit_for_host);
  const auto address = net::parse_address(std::string(authority) + (has_port ? "" : ":80"));
  if (!fits || !address || address->is_unix || address->host.empty() || address->port == 0) {
    return unfit("the URL has no valid host and port");
  }
  return {};
}

}  // namespace gatehouse::admin
