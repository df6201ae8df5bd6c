#include "gatehouse/acme/documents.h"

#include <gtest/gtest.h>

#include "gatehouse/base/timestamp.h"

namespace gatehouse::acme {
namespace {

// RFC 8555, section 7.1.1, with RFC 9773's member and profiles.
constexpr std::string_view kDirectory = R"({
  "newNonce": "https://example.com/acme/new-nonce", "newAccount": "https://example.com/acme/new-account",
  "newOrder": "https://example.com/acme/new-order", "newAuthz": "https://example.com/acme/new-authz",
  "revokeCert": "https://example.com/acme/revoke-cert", "keyChange": "https://example.com/acme/key-change",
  "renewalInfo": "https://example.com/acme/renewal-info",
  "meta": {"termsOfService": "https://example.com/acme/terms/2017-5-30", "website": "https://www.example.com/",
           "caaIdentities": ["example.com"], "externalAccountRequired": false,
           "profiles": {"classic": "https://example.com/docs/classic", "shortlived": "https://example.com/docs/shortlived"}}})";

// RFC 8555, section 7.1.3.
constexpr std::string_view kOrder = R"({
  "status": "valid", "expires": "2016-01-20T14:09:07.99Z",
  "identifiers": [{"type": "dns", "value": "www.example.org"}, {"type": "dns", "value": "example.org"}, {"type": "ip", "value": "2001:db8::1"}],
  "notBefore": "2016-01-01T00:00:00Z", "notAfter": "2016-01-08T00:00:00Z",
  "authorizations": ["https://example.com/acme/authz/PAniVnsZcis", "https://example.com/acme/authz/r4HqLzrSrpI"],
  "finalize": "https://example.com/acme/order/TOlocE8rfgo/finalize",
  "certificate": "https://example.com/acme/cert/mAt3xBGaobw", "replaces": "aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE"})";

// RFC 8555, section 7.1.4, with a challenge of another kind.
constexpr std::string_view kAuthorization = R"({
  "status": "invalid", "expires": "2015-03-01T14:09:07.99Z", "identifier": {"type": "dns", "value": "www.example.org"},
  "challenges": [
    {"url": "https://example.com/acme/chall/prV_B7yEyA4", "type": "http-01", "status": "invalid", "token": "DGyRejmCefe7v4NfDGDKfA",
     "error": {"type": "urn:ietf:params:acme:error:dns", "detail": "no such name", "status": 400}},
    {"type": "telepathy-01", "url": 7}],
  "wildcard": false})";

std::string changed(std::string_view document, std::string_view from, std::string_view to) {
  std::string text(document);
  const std::size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

template <class Document>
void expect_bad(const Result<Document>& document, std::string_view why) {
  ASSERT_FALSE(document) << why;
  EXPECT_EQ(document.error().slug, "bad-document") << why;
}

TEST(DocumentsTest, ReadsADirectory) {
  const auto directory = parse_directory(kDirectory);
  ASSERT_TRUE(directory) << directory.error().message;
  EXPECT_EQ(directory->new_nonce, "https://example.com/acme/new-nonce");
  EXPECT_EQ(directory->key_change, "https://example.com/acme/key-change");
  EXPECT_EQ(directory->renewal_info, "https://example.com/acme/renewal-info");
  EXPECT_EQ(directory->profiles, (std::vector<std::string>{"classic", "shortlived"}));
  EXPECT_FALSE(directory->external_account_required);
}

TEST(DocumentsTest, RefusesWhatIsNoDirectory) {
  const struct {
    const char *from, *to;
  } changes[] = {{"\"newNonce\"", "\"oldNonce\""},
                 {"https://example.com/acme/new-order", "http://example.com/acme/new-order"},
                 {"https://example.com/acme/new-order", "https://user@example.com/acme/new-order"},
                 {"https://example.com/acme/new-order", "https://example.com/a b"},
                 {"\"https://example.com/acme/new-order\"", "17"},
                 {"\"newAuthz\"", "\"newOrder\""},
                 {"false,", "\"false\","},
                 {"{\"classic\"", "[{\"classic\""}};
  for (const auto& change : changes) expect_bad(parse_directory(changed(kDirectory, change.from, change.to)), change.to);
  for (const std::string& text : {std::string(), std::string("[]"), std::string("null"), std::string("<html>"), std::string(40, '[')}) {
    expect_bad(parse_directory(text), text);
  }
}

TEST(DocumentsTest, ReadsAnOrder) {
  const auto order = parse_order(kOrder);
  ASSERT_TRUE(order) << order.error().message;
  EXPECT_EQ(order->status, OrderStatus::kValid);
  EXPECT_EQ(pki::texts_of(order->names), (std::vector<std::string>{"www.example.org", "example.org", "2001:db8::1"}));
  EXPECT_EQ(order->authorizations.size(), 2U);
  EXPECT_EQ(order->certificate, "https://example.com/acme/cert/mAt3xBGaobw");
  EXPECT_EQ(order->replaces, "aYhba4dGQEHhs3uEe6CuLN4ByNQ.AIdlQyE");
  EXPECT_EQ(rfc3339(*order->expires), "2016-01-20T14:09:07.990000Z");
  EXPECT_FALSE(order->error);
}

TEST(DocumentsTest, RefusesWhatIsNoOrder) {
  const struct {
    const char *from, *to;
  } changes[] = {{"\"valid\"", "\"fine\""},
                 {"\"certificate\"", "\"certificates\""},
                 {"\"finalize\"", "\"finalise\""},
                 {"2016-01-20T14:09:07.99Z", "tomorrow"},
                 {"\"ip\"", "\"dns\""},
                 {"\"ip\"", "\"mail\""},
                 {"example.org\"}", "../etc\"}"},
                 {"[\"https", "[7, \"https"},
                 {"\"https://example.com/acme/authz/PAniVnsZcis\"", "\"ftp://example.com/\""}};
  for (const auto& change : changes) expect_bad(parse_order(changed(kOrder, change.from, change.to)), change.to);
  std::string many = R"({"status":"pending","finalize":"https://a.test/","identifiers":[)";
  for (int i = 0; i < 101; ++i) many += R"({"type":"dns","value":"a.test"},)";
  many.back() = ']';
  expect_bad(parse_order(many + "}"), "101 identifiers");
}

TEST(DocumentsTest, ReadsAnAuthorization) {
  const auto authorization = parse_authorization(kAuthorization);
  ASSERT_TRUE(authorization) << authorization.error().message;
  EXPECT_EQ(authorization->status, AuthorizationStatus::kInvalid);
  EXPECT_EQ(authorization->name.text, "www.example.org");
  ASSERT_EQ(authorization->challenges.size(), 1U);
  EXPECT_EQ(authorization->challenges[0].token, "DGyRejmCefe7v4NfDGDKfA");
  EXPECT_EQ(authorization->challenges[0].error->type, "dns");
  const auto wildcard = parse_authorization(changed(kAuthorization, "\"wildcard\": false", "\"wildcard\": true"));
  EXPECT_EQ(wildcard->name.text, "*.www.example.org");
}

// A token becomes a path, and a file's name elsewhere (RFC 8555, section 8.1).
TEST(DocumentsTest, RefusesTokensThatAreNoBase64url) {
  for (const char* token : {"", "../../etc/passwd", "a/b", "a b", "a.b", "a=", "\\u0000"}) {
    expect_bad(parse_authorization(changed(kAuthorization, "DGyRejmCefe7v4NfDGDKfA", token)), token);
  }
  expect_bad(parse_authorization(changed(kAuthorization, "DGyRejmCefe7v4NfDGDKfA", std::string(257, 'a'))), "long");
}

TEST(DocumentsTest, ReadsAPersistentChallengeWithoutToken) {
  const auto challenge = parse_challenge(
      R"({"type":"dns-persist-01","url":"https://ca.test/c","status":"pending","issuer-domain-names":["ca.test"]})");
  ASSERT_TRUE(challenge) << challenge.error().message;
  EXPECT_EQ(challenge->token, "");
}

TEST(DocumentsTest, ReadsAnAccount) {
  EXPECT_EQ(parse_account(R"({"status":"valid","contact":["mailto:a@b.test"],"orders":"https://ca.test/o"})")->contacts.size(), 1U);
  expect_bad(parse_account(R"({"contact":[]})"), "no status");
  expect_bad(parse_account(R"({"status":"valid","contact":"mailto:a@b.test"})"), "no list");
}

TEST(DocumentsTest, ReadsRenewalInformation) {  // RFC 9773, section 4.2
  const auto window = parse_renewal_window(R"({"suggestedWindow":{"start":"2025-01-02T04:00:00Z","end":"2025-01-03T04:00:00Z"},
    "explanationURL":"https://acme.example.com/docs/ari"})");
  ASSERT_TRUE(window) << window.error().message;
  EXPECT_EQ(window->end - window->start, std::chrono::hours(24));
  EXPECT_EQ(window->explanation, "https://acme.example.com/docs/ari");
  for (const char* text : {R"({"suggestedWindow":{"start":"2025-01-03T04:00:00Z","end":"2025-01-03T04:00:00Z"}})",
                           R"({"suggestedWindow":{"start":"2025-01-03T04:00:00Z","end":"2025-01-02T04:00:00Z"}})",
                           R"({"suggestedWindow":{"start":"2025-01-03T04:00:00Z"}})", R"({"suggestedWindow":[]})", "{}"}) {
    expect_bad(parse_renewal_window(text), text);
  }
}

TEST(ProblemTest, IsReadWithItsParts) {  // RFC 8555, section 6.7.1
  const Problem problem = problem_of({.status = 403, .headers = {}, .body = R"({
    "type": "urn:ietf:params:acme:error:malformed", "detail": "Some of the identifiers requested were rejected",
    "instance": "https://example.com/why", "subproblems": [
      {"type": "urn:ietf:params:acme:error:malformed", "detail": "Invalid underscore in DNS name \"_example.org\"",
       "identifier": {"type": "dns", "value": "_example.org"}},
      {"type": "urn:ietf:params:acme:error:rejectedIdentifier", "detail": "This CA will not issue for \"example.net\"",
       "identifier": {"type": "dns", "value": "example.net"}}]})"});
  EXPECT_EQ(problem.type, "malformed");
  ASSERT_EQ(problem.subproblems.size(), 2U);
  EXPECT_EQ(problem.text(),
            "malformed: Some of the identifiers requested were rejected (_example.org: Invalid underscore in DNS name \"_example.org\"; "
            "example.net: This CA will not issue for \"example.net\"), see https://example.com/why");
}

TEST(ProblemTest, IsMadeOfAnything) {
  EXPECT_EQ(problem_of({.status = 502, .headers = {}, .body = "<h1>Bad\r\nGateway</h1>"}).text(), "http-502: <h1>Bad  Gateway</h1>");
  EXPECT_EQ(problem_of({.status = 404, .headers = {}, .body = ""}).text(), "http-404");
  EXPECT_EQ(problem_of({.status = 400, .headers = {}, .body = R"({"type":7,"detail":[]})"}).text(), "a problem without a type");
  EXPECT_EQ(problem_of({.status = 400, .headers = {}, .body = R"({"type":"about:blank","title":"Bad"})"}).text(), "about:blank: Bad");
}

TEST(ProblemTest, IsCut) {
  std::string body = R"({"type":"urn:ietf:params:acme:error:caa","detail":")" + std::string(300'000, 'x') + R"(","subproblems":[)";
  for (int i = 0; i < 1000; ++i) body += R"({"type":"t","detail":"yyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyyy"},)";
  body.back() = ']';
  const Problem problem = problem_of({.status = 400, .headers = {}, .body = body + "}"});
  EXPECT_EQ(problem.type, "caa");
  EXPECT_EQ(problem.detail.size(), 1024U);
  EXPECT_EQ(problem.subproblems.size(), 20U);
  EXPECT_LE(problem.text().size(), 2000U);
}

TEST(ProblemTest, HasFewLabels) {
  EXPECT_EQ(known_type("rateLimited"), "rateLimited");
  EXPECT_EQ(known_type("http-502"), "other");
  EXPECT_EQ(known_type("urn:evil\n"), "other");
}

}  // namespace
}  // namespace gatehouse::acme
