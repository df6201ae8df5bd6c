#include "house.h"

namespace gatehouse::admin {
namespace {

constexpr const char* kGoodLogin = "username=admin&password=correct+horse&grant_type=password";

TEST_F(ApiTest, LoginGivesAToken) {
  for (const char* path : {"/auth/login", "/gateway/auth/login"}) {
    const Answer answer = login(kGoodLogin, path);
    ASSERT_EQ(answer.status, 200) << answer.body;
    EXPECT_EQ(answer.json()["token_type"], "bearer");
    EXPECT_EQ(answer.json()["expires_in"], 1800);
    EXPECT_EQ(get("/auth/users", with(answer.json()["access_token"])).status, 200);
  }
}

TEST_F(ApiTest, LoginRefusals) {
  const Answer wrong = login("username=admin&password=wrong");
  EXPECT_EQ(wrong.status, 401);
  EXPECT_EQ(wrong.json()["detail"], "Invalid credentials");
  EXPECT_EQ(wrong.challenge, "Bearer");
  EXPECT_EQ(login("username=nobody&password=wrong").json()["detail"], "Invalid credentials");
  for (const char* form : {"", "username=admin", "password=x", "username=admin&username=b&password=x", "username=%zz&password=x",
                           "username=a%2&password=x", "username&password=x", "username=a&password=b&grant_type=implicit"}) {
    EXPECT_EQ(login(form).status, 422) << form;
  }
  EXPECT_EQ(call("POST", "/auth/login", {}, {{"username", "admin"}, {"password", "correct horse"}}).status, 422);
  EXPECT_EQ(raw("POST", "/auth/login", {}, {{"Content-Type", "application/x-www-form-urlencoded"}}, std::string(70000, 'a')).status, 413);
}

TEST_F(ApiTest, LoginIsThrottledForAWholeIpv6Network) {
  Answer last;
  for (int i = 0; i < 21; ++i) {
    FakeExchange exchange(loop_, "POST", "/auth/login", {{"Content-Type", "application/x-www-form-urlencoded"}}, "username=admin&password=no");
    const std::string address = "2001:db8::" + std::to_string(i + 1);
    exchange.client_info().address = address;
    last = run(exchange);
  }
  EXPECT_EQ(last.status, 429);
  EXPECT_FALSE(last.retry_after.empty());
}

TEST_F(ApiTest, InactiveUserCannotLogIn) {
  user("bob", {"tools:call"});
  EXPECT_EQ(call("PATCH", "/auth/users/2", admin(), {{"is_active", false}}).status, 200);
  EXPECT_EQ(login("username=bob&password=correct+horse").status, 401);
}

TEST_F(ApiTest, LogoutRevokesTheTokenUntilItsEnd) {
  const std::string mine = token("admin");
  ASSERT_EQ(call("POST", "/auth/logout", with(mine)).status, 200);
  EXPECT_FALSE(access::Verifier(accounts_->keys(), accounts_->index()).verify(mine, clock_.wall()));
  const auto revoked = store_->revoked_tokens();
  ASSERT_EQ(revoked->size(), 1u);
  EXPECT_GT(revoked->front().expires, clock_.wall() + 1800s);
  EXPECT_LT(revoked->front().expires, clock_.wall() + 2000s);
  EXPECT_EQ(call("POST", "/auth/logout", socket()).status, 400);
}

TEST_F(ApiTest, UsersNeverShowTheirHash) {
  const Answer made = call("POST", "/auth/users", admin(),
                           {{"username", "bob"}, {"password", "correct horse"}, {"email", nullptr}, {"is_active", true}});
  ASSERT_EQ(made.status, 200) << made.body;
  const Json bob = made.json();
  EXPECT_EQ(bob["username"], "bob");
  EXPECT_EQ(bob["is_superuser"], false);
  EXPECT_EQ(bob["email"], nullptr);
  EXPECT_EQ(bob["created_at"].get<std::string>().back(), 'Z');
  const Answer list = get("/auth/users", admin());
  EXPECT_TRUE(list.json().is_array());
  EXPECT_EQ(list.json().size(), 2u);
  for (const std::string& text : {made.body, list.body}) {
    EXPECT_EQ(text.find("password"), std::string::npos);
    EXPECT_EQ(text.find("argon2"), std::string::npos);
  }
}

TEST_F(ApiTest, OrdinaryUsersPassNoScopeTheyLack) {
  const Caller bob = user("bob", {"gateway:read", "tools:call"});
  const Json body{{"username", "eve"}, {"password", "correct horse"}, {"is_superuser", true}};
  const Answer refused = call("POST", "/auth/users", bob, body);
  EXPECT_EQ(refused.status, 403);
  EXPECT_NE(refused.json()["detail"].get<std::string>().find("gateway:write"), std::string::npos);
  EXPECT_NE(refused.challenge.find("insufficient_scope"), std::string::npos);
  const Caller writer = user("walter", {"gateway:write"});
  EXPECT_EQ(call("POST", "/auth/users", writer, body).status, 403);
  EXPECT_EQ(call("PATCH", "/auth/users/3", writer, {{"is_superuser", true}}).status, 403);
  EXPECT_EQ(call("DELETE", "/auth/users/1", writer).status, 403);
  EXPECT_EQ(get("/auth/users", bob).json().size(), 1u);
}

TEST_F(ApiTest, UserChangesAndRemoval) {
  const Caller bob = user("bob", {"tools:call"});
  EXPECT_EQ(call("PATCH", "/auth/users/2", bob, {{"email", "bob@example.org"}}).json()["email"], "bob@example.org");
  EXPECT_EQ(call("PATCH", "/auth/users/999", admin(), {{"email", "x"}}).status, 404);
  EXPECT_EQ(call("PATCH", "/auth/users/x", admin(), {{"email", "x"}}).status, 404);
  EXPECT_EQ(call("PATCH", "/auth/users/+2", admin(), {{"email", "x"}}).status, 404);
  EXPECT_EQ(call("DELETE", "/auth/users/1", admin()).status, 409);
  EXPECT_EQ(call("DELETE", "/auth/users/2", admin()).status, 200);
  EXPECT_EQ(call("DELETE", "/auth/users/2", admin()).status, 404);
  user("bob", {"tools:call"});
  EXPECT_EQ(call("POST", "/auth/users", admin(), {{"username", "bob"}, {"password", "correct horse"}}).status, 409);
}

TEST_F(ApiTest, Passwords) {
  const Caller bob = user("bob", {"tools:call"});
  EXPECT_EQ(call("POST", "/auth/users/2/password", bob, {{"password", "a new password"}}).status, 401);
  EXPECT_EQ(call("POST", "/auth/users/2/password", bob, {{"current_password", "correct horse"}, {"password", "short"}}).status, 400);
  EXPECT_EQ(call("POST", "/auth/users/1/password", bob, {{"password", "a new password"}}).status, 403);
  EXPECT_EQ(call("POST", "/auth/users/2/password", bob, {{"current_password", "correct horse"}, {"password", "a new password"}}).status, 200);
  EXPECT_EQ(login("username=bob&password=a+new+password").status, 200);
  EXPECT_EQ(call("POST", "/auth/users/2/password", socket(), {{"password", "set by the admin"}}).status, 200);
}

TEST_F(ApiTest, KeysAreShownOnceAndHonourTheirExpiry) {
  const Json body{{"name", "ci"}, {"scopes", {"tools:call"}}, {"expires_at", "2025-12-01T12:00:00+02:00"}};
  const Answer made = call("POST", "/auth/api-keys", admin(), body);
  ASSERT_EQ(made.status, 200) << made.body;
  EXPECT_EQ(made.json()["expires_at"], "2025-12-01T10:00:00.000000Z");
  EXPECT_EQ(made.json()["last_used"], nullptr);
  EXPECT_TRUE(made.json()["key"].get<std::string>().starts_with("mcp_"));
  const Answer list = get("/auth/api-keys", admin());
  EXPECT_EQ(list.json().size(), 1u);
  EXPECT_FALSE(list.json()[0].contains("key"));
  EXPECT_EQ(call("DELETE", "/auth/api-keys/1", admin()).status, 200);
  EXPECT_EQ(get("/auth/api-keys", admin()).json()[0]["is_active"], false);
  EXPECT_EQ(call("DELETE", "/auth/api-keys/77", admin()).status, 404);
  for (const char* bad : {"2025-12-01", "2025-12-01T12:00:00", "2025-02-30T12:00:00Z", "2025-12-01T24:00:00Z", "2025-12-01T12:00:00+2:00", "yesterday............."}) {
    EXPECT_EQ(call("POST", "/auth/api-keys", admin(), {{"name", "ci"}, {"scopes", {"tools:call"}}, {"expires_at", bad}}).status, 422) << bad;
  }
  EXPECT_EQ(call("POST", "/auth/api-keys", admin(), {{"name", "ci"}, {"scopes", {"tools:call"}}, {"expires_at", "2020-01-01T00:00:00Z"}}).status, 400);
}

TEST_F(ApiTest, AKeyCannotMakeMoreThanItself) {
  user("bob", {"gateway:write", "tools:call"});
  const Json body{{"name", "k"}, {"scopes", {"gateway:write"}}, {"expires_at", "2025-12-01T00:00:00Z"}};
  const Answer first = call("POST", "/auth/api-keys", with(token("bob")), body);
  ASSERT_EQ(first.status, 200) << first.body;
  const Caller key = with(first.json()["key"]);
  EXPECT_EQ(call("POST", "/auth/api-keys", key, {{"name", "x"}, {"scopes", {"gateway:write"}}, {"user_id", 1}}).status, 403);
  EXPECT_EQ(call("POST", "/auth/api-keys", key, {{"name", "x"}, {"scopes", {"admin"}}}).status, 403);
  EXPECT_EQ(call("POST", "/auth/api-keys", key, {{"name", "x"}, {"scopes", {"gateway:write"}}, {"expires_at", "2025-12-02T00:00:00Z"}}).status, 403);
  const Answer child = call("POST", "/auth/api-keys", key, {{"name", "x"}, {"scopes", {"gateway:write"}}});
  ASSERT_EQ(child.status, 200) << child.body;
  EXPECT_EQ(child.json()["expires_at"], "2025-12-01T00:00:00.000000Z");
}

TEST_F(ApiTest, BodiesAreReadStrictly) {
  const http::Headers json{{"Content-Type", "application/json; charset=utf-8"}};
  struct Row {
    const char* body;
    int status;
  };
  for (const Row& row : {Row{"{", 400}, Row{"", 400}, Row{"\"\xff\"", 400}, Row{"[]", 422}, Row{"{}", 422}, Row{R"({"username":5,"password":"correct horse"})", 422},
                         Row{R"({"username":"a","password":"correct horse","hashed_password":"x"})", 422},
                         Row{R"({"username":"a","username":"b","password":"correct horse"})", 422},
                         Row{R"({"username":"a","password":"correct horse","scopes":"admin"})", 422},
                         Row{R"({"username":"a","password":"correct horse","is_superuser":"false"})", 422},
                         Row{R"({"username":"a b","password":"correct horse"})", 400},
                         Row{R"({"username":"a","password":"correct horse","scopes":["root"]})", 400}}) {
    const Answer answer = raw("POST", "/auth/users", admin(), json, row.body);
    EXPECT_EQ(answer.status, row.status) << row.body << " " << answer.body;
    EXPECT_EQ(answer.type, "application/problem+json");
  }
  EXPECT_EQ(raw("POST", "/auth/users", admin(), {{"Content-Type", "text/plain"}}, "{}").status, 415);
  EXPECT_EQ(raw("POST", "/auth/users", admin(), json, std::string(65537, ' ')).status, 413);
}

}  // namespace
}  // namespace gatehouse::admin
