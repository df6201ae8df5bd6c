// Against BIND.
#include <gtest/gtest.h>

#include "fakes/named.h"
#include "gatehouse/dns/propagation.h"

namespace gatehouse::dns {
namespace {

using namespace std::chrono_literals;

class BindTest : public ::testing::Test {
 protected:
  void SetUp() override {
    named_ = fakes::Named::start(runner_, runtime::system_random());
    ASSERT_TRUE(named_) << "named does not start";
  }
  std::vector<std::string> texts(const std::string& name) {
    auto answer = runner_.run(client_.ask(named_->endpoint(), name, Type::kTxt, 5s));
    EXPECT_TRUE(answer);
    std::vector<std::string> found;
    for (const Record& record : answer->answers) found.insert(found.end(), record.strings.begin(), record.strings.end());
    std::sort(found.begin(), found.end());
    return found;
  }
  Status update(TsigKey key, Message change) { return runner_.run(client_.update({named_->endpoint(), std::move(key)}, std::move(change), 5s)); }

  fakes::LoopRunner runner_;
  Client client_{runner_.loop, runtime::system_random()};
  std::unique_ptr<fakes::Named> named_;
};

TEST_F(BindTest, TakesOurUpdates) {
  using List = std::vector<std::string>;
  const std::string name = "_acme-challenge.x.a.test";
  EXPECT_EQ(texts(name), List{});
  ASSERT_TRUE(update(named_->key(), add_text(0, "a.test", name, "one", 1)));
  ASSERT_TRUE(update(named_->key(), add_text(0, "a.test", name, "two", 1)));  // wildcard and apex at once
  ASSERT_TRUE(update(named_->key(), add_text(0, "a.test", name, "two", 1)));
  EXPECT_EQ(texts(name), (List{"one", "two"}));
  ASSERT_TRUE(update(named_->key(), remove_text(0, "a.test", name, "one")));
  EXPECT_EQ(texts(name), List{"two"});
  ASSERT_TRUE(update(named_->key(), remove_text(0, "a.test", name, "never there")));
  ASSERT_TRUE(update(named_->key(), remove_text(0, "a.test", name, "two")));
  EXPECT_EQ(texts(name), List{});
}

TEST_F(BindTest, TellsWhyItRefuses) {
  const Message change = add_text(0, "a.test", "x.a.test", "one", 1);
  const auto refusal = [&](TsigKey key, Message message) {
    const Status done = update(std::move(key), std::move(message));
    return done ? "done" : done.error().slug + ": " + done.error().message;
  };
  EXPECT_NE(refusal({"unknown-key", Secret(fakes::Named::kSecret)}, change).find("BADKEY"), std::string::npos);
  EXPECT_NE(refusal({"update-key", Secret("another secret of 32 characters!")}, change).find("BADSIG"), std::string::npos);
  EXPECT_NE(refusal({"other-key", Secret(fakes::Named::kSecret)}, change).find("REFUSED"), std::string::npos);
  EXPECT_NE(refusal(named_->key(), add_text(0, "b.test", "x.b.test", "one", 1)).find("NOTAUTH"), std::string::npos);
  EXPECT_EQ(texts("x.a.test"), std::vector<std::string>{});
}

TEST_F(BindTest, FindsTheZoneBehindADelegation) {
  const auto found = runner_.run(find_place(client_, {named_->endpoint()}, "_acme-challenge.b.a.test"));
  ASSERT_TRUE(found) << found.error().message;
  EXPECT_EQ(found->name, "b.dyn.a.test");
  EXPECT_EQ(found->zone, "dyn.a.test");
  EXPECT_EQ(runner_.run(find_place(client_, {named_->endpoint()}, "a.test"))->zone, "a.test");
  EXPECT_EQ(runner_.run(find_place(client_, {named_->endpoint()}, "x.y.a.test"))->name, "x.y.a.test");
  EXPECT_EQ(runner_.run(find_place(client_, {named_->endpoint()}, "elsewhere.example")).error().slug, "dns-lookup");
}

TEST_F(BindTest, WaitsUntilARecordIsThere) {
  Propagation settings{.resolvers = {}, .servers = {named_->endpoint()}, .deadline = 300ms, .interval = 100ms};
  Status seen = runner_.run(await_text(client_, settings, "late.a.test", "value"));
  ASSERT_FALSE(seen);
  EXPECT_EQ(seen.error().slug, "dns-propagation");
  settings.deadline = 20s;
  std::optional<bool> waited;
  runtime::TaskGroup group;
  group.spawn([](Client& client, Propagation how, std::optional<bool>& out) -> runtime::Task<void> {
    const Status status = co_await await_text(client, how, "late.a.test", "value");
    out = status.ok();
  }(client_, settings, waited));
  ASSERT_TRUE(update(named_->key(), add_text(0, "a.test", "late.a.test", "other", 1)));
  EXPECT_FALSE(runner_.until([&] { return waited.has_value(); }, 300ms));
  ASSERT_TRUE(update(named_->key(), add_text(0, "a.test", "late.a.test", "value", 1)));
  EXPECT_TRUE(runner_.until([&] { return waited.has_value(); }, 20s));
  EXPECT_EQ(waited, true);
}

}  // namespace
}  // namespace gatehouse::dns
