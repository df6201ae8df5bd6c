#include <gtest/gtest.h>

#include "house.h"
#include "password.h"
#include "text_rules.h"
#include "throttle.h"

namespace gatehouse::access {
namespace {

PasswordHasher hasher(runtime::Random& random, std::uint32_t memory = 64, std::uint32_t passes = 1) {
  return *PasswordHasher::make(memory, passes, random);
}

TEST(Password, is_hashed_with_argon2id_and_a_new_salt) {
  CountingRandom random;
  const PasswordHasher h = hasher(random);
  const std::string a = *h.hash(Secret("correct horse"));
  EXPECT_TRUE(a.starts_with("$argon2id$v=19$m=64,t=1,p=1$")) << a;
  EXPECT_NE(a, *h.hash(Secret("correct horse")));
  EXPECT_TRUE(h.verify(a, Secret("correct horse")).matches);
  EXPECT_FALSE(h.verify(a, Secret("correct horse")).outdated);
  EXPECT_FALSE(h.verify(a, Secret("correct horsf")).matches);
  EXPECT_FALSE(h.verify(a, Secret("")).matches);
}

TEST(Password, counts_in_its_full_length) {  // bcrypt stops at 72 bytes
  CountingRandom random;
  const PasswordHasher h = hasher(random);
  const std::string base(1000, 'p');
  const std::string encoded = *h.hash(Secret(base + "a"));
  EXPECT_TRUE(h.verify(encoded, Secret(base + "a")).matches);
  EXPECT_FALSE(h.verify(encoded, Secret(base + "b")).matches);
  const std::string zero = *h.hash(Secret(std::string("12345678\0x", 10)));
  EXPECT_FALSE(h.verify(zero, Secret(std::string("12345678\0y", 10))).matches);
}

TEST(Password, is_outdated_under_other_parameters) {
  CountingRandom random;
  const std::string encoded = *hasher(random).hash(Secret("correct horse"));
  EXPECT_TRUE(hasher(random, 128).verify(encoded, Secret("correct horse")).outdated);
  EXPECT_TRUE(hasher(random, 64, 2).verify(encoded, Secret("correct horse")).outdated);
  EXPECT_FALSE(hasher(random, 128).verify(encoded, Secret("wrong horse!")).outdated);
}

// crypt_blowfish's own published vector.
TEST(Password, of_old_bcrypt_matches_and_is_outdated) {
  CountingRandom random;
  const PasswordHasher h = hasher(random);
  const std::string encoded = "$2b$05$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW";
  EXPECT_TRUE(h.verify(encoded, Secret("U*U")).matches);
  EXPECT_TRUE(h.verify(encoded, Secret("U*U")).outdated);
  EXPECT_FALSE(h.verify(encoded, Secret("U*V")).matches);
  EXPECT_FALSE(h.verify(encoded, Secret(std::string("U*U\0x", 5))).matches);
}

TEST(Password, never_matches_a_stored_text_that_is_no_hash) {
  CountingRandom random;
  const PasswordHasher h = hasher(random);
  for (const char* stored : {"", "correct horse", "$argon2id$", "$argon2id$v=19$m=64,t=1,p=1$", "$2b$", "$2b$05$short",
                             "$1$salt$hash", "$2b$31$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW", "*0", "!"}) {
    EXPECT_FALSE(h.verify(stored, Secret("correct horse")).matches) << stored;
    EXPECT_FALSE(h.verify(stored, Secret("")).matches) << stored;
  }
}

TEST(Password, has_limits) {
  EXPECT_FALSE(check_new_password(Secret(std::string(7, 'x'))));
  EXPECT_TRUE(check_new_password(Secret(std::string(8, 'x'))));
  EXPECT_TRUE(check_new_password(Secret(std::string(1024, 'x'))));
  EXPECT_FALSE(check_new_password(Secret(std::string(1025, 'x'))));
  CountingRandom random;
  EXPECT_EQ(slug_of(PasswordHasher::make(1, 1, random)), "bad-settings");
}

TEST(LoginThrottle, allows_a_burst_then_five_a_minute) {
  LoginThrottle throttle;
  runtime::SteadyTime now{};
  for (int i = 0; i < 20; ++i) ASSERT_EQ(throttle.admit("1.2.3.4", "bob", now).count(), 0) << i;
  EXPECT_EQ(throttle.admit("1.2.3.4", "bob", now).count(), 12);
  EXPECT_EQ(throttle.admit("1.2.3.4", "bob", now).count(), 12) << "a refused attempt does not count";
  now += std::chrono::milliseconds(11500);
  EXPECT_EQ(throttle.admit("1.2.3.4", "bob", now).count(), 1);
  now += std::chrono::milliseconds(500);
  EXPECT_EQ(throttle.admit("1.2.3.4", "bob", now).count(), 0);
  EXPECT_EQ(throttle.admit("1.2.3.4", "bob", now).count(), 12);
  now += std::chrono::minutes(1);
  int admitted = 0;
  while (throttle.admit("1.2.3.4", "bob", now).count() == 0) ++admitted;
  EXPECT_EQ(admitted, 5);
}

TEST(LoginThrottle, counts_each_client_whatever_the_names) {
  LoginThrottle throttle;
  const runtime::SteadyTime now{};
  for (int i = 0; i < 20; ++i) ASSERT_EQ(throttle.admit("1.2.3.4", "user" + std::to_string(i), now).count(), 0) << i;
  EXPECT_EQ(throttle.admit("1.2.3.4", "another", now).count(), 12);
  EXPECT_EQ(throttle.admit("1.2.3.5", "another", now).count(), 0);
}

TEST(LoginThrottle, success_does_not_count) {
  LoginThrottle throttle;
  const runtime::SteadyTime now{};
  for (int i = 0; i < 100; ++i) {
    ASSERT_EQ(throttle.admit("1.2.3.4", "bob", now).count(), 0) << i;
    throttle.succeeded("1.2.3.4", "bob");
  }
  for (int i = 0; i < 19; ++i) (void)throttle.admit("1.2.3.4", "bob", now);
  ASSERT_EQ(throttle.admit("1.2.3.4", "eve", now).count(), 0);
  throttle.succeeded("1.2.3.4", "eve");
  EXPECT_EQ(throttle.admit("1.2.3.4", "bob", now).count(), 0) << "nineteen failures, one left";
  EXPECT_GT(throttle.admit("1.2.3.4", "bob", now).count(), 0) << "somebody's success does not pay for others' failures";
}

TEST(LoginThrottle, spellings_of_a_name_count_together) {
  LoginThrottle throttle;
  runtime::SteadyTime now{};
  for (int i = 0; i < 20; ++i) (void)throttle.admit("a", i % 2 == 0 ? "Bob" : "bOB", now);
  EXPECT_GT(throttle.admit("a", "bob", now).count(), 0);
}

TEST(LoginThrottle, is_bounded_and_who_is_refused_pushes_nobody_out) {
  LoginThrottle throttle;
  const runtime::SteadyTime now{};
  for (int i = 0; i < 20; ++i) (void)throttle.admit("a", "first", now);
  for (std::size_t i = 0; i < 2 * LoginThrottle::kMaxNames; ++i) (void)throttle.admit("b", "u" + std::to_string(i), now);
  EXPECT_GT(throttle.admit("a", "first", now).count(), 0);
  for (std::size_t i = 0; i < LoginThrottle::kMaxNames + 5; ++i) (void)throttle.admit("c" + std::to_string(i), "x", now);
  EXPECT_EQ(throttle.size(), LoginThrottle::kMaxNames);
  EXPECT_EQ(throttle.admit("a", "first", now).count(), 0) << "quiet for longest";
  EXPECT_EQ(throttle.admit(std::string(100000, 'x'), std::string(100000, 'y'), now).count(), 0);
}

TEST(TextRules, refuse_what_does_not_belong_in_names) {
  for (const char* name : {"bob", "Bob.B-x_1@example.com"}) EXPECT_TRUE(check_username(name)) << name;
  for (const char* name : {"", "a b", "a\n", "ä", "a/b", "a:b", "<b>"}) EXPECT_FALSE(check_username(name)) << name;
  EXPECT_FALSE(check_username(std::string(65, 'a')));
}

TEST(TextRules, want_utf8_without_control_characters) {
  for (const char* text : {"", "Zoë O'Hara", "日本", "\xf0\x9f\x98\x80"}) EXPECT_TRUE(check_text("x", text, 100)) << text;
  for (const char* text : {"a\nb", "\x1b[31m", "\x7f", "\xff", "\xc0\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xe2\x82"}) {
    EXPECT_FALSE(check_text("x", text, 100)) << text;
  }
  EXPECT_FALSE(check_text("x", "abc", 2));
}

}  // namespace
}  // namespace gatehouse::access
