#include "gatehouse/net/resolver.h"

#include <gtest/gtest.h>

#include <atomic>
#include <condition_variable>
#include <mutex>

#include "fakes/manual_clock.h"

namespace gatehouse::net {
namespace {

using namespace std::chrono_literals;

// A name server that answers when it is told to.
class Names {
 public:
  Resolver::Lookup lookup() {
    return [this](const Address& address) -> Result<Endpoints> {
      ++asked;
      std::unique_lock lock(mutex_);
      open_.wait(lock, [this] { return is_open_; });
      if (address.host == "missing.test") return make_error("name-not-found", "cannot resolve 'missing.test'");
      return Endpoints{*to_endpoint(Address{"192.0.2.1", address.port, false})};
    };
  }
  void open() {
    const std::lock_guard lock(mutex_);
    is_open_ = true;
    open_.notify_all();
  }
  std::atomic<int> asked{0};

 private:
  std::mutex mutex_;
  std::condition_variable open_;
  bool is_open_ = false;
};

runtime::Task<void> ask(Resolver& resolver, std::string name, std::vector<std::string>& answers) {
  auto endpoints = co_await resolver.resolve(Address{std::move(name), 80, false});
  answers.push_back(endpoints ? (*endpoints)[0].to_string() : endpoints.error().slug);
}

class ResolverTest : public testing::Test {
 protected:
  void run_until(std::size_t count) {
    for (int i = 0; i < 2000 && answers.size() < count; ++i) loop.run_for_test(1ms);
  }

  fakes::ManualClock clock;
  runtime::Loop loop{clock};
  Names names;
  runtime::OffloadPool pool{2};
  Resolver resolver{loop, pool, names.lookup()};
  std::vector<std::string> answers;
  runtime::TaskGroup group;
};

TEST_F(ResolverTest, LiteralsNeedNoLookup) {
  group.spawn(ask(resolver, "127.0.0.1", answers));
  EXPECT_EQ(answers, std::vector<std::string>{"127.0.0.1:80"});
  EXPECT_EQ(names.asked, 0);
}

TEST_F(ResolverTest, CallersShareOneLookup) {
  for (int i = 0; i < 5; ++i) group.spawn(ask(resolver, "app.test", answers));
  EXPECT_TRUE(answers.empty());
  names.open();
  run_until(5);
  EXPECT_EQ(answers, std::vector<std::string>(5, "192.0.2.1:80"));
  EXPECT_EQ(names.asked, 1);
}

TEST_F(ResolverTest, KeepsAnswersThirtySeconds) {
  names.open();
  group.spawn(ask(resolver, "app.test", answers));
  run_until(1);
  clock.advance(29s);
  group.spawn(ask(resolver, "app.test", answers));
  EXPECT_EQ(answers.size(), 2u);
  EXPECT_EQ(names.asked, 1);
  clock.advance(2s);
  group.spawn(ask(resolver, "app.test", answers));
  run_until(3);
  EXPECT_EQ(names.asked, 2);
}

TEST_F(ResolverTest, KeepsFailuresTwoSeconds) {
  names.open();
  group.spawn(ask(resolver, "missing.test", answers));
  run_until(1);
  group.spawn(ask(resolver, "missing.test", answers));
  EXPECT_EQ(answers, std::vector<std::string>(2, "name-not-found"));
  EXPECT_EQ(names.asked, 1);
  clock.advance(3s);
  group.spawn(ask(resolver, "missing.test", answers));
  run_until(3);
  EXPECT_EQ(names.asked, 2);
}

TEST_F(ResolverTest, TheFirstCallerMayLeave) {
  std::vector<std::string> nobody;
  {
    runtime::TaskGroup impatient;
    impatient.spawn(ask(resolver, "app.test", nobody));
    group.spawn(ask(resolver, "app.test", answers));
  }
  names.open();
  run_until(1);
  EXPECT_TRUE(nobody.empty());
  EXPECT_EQ(answers, std::vector<std::string>{"192.0.2.1:80"});
  EXPECT_EQ(names.asked, 1);
}

TEST_F(ResolverTest, SaysWhenThePoolIsFull) {
  runtime::OffloadPool none(1, 0);
  Resolver full(loop, none, names.lookup());
  group.spawn(ask(full, "app.test", answers));
  EXPECT_EQ(answers, std::vector<std::string>{"resolver-busy"});
  names.open();
}

TEST(SystemResolver, KnowsLocalhost) {
  runtime::Loop loop(runtime::system_clock());
  runtime::OffloadPool pool(1);
  Resolver resolver(loop, pool);
  std::vector<std::string> answers;
  runtime::TaskGroup group;
  group.spawn(ask(resolver, "localhost", answers));
  for (int i = 0; i < 2000 && answers.empty(); ++i) loop.run_for_test(1ms);
  ASSERT_EQ(answers.size(), 1u);
  EXPECT_TRUE(answers[0] == "127.0.0.1:80" || answers[0] == "[::1]:80") << answers[0];
}

}  // namespace
}  // namespace gatehouse::net
