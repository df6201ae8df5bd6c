// Record: what the access log and the metrics will say about one request. Views point into the session's block.
#pragma once

#include <string>
#include <string_view>

#include "gatehouse/runtime/clock.h"
#include "router.h"

namespace gatehouse::edge {

struct Record {
  runtime::SteadyTime begin{};          // when its first bytes were read
  runtime::WallTime wall{};             // the same moment
  runtime::SteadyTime first_byte{};     // of the answer sent
  runtime::SteadyTime upstream_begin{};
  runtime::SteadyTime upstream_head{};
  std::string_view client;              // address after trusted proxies
  std::string_view request_id;
  std::string_view trace_id;
  bool trace_continued = false;         // it came with the request
  const Route* route = nullptr;
  const char* end = "ok";               // how it ended, in words
  std::string end_reason;               // storage for `end` where it is put together
  std::string_view upstream;            // group
  std::string server;                   // address of the upstream server; capacity is kept
  int status = 0;
  unsigned attempts = 0;
  std::uint64_t bytes_in = 0;
  std::uint64_t bytes_out = 0;
  std::string mcp_method, mcp_tool, mcp_server, mcp_error;

  bool begun() const noexcept { return begin != runtime::SteadyTime{}; }
  // One look at the wall clock is enough for a request.
  runtime::WallTime wall_at(runtime::SteadyTime time) const noexcept {
    return wall + std::chrono::duration_cast<std::chrono::microseconds>(time - begin);
  }

  void reset() noexcept {
    begin = first_byte = upstream_begin = upstream_head = {};
    client = request_id = trace_id = upstream = {};
    trace_continued = false;
    route = nullptr;
    end = "ok";
    server.clear();
    status = 0;
    attempts = 0;
    bytes_in = bytes_out = 0;
    mcp_method.clear();
    mcp_tool.clear();
    mcp_server.clear();
    mcp_error.clear();
  }
};

}  // namespace gatehouse::edge
