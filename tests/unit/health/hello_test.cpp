// What Redis and PostgreSQL are asked, and how their answers are read.
#include <gtest/gtest.h>

#include "gatehouse/health/postgres.h"
#include "gatehouse/health/redis.h"

namespace gatehouse::health {
namespace {

using namespace std::string_literals;

std::string outcome(const std::optional<Outcome>& result) {
  if (!result) return "more";
  return result->verdict == Outcome::Verdict::kPassed ? "passed" : result->detail;
}

std::string ping(std::string_view answer, std::string_view password = "") {
  return outcome(RedisPing("", Secret(std::string(password))).feed(answer));
}

TEST(HealthRedis, AsksWithAndWithoutPassword) {
  EXPECT_EQ(RedisPing("", Secret()).request().reveal(), "*1\r\n$4\r\nPING\r\n");
  EXPECT_EQ(RedisPing("", Secret("s\r\nx")).request().reveal(), "*2\r\n$4\r\nAUTH\r\n$4\r\ns\r\nx\r\n*1\r\n$4\r\nPING\r\n");
  EXPECT_EQ(RedisPing("probe", Secret("pw")).request().reveal(),
            "*3\r\n$4\r\nAUTH\r\n$5\r\nprobe\r\n$2\r\npw\r\n*1\r\n$4\r\nPING\r\n");
}

TEST(HealthRedis, ReadsAnswers) {
  EXPECT_EQ(ping("+PONG\r\n"), "passed");
  EXPECT_EQ(ping("$4\r\nPONG\r\n"), "passed");
  EXPECT_EQ(ping("+PONG\r"), "more");
  EXPECT_EQ(ping("$4\r\nPON"), "more");
  EXPECT_EQ(ping("+OK\r\n+PONG\r\n", "pw"), "passed");
  EXPECT_EQ(ping("+OK\r\n", "pw"), "more");
  EXPECT_EQ(ping("+PONG\r\n", "pw"), "answers, but not like Redis");
  EXPECT_EQ(ping("+OK\r\n"), "answers, but not like Redis");
  EXPECT_EQ(ping("$4\r\nPONGxx"), "answers, but not like Redis");
  EXPECT_EQ(ping("$-1\r\n"), "answers, but not like Redis");
  EXPECT_EQ(ping("HTTP/1.1 400 Bad Request\r\n"), "answers, but not like Redis");
  EXPECT_EQ(ping("-LOADING Redis is loading the dataset in memory\r\n"),
            "Redis answers: LOADING Redis is loading the dataset in memory");
  EXPECT_EQ(ping("-WRONGPASS invalid username-password pair\r\n+PONG\r\n", "pw"),
            "Redis answers: WRONGPASS invalid username-password pair");
  EXPECT_EQ(ping(std::string(RedisPing::kMaxReply + 1, 'x')), "answers, but not like Redis: a reply without an end");
  EXPECT_EQ(ping(std::string(RedisPing::kMaxReply, 'x')), "more");
  EXPECT_EQ(RedisPing("", Secret()).closed().detail, "closed the connection before it answered PING");
}

TEST(HealthRedis, AnswersMayComeByteByByte) {
  RedisPing ping("", Secret("pw"));
  const std::string answer = "+OK\r\n$4\r\nPONG\r\n";
  for (std::size_t i = 0; i + 1 < answer.size(); ++i) ASSERT_EQ(outcome(ping.feed(answer.substr(i, 1))), "more") << i;
  EXPECT_EQ(outcome(ping.feed("\n")), "passed");
}

const std::string kStarting =
    "E\0\0\0\x3e"s "SFATAL\0VFATAL\0C57P03\0Mthe database system is starting up\0\0"s;

std::string error_with(std::string_view code) {
  std::string body = "SFATAL\0C"s + std::string(code) + "\0Mno\0\0"s;
  return "E\0\0\0"s + static_cast<char>(body.size() + 4) + body;
}

std::string hello(std::string_view answer) { return outcome(PostgresHello("mcpuser", "mcp_gateway", false).feed(answer)); }

TEST(HealthPostgres, SaysHello) {
  PostgresHello postgres("mcpuser", "mcp_gateway", false);
  EXPECT_EQ(postgres.take_output(),
            "\0\0\0\x46\0\3\0\0"s "user\0mcpuser\0database\0mcp_gateway\0application_name\0gatehouse\0\0"s);
  EXPECT_EQ(postgres.take_output(), "");
  EXPECT_EQ(PostgresHello("a\0replication\0true"s, "", false).take_output(),
            "\0\0\0\x36\0\3\0\0"s "user\0a\0database\0a\0application_name\0gatehouse\0\0"s);
}

TEST(HealthPostgres, ReadsAnswers) {
  EXPECT_EQ(hello("R\0\0\0\x17\0\0\0\nSCRAM-SHA-256\0\0"s), "passed");
  EXPECT_EQ(hello("R\0\0\0\x08\0\0\0\0"s), "passed");
  ASSERT_EQ(kStarting.size(), 0x3fu);
  EXPECT_EQ(hello(kStarting), "PostgreSQL answers: the database system is starting up");
  EXPECT_EQ(hello(error_with("28P01")), "passed") << "it looked at the password";
  EXPECT_EQ(hello(error_with("3D000")), "passed") << "it looked for the database";
  EXPECT_EQ(hello(error_with("57")), "answers, but not like PostgreSQL");
  EXPECT_EQ(hello("E\0\0\0\5S"s), "answers, but not like PostgreSQL");
  EXPECT_EQ(hello("R\0\0\0\4"s), "answers, but not like PostgreSQL");
  EXPECT_EQ(hello("R\0\0"s), "more");
  EXPECT_EQ(hello("R\0\0\0\x08\0\0"s), "more");
  EXPECT_EQ(hello("R\0\0\0\3"s), "answers, but not like PostgreSQL");
  EXPECT_EQ(hello("+PONG\r\n"), "answers, but not like PostgreSQL");
  EXPECT_EQ(hello("HTTP/1.1 400"), "answers, but not like PostgreSQL");
  EXPECT_EQ(PostgresHello("u", "d", false).closed().detail, "closed the connection before it answered");
}

TEST(HealthPostgres, AsksForTlsFirst) {
  PostgresHello postgres("u", "d", true);
  EXPECT_EQ(postgres.take_output(), "\0\0\0\x08\x04\xd2\x16\x2f"s);
  EXPECT_FALSE(postgres.wants_tls());
  EXPECT_EQ(outcome(postgres.feed("S")), "more");
  ASSERT_TRUE(postgres.wants_tls());
  postgres.tls_done();
  EXPECT_FALSE(postgres.wants_tls());
  EXPECT_TRUE(postgres.take_output().find("user") != std::string::npos);
  EXPECT_EQ(outcome(postgres.feed("R\0\0\0\x08\0\0\0\0"s)), "passed");
}

TEST(HealthPostgres, TakesNoPlainTextForTls) {
  EXPECT_EQ(outcome(PostgresHello("u", "d", true).feed("N")), "PostgreSQL refuses TLS");
  EXPECT_EQ(outcome(PostgresHello("u", "d", true).feed("E")), "answers, but not like PostgreSQL");
  EXPECT_EQ(outcome(PostgresHello("u", "d", true).feed("SR\0\0\0\x08\0\0\0\0"s)), "answers, but not like PostgreSQL");
  PostgresHello postgres("u", "d", true);
  postgres.feed("S");
  EXPECT_EQ(outcome(postgres.feed("R\0\0\0\x08\0\0\0\0"s)), "sent bytes before the TLS handshake");
}

}  // namespace
}  // namespace gatehouse::health
