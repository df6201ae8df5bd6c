#include "cli_status.h"

#include <gtest/gtest.h>

#include "gatehouse/base/timestamp.h"

namespace gatehouse::app {
namespace {

using namespace std::chrono_literals;

TEST(Span, ReadsLikeWords) {
  EXPECT_EQ(span(59s), "59 s");
  EXPECT_EQ(span(61s), "1 min");
  EXPECT_EQ(span(90min), "1 h 30 min");
  EXPECT_EQ(span(100h), "4 d 4 h");
  EXPECT_EQ(span(61 * 24h), "61 days");
}

TEST(StatusPage, ShowsRatesAndCertificates) {
  const auto now = *parse_rfc3339("2026-03-01T12:00:00Z");
  const Json answer = Json::parse(R"({"version":"1.0.0","state":"ready","uptime_seconds":532800,"profiles":["production"],"workers":2,
    "config":{"file":"/etc/g.yaml","ok":true,"loaded_at":"2026-03-01T10:00:00Z","restart_pending":[]},
    "listeners":[{"name":"https","address":"0.0.0.0:8443","protocols":["http/1.1"],"connections":412,
                  "rate":{"per_second":380.4,"errors":0.001,"p95_seconds":0.025}},
                 {"name":"http","address":"0.0.0.0:8080","protocols":["http/1.1"],"connections":0,"rate":null}],
    "mcp_servers":[{"name":"demo","transport":"http","state":"running","sessions":7,"processes":0,"last_error":"","calls_per_minute":31.2}],
    "certificates":[{"names":["api.example.com","www.example.com"],"source":"acme","state":"OK","not_after":"2026-05-01T12:00:00Z","refusal":null,
                     "acme":{"renewal":"2026-04-01T12:00:00Z","last_error":null}},
                    {"names":["old.example.com"],"source":"file","state":"CRITICAL","not_after":"2026-02-28T12:00:00Z","refusal":"it has expired"}]})");
  const std::string page = status_page({}, answer, now);
  for (const char* part : {"gatehouse 1.0.0   ready   up 6 d 4 h   profile production   config /etc/g.yaml ok (loaded 2 h 0 min ago)   2 workers\n",
                           "https     0.0.0.0:8443  http/1.1   412          380    0.1 %   <= 25 ms\n", "http      0.0.0.0:8080  http/1.1   0            -      -       -",
                           "demo        http       running  7         0          31         -", "api.example.com (+1)  acme    in 61 days   ok (renewal in 31 days)",
                           "old.example.com       file    1 d 0 h ago  critical (it has expired)"}) {
    EXPECT_NE(page.find(part), std::string::npos) << part << "\n" << page;
  }
}

TEST(StatusPage, SurvivesAnswersOfOtherVersions) {
  for (const char* answer : {"{}", R"({"listeners":[{"rate":7}],"certificates":[{},{"names":[1]},3],"mcp_servers":[null],"workers":"x"})"}) {
    EXPECT_NE(status_page({}, Json::parse(answer), {}).find("gatehouse "), std::string::npos);
  }
}

}  // namespace
}  // namespace gatehouse::app
