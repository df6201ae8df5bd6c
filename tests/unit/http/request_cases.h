// Raw request heads and what has to become of them, one table for each rule of docs/reference (P-1 … P-18).
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace gatehouse::http {

struct RequestCase {
  std::string name;
  std::string raw;
  int status;          // 0: accepted
  std::string reason;  // empty when accepted
};

// Cases of one rule, "P-1" …; the last argument of each case is the expected reason.
const std::vector<RequestCase>& byte_cases();        // P-1
const std::vector<RequestCase>& request_line_cases();  // P-2
const std::vector<RequestCase>& field_cases();       // P-3
const std::vector<RequestCase>& host_cases();        // P-4
const std::vector<RequestCase>& length_cases();      // P-5
const std::vector<RequestCase>& coding_cases();      // P-6
const std::vector<RequestCase>& path_cases();        // P-14
const std::vector<RequestCase>& connection_cases();  // P-15, P-17, P-18
std::vector<RequestCase> all_request_cases();

}  // namespace gatehouse::http
