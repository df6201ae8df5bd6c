#include "router.h"

#include <gtest/gtest.h>

namespace gatehouse::edge {
namespace {

class RouterTest : public ::testing::Test {
 protected:
  void add(std::vector<std::string> hosts, std::string path) {
    auto route = std::make_unique<Route>();
    route->settings.hosts = std::move(hosts);
    route->settings.path = std::move(path);
    route->name = (route->settings.hosts.empty() ? "" : route->settings.hosts.front()) + route->settings.path;
    router_.add(route.get());
    routes_.push_back(std::move(route));
  }
  std::string find(std::string_view host, std::string_view path) {
    const Route* route = router_.find(host, path);
    return route == nullptr ? "(none)" : route->name;
  }
  std::vector<std::unique_ptr<Route>> routes_;
  Router router_;
};

TEST_F(RouterTest, ExactBeforePrefixLongerBeforeShorterHostBeforeNoHost) {
  add({}, "/");
  add({}, "/a/");
  add({}, "/a/b/");
  add({}, "/a/b");
  add({"api.test"}, "/a/");
  add({"*.test"}, "/w/");
  add({"*.deep.test"}, "/w/");
  router_.finish();
  EXPECT_EQ(find("x.org", "/"), "/");
  EXPECT_EQ(find("x.org", "/other"), "/");
  EXPECT_EQ(find("x.org", "/a/1"), "/a/");
  EXPECT_EQ(find("x.org", "/a/b/1"), "/a/b/");
  EXPECT_EQ(find("x.org", "/a/b"), "/a/b");
  EXPECT_EQ(find("x.org", "/ab"), "/");
  EXPECT_EQ(find("API.Test", "/a/b"), "api.test/a/");
  EXPECT_EQ(find("api.test.", "/a/"), "api.test/a/");
  EXPECT_EQ(find("api.test", "/z"), "/");
  EXPECT_EQ(find("one.test", "/w/x"), "*.test/w/");
  EXPECT_EQ(find("one.deep.test", "/w/x"), "*.deep.test/w/");
  EXPECT_EQ(find("test", "/w/x"), "/");
}

TEST_F(RouterTest, NothingMatchesWithoutARootRoute) {
  add({"api.test"}, "/a/");
  router_.finish();
  EXPECT_EQ(find("api.test", "/"), "(none)");
  EXPECT_EQ(find("other.test", "/a/"), "(none)");
  EXPECT_EQ(find("", "/a/"), "(none)");
  EXPECT_EQ(find(std::string(300, 'h'), "/a/"), "(none)");
  EXPECT_EQ(find("api.test", "*"), "(none)");
}

TEST(Route, HeadIsAllowedWhereGetIs) {
  Route route;
  EXPECT_TRUE(route.allows("PATCH"));
  route.settings.methods = {"GET"};
  EXPECT_TRUE(route.allows("GET"));
  EXPECT_TRUE(route.allows("HEAD"));
  EXPECT_FALSE(route.allows("get"));
  EXPECT_FALSE(route.allows("POST"));
}

}  // namespace
}  // namespace gatehouse::edge
