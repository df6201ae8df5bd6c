#include "gatehouse/base/rare_table.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace gatehouse {
namespace {

TEST(RareTable, HoldsWhatWasPutInUntilItIsRemoved) {
  RareTable<std::string> table;
  EXPECT_TRUE(table.empty());
  EXPECT_EQ(table.find("a"), nullptr);
  table.set("a", std::make_shared<std::string>("one"));
  table.set("a", std::make_shared<std::string>("two"));
  table.set("b", std::make_shared<std::string>("three"));
  EXPECT_FALSE(table.empty());
  EXPECT_EQ(*table.find("a"), "two");
  EXPECT_EQ(table.find("c"), nullptr);
  const auto held = table.find("a");
  table.remove("a");
  table.remove("never there");
  EXPECT_EQ(table.find("a"), nullptr);
  EXPECT_EQ(*held, "two") << "whoever holds it keeps it";
  table.remove("b");
  EXPECT_TRUE(table.empty());
}

TEST(RareTable, IsReadWhileItChanges) {
  RareTable<int> table;
  std::atomic<bool> stop{false};
  std::vector<std::thread> readers;
  for (int i = 0; i < 2; ++i)
    readers.emplace_back([&] {
      while (!stop)
        if (const auto found = table.find("a")) EXPECT_EQ(*found, 1);
    });
  for (int i = 0; i < 2000; ++i) {
    table.set("a", std::make_shared<int>(1));
    table.remove("a");
  }
  stop = true;
  for (std::thread& reader : readers) reader.join();
}

}  // namespace
}  // namespace gatehouse
