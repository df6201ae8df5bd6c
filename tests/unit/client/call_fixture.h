// Calls whose answers are read by the test.
#pragma once

#include "fetch_fixture.h"

namespace gatehouse::client {

inline constexpr std::string_view kOk = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi";

class CallTest : public FetchTest {
 protected:
  Result<Call> begin(Request request) { return run(open(network(), std::move(request))); }
  using FetchTest::said;
  Result<Call> begin(RawServer& server, std::string upgrade = {}) {
    Request request = get(server);
    request.upgrade = std::move(upgrade);
    return begin(std::move(request));
  }
  // Pieces until the end, each in brackets; or the error.
  static runtime::Task<Result<std::string>> read_to_end(Call& call) {
    std::string all;
    for (;;) {
      auto piece = co_await call.read();
      if (!piece) co_return std::move(piece).error();
      if (piece->empty()) co_return all;
      all += "[" + std::string(*piece) + "]";
    }
  }
  static runtime::Task<Result<std::string>> read_to_end(Tunnel& tunnel) {
    std::string all;
    for (;;) {
      auto piece = co_await tunnel.read();
      if (!piece) co_return std::move(piece).error();
      if (piece->empty()) co_return all;
      all += *piece;
    }
  }
  static std::string said(const Error& error) { return error.slug + ": " + error.message; }
  static std::string said(const Result<std::string>& text) { return text ? *text : said(text.error()); }
  static std::string said(const Result<std::string_view>& text) { return text ? std::string(*text) : said(text.error()); }
  static std::string said(const Status& status) { return status ? "done" : status.error().slug; }
};

}  // namespace gatehouse::client
