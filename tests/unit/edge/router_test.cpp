#include "router.h"

#include <gtest/gtest.h>

namespace gatehouse::edge {
namespace {

class RouterTest : public ::testing::Test {
 protected:
  void add(std::vector<std::string> hosts, std::string path, std::vector<std::string> methods = {}) {
    auto route = std::make_unique<Route>();
    route->settings.methods = std::move(methods);
    route->settings.hosts = std::move(hosts);
    route->settings.path = std::move(path);
    route->name = (route->settings.hosts.empty() ? "" : route->settings.hosts.front()) + route->settings.path;
    router_.add(route.get());
    routes_.push_back(std::move(route));
  }
  std::string find(std::string_view host, std::string_view path) {
    const Router::Place place = router_.find(host, path);
    return place.empty() ? "(none)" : place.front()->name;
  }
  // The methods of the route that takes this one.
  std::string takes(std::string_view path, std::string_view method) {
    const Route* route = Router::choose(router_.find("a.test", path), method);
    if (route == nullptr) return "(405)";
    return route->settings.methods.empty() ? "any" : route->settings.methods.front();
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

TEST_F(RouterTest, AddressesAreComparedNotTheirSpelling) {
  add({"2001:DB8::1"}, "/");
  add({"[::1]"}, "/l");
  add({"192.0.2.1"}, "/v4");
  router_.finish();
  EXPECT_EQ(find("[2001:db8:0:0::1]", "/"), "2001:DB8::1/");
  EXPECT_EQ(find("[0::1]", "/l"), "[::1]/l");
  EXPECT_EQ(find("192.0.2.1", "/v4"), "192.0.2.1/v4");
  EXPECT_EQ(find("[2001:db8::2]", "/"), "(none)");
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

TEST_F(RouterTest, RoutesOfOnePathAreToldApartByMethod) {
  add({}, "/split", {"GET"});
  add({}, "/split", {"POST", "PUT"});
  add({}, "/rest");
  add({}, "/rest", {"POST"});
  add({}, "/head", {"GET"});
  add({}, "/head", {"HEAD"});
  add({}, "/");
  router_.finish();
  EXPECT_EQ(takes("/split", "GET"), "GET");
  EXPECT_EQ(takes("/split", "HEAD"), "GET");
  EXPECT_EQ(takes("/split", "PUT"), "POST");
  EXPECT_EQ(takes("/split", "get"), "(405)");
  EXPECT_EQ(takes("/split", "DELETE"), "(405)");  // the path decides first: it does not fall through to "/"
  EXPECT_EQ(Router::allowed(router_.find("a.test", "/split")), "GET, HEAD, POST, PUT");
  EXPECT_EQ(takes("/rest", "POST"), "POST");
  EXPECT_EQ(takes("/rest", "GET"), "any");
  EXPECT_EQ(Router::allowed(router_.find("a.test", "/rest")), Router::kAnyMethod);
  EXPECT_EQ(takes("/head", "HEAD"), "HEAD");
  EXPECT_EQ(Router::allowed(router_.find("a.test", "/head")), "GET, HEAD");
}

}  // namespace
}  // namespace gatehouse::edge
