// Values that peers send to break log lines.
#pragma once

#include <string>
#include <vector>

namespace gatehouse::test {

inline std::vector<std::string> hostile_values() {
  using namespace std::string_literals;
  std::vector<std::string> values = {
      ""s, "plain"s, "\n"s, "a\r\nb"s, "\"},{\"level\":\"critical\""s, "\\"s, "\\\""s, "\\u0000"s, "\0"s, "nul\0inside"s,
      "\x1b[2J\x1b]0;title\x07"s, "\x7f"s, "\xc2\x9b" "31m"s, "\xe2\x80\xa8"s, "\xe2\x80\xae" "gnp.exe"s, "\xff\xfe"s,
      "\x80"s, "\xc0\xaf"s, "\xe0\x80\xaf"s, "\xed\xa0\x80"s, "\xf4\x90\x80\x80"s, "\xf0\x9f\x98\x80"s, "caf\xc3\xa9"s,
      "cut \xf0\x9f\x98"s, "cut \xe2"s, "<6>priority"s, "${jndi:ldap://x}"s, std::string(7, 'a') + "\n" + std::string(9, 'b'),
      std::string(20000, 'x'), std::string(20000, '\n'), std::string(5000, '\xff')};
  std::string all;
  for (int c = 0; c < 256; ++c) all.push_back(static_cast<char>(c));
  values.push_back(all);
  return values;
}

}  // namespace gatehouse::test
