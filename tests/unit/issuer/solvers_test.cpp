#include "gatehouse/issuer/solvers.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "fakes/loop_runner.h"
#include "fakes/scratch_directory.h"
#include "gatehouse/runtime/process.h"

namespace gatehouse::issuer {
namespace {

using namespace std::chrono_literals;

const acme::Challenge kHttp{"http-01", {.is_ip = false, .text = "a.test"}, "token", "token.thumb"};
const acme::Challenge kDns{"dns-01", {.is_ip = false, .text = "*.a.test"}, "token", "token.thumb"};

class SolversTest : public ::testing::Test {
 protected:
  Solver program(std::string_view script, std::chrono::milliseconds deadline = 20s) {
    scratch.write("hook", script);
    return program_solver(runner.loop, runtime::system_random(), {.argv = {"/bin/sh", scratch.file("hook"), "first argument"},
                                                                  .environment = {{"OUT", scratch.file("out")}}, .deadline = deadline});
  }
  std::string read(std::string_view name) {
    std::ifstream in(scratch.file(name));
    return std::string(std::istreambuf_iterator<char>(in), {});
  }

  fakes::LoopRunner runner;
  fakes::ScratchDirectory scratch;
};

TEST_F(SolversTest, PutTokensIntoTheTable) {
  HttpTokens tokens;
  const Solver solver = http_solver(tokens);
  EXPECT_TRUE(tokens.empty());
  ASSERT_TRUE(runner.run(solver->present(kHttp)));
  EXPECT_EQ(*tokens.find("token"), "token.thumb");
  EXPECT_EQ(tokens.find("other"), nullptr);
  ASSERT_TRUE(runner.run(solver->clean_up(kHttp)));
  ASSERT_TRUE(runner.run(solver->clean_up(kHttp)));
  EXPECT_TRUE(tokens.empty());
}

TEST_F(SolversTest, PutCertificatesIntoTheTable) {
  tls::Challenges certificates;
  const Solver solver = alpn_solver(certificates, runtime::system_clock(), runtime::system_random());
  const acme::Challenge challenge{"tls-alpn-01", {.is_ip = true, .text = "192.0.2.1"}, "token", "token.thumb"};
  ASSERT_TRUE(runner.run(solver->present(challenge)));
  const auto found = certificates.find("1.2.0.192.in-addr.arpa");
  ASSERT_TRUE(found);
  EXPECT_EQ(found->names(), std::vector<std::string>{"192.0.2.1"});
  ASSERT_TRUE(runner.run(solver->clean_up(challenge)));
  EXPECT_TRUE(certificates.empty());
}

TEST_F(SolversTest, CallAProgramWithoutAShell) {
  const Solver solver = program("printf '%s|' \"$@\" \"$GATEHOUSE_ACTION\" \"$GATEHOUSE_RECORD_NAME\" \"$GATEHOUSE_RECORD_VALUE\" "
                                "\"$GATEHOUSE_DOMAIN\" \"$GATEHOUSE_TOKEN\" \"$GATEHOUSE_KEY_AUTHORIZATION\" >> \"$OUT\"\n");
  ASSERT_TRUE(runner.run(solver->present(kDns)));
  const std::string value = acme::dns_record_value("token.thumb");
  const std::string arguments = "_acme-challenge.a.test.|" + value + "|";
  EXPECT_EQ(read("out"), "first argument|present|" + arguments + "present|" + arguments + "a.test|token|token.thumb|");
  ASSERT_TRUE(runner.run(solver->clean_up(kDns)));
  EXPECT_NE(read("out").find("|first argument|cleanup|"), std::string::npos);
}

TEST_F(SolversTest, TellWhatAProgramSaid) {
  const Solver solver = program("echo lots of output; echo first >&2; echo 'zone not found' >&2; exit 3\n");
  const Status done = runner.run(solver->present(kDns));
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().slug, "challenge-program");
  EXPECT_NE(done.error().message.find("exit code 3: zone not found"), std::string::npos) << done.error().message;
  const Solver missing = program_solver(runner.loop, runtime::system_random(), {.argv = {scratch.file("missing")}});
  EXPECT_EQ(runner.run(missing->present(kDns)).error().slug, "challenge-program");
}

TEST_F(SolversTest, ReadALotOfOutput) {
  const Solver solver = program("i=0; while [ $i -lt 3000 ]; do echo 'a line of output that fills the pipe after a while'; echo 'and of errors' >&2; i=$((i+1)); done; exit 1\n");
  const Status done = runner.run(solver->present(kDns));
  ASSERT_FALSE(done);
  EXPECT_NE(done.error().message.find("and of errors"), std::string::npos);
}

TEST_F(SolversTest, StopAProgramThatTakesTooLong) {
  const Solver solver = program("exec sleep 1000\n", 200ms);
  const Status done = runner.run(solver->present(kDns));
  ASSERT_FALSE(done);
  EXPECT_NE(done.error().message.find("takes too long"), std::string::npos);
  EXPECT_EQ(runtime::live_processes(), 0U);
}

}  // namespace
}  // namespace gatehouse::issuer
