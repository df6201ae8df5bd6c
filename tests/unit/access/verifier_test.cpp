#include "gatehouse/access/verifier.h"

#include <gtest/gtest.h>

#include "house.h"
#include "jwt.h"
#include "server_keys.h"

namespace gatehouse::access {
namespace {

TEST(Credential, is_taken_from_one_of_two_fields) {
  EXPECT_EQ(*credential_from("Bearer abc.def-_~+/==", ""), "abc.def-_~+/==");
  EXPECT_EQ(*credential_from("bEARER   abc", ""), "abc");
  EXPECT_EQ(*credential_from("", "mcp_1.abc"), "mcp_1.abc");
}

TEST(Credential, is_missing_or_malformed) {
  EXPECT_EQ(slug_of(credential_from("", "")), "missing-credentials");
  EXPECT_EQ(slug_of(credential_from("Basic YTpi", "")), "missing-credentials");
  EXPECT_EQ(slug_of(credential_from("Bearers abc", "")), "missing-credentials");
  for (const char* value : {"Bearer", "Bearer ", "Bearer a b", "Bearer a,b", "Bearer a, Bearer b", "Bearer =", "Bearer a=b",
                            "Bearer \"a\"", "Bearer a\tb", "Bearer \xff", "Bearer a "}) {
    EXPECT_EQ(slug_of(credential_from(value, "")), "bad-request") << value;
  }
  EXPECT_EQ(slug_of(credential_from("Bearer a", "mcp_1.abc")), "bad-request");
  EXPECT_EQ(slug_of(credential_from("", "eyJhbGciOi")), "bad-request");
  EXPECT_EQ(slug_of(credential_from("", "mcp_1.a b")), "bad-request");
  EXPECT_EQ(slug_of(credential_from("Bearer " + std::string(8193, 'a'), "")), "bad-request");
}

class Forged : public ::testing::Test {
 protected:
  Forged() {
    admin_ = house_.admin();
    claims_.issuer = claims_.audience = "gatehouse";
    claims_.subject = "admin";
    claims_.user_id = admin_.user_id;
    claims_.token_id = "forged";
    claims_.issued = claims_.not_before = now();
    claims_.expires = now() + 60;
  }
  std::int64_t now() { return std::chrono::floor<std::chrono::seconds>(house_.clock.wall()).time_since_epoch().count(); }
  Result<Identity> verify_signed() { return house_.verify(house_.accounts().keys()->token.sign(to_json(claims_))); }

  House house_;
  Identity admin_;
  Claims claims_;
};

TEST_F(Forged, counts_when_everything_is_right) {
  const auto identity = verify_signed();
  ASSERT_TRUE(identity) << identity.error().message;
  EXPECT_TRUE(identity->superuser);
  EXPECT_EQ(identity->token_id, "forged");
}

TEST_F(Forged, fails_with_another_user_name_id_generation_issuer_or_time) {
  const Claims good = claims_;
  claims_.subject = "bob";
  EXPECT_FALSE(verify_signed());
  claims_ = good;
  claims_.user_id = 999;
  EXPECT_FALSE(verify_signed());
  claims_ = good;
  claims_.generation = 1;
  EXPECT_FALSE(verify_signed());
  claims_ = good;
  claims_.issuer = "other";
  EXPECT_FALSE(verify_signed());
  claims_ = good;
  claims_.audience = "other";
  EXPECT_FALSE(verify_signed());
  claims_ = good;
  claims_.expires = now() - 31;
  EXPECT_FALSE(verify_signed());
  claims_ = good;
  claims_.not_before = now() + 32;
  EXPECT_FALSE(verify_signed());
  claims_ = good;
  EXPECT_TRUE(verify_signed());
}

TEST_F(Forged, fails_without_the_servers_key) {
  for (const char* key : {"", "gatehouse", "change-this-in-production", "0123456789abcdef0123456789abcdef"}) {
    EXPECT_EQ(slug_of(house_.verify(Hs256Key(key).sign(to_json(claims_)))), "invalid-credentials");
  }
}

TEST(Verifier, never_repeats_a_credential) {
  House house;
  for (const std::string& text : {std::string("hunter2"), "mcp_1.hunter2" + std::string(36, 'x'), std::string("hunter2.a.b"),
                                  std::string(9000, 'h')}) {
    const auto refused = house.verify(text);
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().slug, "invalid-credentials");
    EXPECT_EQ(refused.error().message.find("hunter2"), std::string::npos);
  }
}

TEST(Verifier, what_is_under_way_ends_with_its_credential) {
  House house;
  const std::int64_t bob = house.add("bob", {"tools:call", "gateway:read", "gateway:write"});
  const Identity by_login = house.identity("bob");
  const auto key = house.accounts().create_key(by_login, House::key({"tools:call"}));
  ASSERT_TRUE(key);
  const auto verified = house.verify(key->key.reveal());
  ASSERT_TRUE(verified);
  const Identity by_key = *verified;
  Identity alone;
  alone.user_id = bob;
  std::shared_ptr<const KeyIndex> before;
  const auto holds = [&](const Identity& identity) { return still_holds(identity, *before, *house.accounts().index()); };
  const auto change = [&](const auto& make) {
    before = house.accounts().index();
    EXPECT_TRUE(make());
  };
  const auto update = [&](const UserUpdate& wanted) { return static_cast<bool>(house.accounts().update_user(house.admin(), bob, wanted)); };

  change([&] { return update({.email = "bob@example.org", .full_name = {}, .scopes = {}, .active = {}, .superuser = {}}); });
  EXPECT_TRUE(holds(by_login) && holds(by_key) && holds(alone));
  change([&] { return update({.email = {}, .full_name = {}, .scopes = {{"tools:call"}}, .active = {}, .superuser = {}}); });
  EXPECT_FALSE(holds(by_login) || holds(by_key) || holds(alone)) << "a scope is lost";
  change([&] { return static_cast<bool>(house.accounts().set_password(house.admin(), bob, Secret(""), Secret("another horse"))); });
  EXPECT_FALSE(holds(by_login));
  EXPECT_TRUE(holds(by_key) && holds(alone));
  change([&] { return static_cast<bool>(house.accounts().revoke_key(house.admin(), by_key.key_id)); });
  EXPECT_FALSE(holds(by_key));
  EXPECT_TRUE(holds(alone));
  change([&] { return update({.email = {}, .full_name = {}, .scopes = {}, .active = false, .superuser = {}}); });
  EXPECT_FALSE(holds(alone));
}

TEST(Scopes, admin_stands_for_all_and_nothing_else_implies_anything) {
  const Scopes admin{Scope::kAdmin};
  EXPECT_TRUE(admin.contains(Scopes::all()));
  EXPECT_FALSE((Scopes{Scope::kGatewayRead, Scope::kGatewayWrite, Scope::kToolsCall}).contains(admin));
  EXPECT_FALSE((Scopes{Scope::kGatewayWrite}).contains({Scope::kGatewayRead}));
  EXPECT_EQ(admin & Scopes{Scope::kToolsCall}, Scopes{Scope::kToolsCall});
  EXPECT_TRUE((Scopes{} & admin).empty());
  EXPECT_EQ((Scopes{Scope::kToolsCall, Scope::kGatewayRead}).to_string(), "gateway:read tools:call");
  EXPECT_EQ(slug_of(Scopes::parse({"tools:call", "root"})), "bad-request");
  EXPECT_EQ(Scopes::known({"tools:call", "root"}), Scopes{Scope::kToolsCall});
}

}  // namespace
}  // namespace gatehouse::access
