#include "gatehouse/acme/exchange.h"

#include <gtest/gtest.h>

#include "gatehouse/acme/challenge.h"
#include "gatehouse/acme/failure.h"
#include "gatehouse/base/timestamp.h"

namespace gatehouse::acme {
namespace {

using namespace std::chrono_literals;

Answer with(std::string name, std::string value) { return {.status = 200, .headers = {{std::move(name), std::move(value)}}, .body = {}}; }

const runtime::WallTime kNow = *parse_rfc3339("2026-03-01T12:00:00.5Z");

TEST(ExchangeTest, ReadsRetryAfter) {
  const auto wait = [](std::string value) { return retry_after(with("retry-after", std::move(value)), kNow); };
  EXPECT_EQ(wait("0"), 0s);
  EXPECT_EQ(wait("3600"), 1h);
  EXPECT_EQ(wait("Sun, 01 Mar 2026 12:10:00 GMT"), 10min);
  EXPECT_EQ(wait("Sun, 01 Mar 2020 12:00:00 GMT"), 0s);
  EXPECT_EQ(wait("99999999999999999999999999"), 365 * 24h);
  EXPECT_EQ(wait("Sat, 01 Jan 3000 12:00:00 GMT"), std::nullopt);  // that day is a Wednesday
  EXPECT_EQ(wait("Wed, 01 Jan 3000 12:00:00 GMT"), 365 * 24h);
  for (const char* text : {"", "-1", "1.5", "soon", "1 hour"}) EXPECT_EQ(wait(text), std::nullopt) << text;
  EXPECT_EQ(retry_after({.status = 503, .headers = {}, .body = {}}, kNow), std::nullopt);
}

TEST(ExchangeTest, IgnoresNoncesThatAreNone) {  // RFC 8555, section 6.5.1
  EXPECT_EQ(replay_nonce(with("Replay-Nonce", "oFvnlFP1wIhRlYS2jTaXbA")), "oFvnlFP1wIhRlYS2jTaXbA");
  for (const std::string& text : {std::string("a b"), std::string("a="), std::string("a\""), std::string(513, 'a')}) {
    EXPECT_EQ(replay_nonce(with("Replay-Nonce", text)), "") << text;
  }
}

TEST(ExchangeTest, FindsLinks) {  // RFC 8288
  const auto alternates = [](std::string value) { return links(with("Link", std::move(value)), "alternate"); };
  using List = std::vector<std::string>;
  EXPECT_EQ(alternates("<https://ca.test/1>;rel=\"alternate\""), List{"https://ca.test/1"});
  EXPECT_EQ(alternates("<https://ca.test/dir>; rel=index, <https://ca.test/1> ; title=\"a, b; rel=x\" ; REL=Alternate ,"
                       "<https://ca.test/2>;rel=\"up alternate\""),
            (List{"https://ca.test/1", "https://ca.test/2"}));
  EXPECT_EQ(alternates("<https://ca.test/1>;rel=up;rel=alternate"), List{});  // the first counts
  for (const char* text : {"", "<", "<>", "<https://ca.test/1>", "https://ca.test/1;rel=alternate", "<http://ca.test/1>;rel=alternate",
                           "<https://ca.test/1>;rel=\"alternate", "<https://ca.test/1>rel=alternat", "<javascript:x>;rel=alternate",
                           "</cert/1>;rel=alternate"}) {
    EXPECT_EQ(alternates(text), List{}) << text;
  }
  std::string many;
  for (int i = 0; i < 100; ++i) many += "<https://ca.test/1>;rel=alternate,";
  EXPECT_EQ(alternates(many).size(), 16U);
}

TEST(FailureTest, SaysWhenToComeBack) {
  const auto kind = [](int status, std::string type) {
    return to_text(failure_of({.status = status, .headers = {}, .body = R"({"type":"urn:ietf:params:acme:error:)" + type + "\"}"}, kNow).kind);
  };
  EXPECT_EQ(kind(429, "rateLimited"), "rate_limited");
  EXPECT_EQ(kind(400, "rateLimited"), "rate_limited");
  EXPECT_EQ(kind(429, "malformed"), "rate_limited");
  EXPECT_EQ(kind(503, "rateLimited"), "transient");
  EXPECT_EQ(kind(500, "serverInternal"), "transient");
  EXPECT_EQ(kind(400, "badNonce"), "transient");
  for (const char* type : {"connection", "dns", "caa", "tls", "unauthorized", "incorrectResponse"}) EXPECT_EQ(kind(403, type), "validation");
  for (const char* type : {"rejectedIdentifier", "malformed", "badCSR", "userActionRequired", "x"}) EXPECT_EQ(kind(403, type), "refused");
  EXPECT_EQ(kind(301, "x"), "refused");

  const Failure limited = failure_of({.status = 429, .headers = {{"Retry-After", "60"}}, .body = {}}, kNow);
  EXPECT_EQ(limited.not_before, kNow + 60s);
  EXPECT_EQ(failure_of({.status = 429, .headers = {}, .body = {}}, kNow).not_before, kNow + 1h);
  EXPECT_EQ(failure_of({.status = 503, .headers = {}, .body = {}}, kNow).not_before, std::nullopt);
  EXPECT_FALSE(failure_of({.status = 403, .headers = {}, .body = R"({"type":"urn:ietf:params:acme:error:caa"})"}, kNow).error.help.empty());
}

TEST(ChallengeTest, IsAnsweredAsTheStandardSays) {
  // RFC 8555, section 8.1 and 8.3; the thumbprint of RFC 7638.
  const std::string authorization = key_authorization("evaGxfADs6pSRb2LAv9IZf17Dt3juxGJ-PCt92wr-oA", "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
  EXPECT_EQ(authorization, "evaGxfADs6pSRb2LAv9IZf17Dt3juxGJ-PCt92wr-oA.NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
  EXPECT_EQ(dns_record_value("abc"), "ungWv48Bz-pBQUDeXa4iI7ADYaOWF3qctBD_YfIAFa0");
  EXPECT_EQ(dns_record_name(*pki::parse_name("*.example.org")), "_acme-challenge.example.org");
  EXPECT_EQ(dns_record_name(*pki::parse_name("www.example.org")), "_acme-challenge.www.example.org");
  EXPECT_EQ(alpn_server_name(*pki::parse_name("192.0.2.1")), "1.2.0.192.in-addr.arpa");
  EXPECT_EQ(alpn_server_name(*pki::parse_name("a.test")), "a.test");
}

TEST(ChallengeTest, WritesPersistentRecords) {
  const auto plain = persistent_record(*pki::parse_name("example.org"), "letsencrypt.org", "https://ca.test/acct/1", std::nullopt);
  EXPECT_EQ(plain.name, "_validation-persist.example.org");
  EXPECT_EQ(plain.text, "letsencrypt.org; accounturi=https://ca.test/acct/1");
  const auto wild = persistent_record(*pki::parse_name("*.example.org"), "ca.test", "https://ca.test/acct/1", kNow);
  EXPECT_EQ(wild.name, "_validation-persist.example.org");
  EXPECT_EQ(wild.text, "ca.test; accounturi=https://ca.test/acct/1; policy=wildcard; persistUntil=1772366400");
}

}  // namespace
}  // namespace gatehouse::acme
