// Which certificate a name gets: T-SNI-1 to 4 and 6, RFC 6066 section 3.
#include "context_data.h"
#include "pair.h"

namespace gatehouse::tls {
namespace {

class SniTest : public testing::Test {
 protected:
  std::shared_ptr<const Certificate> named(const std::string& common_name, const std::string& name) {
    return certificate_of(root.issue({.common_name = common_name, .names = "DNS:" + name}));
  }
  std::shared_ptr<const Context> context(bool reject = false) {
    return context_of({.certificates = {named("default", "default.test"), named("exact", "x.a.test"),
                                        named("wildcard", "*.a.test"), named("apex", "a.test")},
                       .reject_unknown_names = reject});
  }
  std::string served(const Context& context, const std::string& sni) {
    const Pair pair(context, {.sni = sni});
    return pair.ok() ? pair.served() : "alert " + std::to_string(pair.alert());
  }

  fakes::TestCa root{"root", kNow};
};

// A ClientHello of TLS 1.2 that names `name` as it is, for what OpenSSL's client would not send.
std::string hello_with(std::string_view name) {
  const auto u16 = [](std::size_t n) { return std::string{static_cast<char>(n >> 8), static_cast<char>(n)}; };
  const std::string entry = std::string(1, '\0') + u16(name.size()) + std::string(name);
  const std::string list = u16(entry.size()) + entry;
  const std::string extensions = u16(0) + u16(list.size()) + list + std::string("\x00\x0a\x00\x04\x00\x02\x00\x17", 8) +
                                 std::string("\x00\x0d\x00\x04\x00\x02\x04\x03", 8);
  const std::string body = std::string("\x03\x03") + std::string(32, 'r') + std::string(1, '\0') +
                           std::string("\x00\x02\xc0\x2b\x01\x00", 6) + u16(extensions.size()) + extensions;
  const std::string message = std::string("\x01\x00", 2) + u16(body.size()) + body;
  return std::string("\x16\x03\x01") + u16(message.size()) + message;
}

// The server's first flight, or what it said instead.
std::string answer_to(const Context& context, std::string_view hello) {
  Pair pair;
  EXPECT_TRUE(pair.server->accept_tls(context));
  pair.send_raw(hello);
  for (int i = 0; i < 5 && pair.server_state == IoState::kWouldBlock; ++i) {
    pair.turn();
    pair.server_state = pair.server->handshake(&pair.server_error);
  }
  return pair.receive_raw();
}

constexpr char kUnrecognizedName[] = "\x15\x03\x03\x00\x02\x02\x70";
constexpr char kUnrecognizedNameOld[] = "\x15\x03\x01\x00\x02\x02\x70";

bool is_refusal(std::string_view answer) {
  return answer == std::string_view(kUnrecognizedName, 7) || answer == std::string_view(kUnrecognizedNameOld, 7);
}

TEST_F(SniTest, TellsOfNamesThatNoCertificateHas) {
  std::vector<std::string> missing;
  const auto context = context_of({.certificates = {named("default", "default.test"), named("wildcard", "*.a.test")},
                                   .missing = [&](const std::string& name) { missing.push_back(name); }});
  for (const char* sni : {"B.test", "x.a.test", "default.test", "x.y.a.test", "127.0.0.1", ""}) served(*context, sni);
  EXPECT_EQ(missing, (std::vector<std::string>{"b.test", "x.y.a.test"}));
}

TEST_F(SniTest, PrefersTheExactNameThenAWildcardOfOneLabelThenTheDefault) {
  const auto context = this->context();
  const std::pair<const char*, const char*> expected[] = {
      {"x.a.test", "exact"},       {"y.a.test", "wildcard"},    {"a.test", "apex"},        {"x.y.a.test", "default"},
      {"other.test", "default"},   {"X.A.TEST", "exact"},       {"Y.a.Test.", "wildcard"}, {"x.a.test.", "exact"},
      {"", "default"},             {"default.test", "default"}, {"127.0.0.1", "default"},  {"nonsense!", "default"},
      {"test", "default"},         {"xa.test", "default"},      {"_dmarc.a.test", "wildcard"},
  };
  for (const auto& [sni, name] : expected) EXPECT_EQ(served(*context, sni), name) << "for '" << sni << "'";
}

TEST_F(SniTest, DoesNotTakeAWildcardForItsParent) {
  const auto context = context_of({.certificates = {named("default", "default.test"), named("wildcard", "*.a.test")}});
  EXPECT_EQ(served(*context, "a.test"), "default");
  EXPECT_EQ(served(*context, "x.y.a.test"), "default");
  EXPECT_EQ(served(*context, "x.a.test"), "wildcard");
}

TEST_F(SniTest, RefusesUnknownNamesWhenToldToAndShowsNoCertificate) {
  const auto context = this->context(true);
  for (const char* const sni : {"other.test", "x.y.a.test", "", "127.0.0.1", "default.test.test"}) {
    const Pair pair(*context, {.sni = sni});
    EXPECT_FALSE(pair.ok()) << sni;
    EXPECT_EQ(pair.alert(), SSL_AD_UNRECOGNIZED_NAME) << sni;
    EXPECT_EQ(pair.served(), "") << sni;
  }
  EXPECT_TRUE(is_refusal(answer_to(*context, hello_with("other.test")))) << "nothing but the alert";
  EXPECT_EQ(served(*context, "x.a.test"), "exact");
  EXPECT_EQ(served(*context, "DEFAULT.test"), "default");
}

TEST_F(SniTest, RefusesNamesThatCannotBe) {
  const auto context = this->context();
  EXPECT_TRUE(is_refusal(answer_to(*context, hello_with(std::string(256, 'a')))));
  EXPECT_TRUE(is_refusal(answer_to(*context, hello_with(std::string("x.a.test\0.evil", 14)))));
  std::string longest;
  for (const char c : {'a', 'b', 'c', 'd'}) longest += (longest.empty() ? "" : ".") + std::string(63, c);
  ASSERT_EQ(longest.size(), 255u);
  EXPECT_FALSE(is_refusal(answer_to(*context, hello_with(longest)))) << "255 bytes are a name";
  EXPECT_GT(answer_to(*context, hello_with("x.a.test")).size(), 300u) << "the hello itself is good";
}

TEST(TlsName, IsLowerCaseWithoutItsDot) {
  const std::pair<std::string_view, std::string_view> expected[] = {
      {"A.Test", "a.test"}, {"a.test.", "a.test"}, {"a.test..", ""}, {"..", ""},        {".", ""},          {"", ""},
      {"10.0.0.1", ""},     {"::1", ""},           {"1.test", "1.test"}, {"a.1", ""},   {"b\xc3\xbc.test", ""}, {"a b.test", ""},
      {"*.a.test", ""},     {"xn--bcher-kva.test", "xn--bcher-kva.test"},
  };
  for (const auto& [sent, normal] : expected) EXPECT_EQ(normal_name(sent), normal) << sent;
}

TEST_F(SniTest, ServesEcdsaAndRsaByTheClientsAlgorithms) {
  const auto rsa = certificate_of(root.issue({.common_name = "rsa", .names = "DNS:a.test", .rsa = true}));
  const auto context = context_of({.certificates = {named("ec", "a.test"), rsa}});
  for (const std::string sni : {"a.test", ""}) {  // the default has both as well
    EXPECT_EQ(Pair(*context, {.sni = sni}).served(), "ec");
    EXPECT_EQ(Pair(*context, {.sni = sni, .signatures = "RSA-PSS+SHA256"}).served(), "rsa");
    EXPECT_EQ(Pair(*context, {.sni = sni, .signatures = "ECDSA+SHA256:RSA-PSS+SHA256"}).served(), "ec");
    const auto with_suite = [&](const char* suite) {
      return Pair(*context, {.sni = sni, .max_version = TLS1_2_VERSION, .ciphers = suite}).served();
    };
    EXPECT_EQ(with_suite("ECDHE-RSA-AES128-GCM-SHA256"), "rsa");
    EXPECT_EQ(with_suite("ECDHE-ECDSA-AES128-GCM-SHA256"), "ec");
  }
}

TEST_F(SniTest, ChoosesBetweenTwoOfOneNameByTheirDatesNotByTheirOrder) {
  using Hours = std::chrono::hours;
  const auto make = [&](const char* name, int begins, int ends) {
    return certificate_of(root.issue({.common_name = name, .names = "DNS:a.test", .begins = Hours(begins), .ends = Hours(ends)}));
  };
  const auto old = make("old", -100, 5000), later = make("later", -10, 1000), longer = make("longer", -10, 2000);
  const auto twin_a = make("twin a", -10, 2000);
  const auto other = named("other", "other.test");
  const auto chosen = [&](std::vector<std::shared_ptr<const Certificate>> list) {
    list.insert(list.begin(), other);
    return served(*context_of({.certificates = std::move(list)}), "a.test");
  };
  EXPECT_EQ(chosen({old, later}), "later");
  EXPECT_EQ(chosen({later, old}), "later");
  EXPECT_EQ(chosen({later, longer}), "longer");
  EXPECT_EQ(chosen({longer, later, old}), "longer");
  EXPECT_EQ(chosen({longer, twin_a}), chosen({twin_a, longer}));
}

TEST_F(SniTest, AnExactNameWinsOverALaterWildcard) {
  const auto wildcard = named("wildcard", "*.a.test");
  const auto older = std::chrono::hours(-9);
  const auto exact = certificate_of(root.issue({.common_name = "exact", .names = "DNS:x.a.test", .begins = older}));
  EXPECT_EQ(served(*context_of({.certificates = {wildcard, exact}}), "x.a.test"), "exact");
}

TEST_F(SniTest, AnOldContextServesItsConnectionsAfterItIsReplaced) {
  auto context = this->context();
  Pair pair;
  ASSERT_TRUE(pair.server->accept_tls(*context));
  pair.start_client({.sni = "x.a.test"});
  context.reset();
  pair.handshake();
  EXPECT_TRUE(pair.ok());
  EXPECT_EQ(pair.served(), "exact");
}

}  // namespace
}  // namespace gatehouse::tls
