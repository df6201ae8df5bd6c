#include "gatehouse/base/build.h"
#include "house.h"

namespace gatehouse::admin {
namespace {

class CertificatesApiTest : public ApiTest {
 protected:
  CertificatesApiTest() {
    CertificateView issued, file;
    issued.names = {"a.test", "www.a.test"};
    issued.source = "acme";
    issued.state = "OK";
    file.names = {"f.test"};
    file.source = "file";
    certificates_ = {"acme", {issued, file}};
    outcome_.changed = true;
    outcome_.not_after = clock_.wall() + 24h;
  }
  Answer post(const char* what, const Json& body = nullptr) { return call("POST", std::string("/admin/certificates/a.test/") + what, socket(), body); }
};

TEST_F(CertificatesApiTest, ShowsThemByAnyName) {
  EXPECT_EQ(get("/admin/certificates", socket()).json()["certificates"].size(), 2U);
  const Json one = get("/admin/certificates/www.a.test", socket()).json();
  EXPECT_EQ(one["names"][0], "a.test");
  const Answer none = get("/admin/certificates/b.test", socket());
  EXPECT_EQ(none.status, 404);
  EXPECT_EQ(none.json()["help"], "gatehouse certs list");
}

TEST_F(CertificatesApiTest, AreForAdministrators) {
  const Caller other = user("walter", {"gateway:write"});
  for (const char* path : {"/admin/certificates", "/admin/certificates/a.test", "/admin/certificates/a.test/dns-records"}) {
    EXPECT_EQ(get(path).status, 401) << path;
    EXPECT_EQ(get(path, other).status, 403) << path;
  }
  for (const char* what : {"issue", "renew", "revoke", "import"})
    EXPECT_EQ(call("POST", std::string("/admin/certificates/a.test/") + what, other, Json::object()).status, 403) << what;
  EXPECT_TRUE(commands_.empty());
}

TEST_F(CertificatesApiTest, PassCommandsOn) {
  const Answer issued = post("issue");
  EXPECT_EQ(issued.status, 200);
  EXPECT_EQ(issued.json()["name"], "a.test");
  EXPECT_EQ(issued.json()["changed"], true);
  EXPECT_EQ(post("renew", {{"force", true}}).status, 200);
  EXPECT_EQ(post("revoke", {{"reason", 4}}).status, 200);
  const Answer imported = post("import", {{"chain", "C"}, {"key", "K"}});
  EXPECT_EQ(imported.status, 200);
  EXPECT_EQ(imported.body.find("\"K\""), std::string::npos);
  ASSERT_EQ(commands_.size(), 4U);
  EXPECT_EQ(commands_[0].what, CertificateCommand::What::kIssue);
  EXPECT_TRUE(commands_[1].force);
  EXPECT_EQ(commands_[2].reason, 4);
  EXPECT_EQ(commands_[3].chain, "C");
  EXPECT_EQ(commands_[3].key.reveal(), "K");
}

TEST_F(CertificatesApiTest, RefuseWhatMakesNoSense) {
  EXPECT_EQ(post("renew", {{"force", "yes"}}).status, 422);
  EXPECT_EQ(post("revoke", {{"reason", 2}}).status, 422);
  EXPECT_EQ(post("import", {{"chain", "C"}}).status, 422);
  EXPECT_EQ(call("POST", "/admin/certificates/f.test/renew", socket(), Json::object()).status, 409);
  EXPECT_EQ(call("POST", "/admin/certificates/b.test/renew", socket(), Json::object()).status, 404);
  EXPECT_TRUE(commands_.empty());
}

TEST_F(CertificatesApiTest, SayWhoRefused) {
  const std::pair<const char*, int> cases[] = {{"acme-unauthorized", 502}, {"unreachable", 502}, {"certificate-present", 409}, {"lease-busy", 409},
                                               {"certificate-names", 422}, {"key-mismatch", 422}, {"vault-full", 503}, {"interrupted", 503}, {"not-found", 404}};
  for (const auto& [slug, status] : cases) {
    outcome_.error = make_error(slug, "their words", "what to do");
    const Answer refused = post("issue");
    EXPECT_EQ(refused.status, status) << slug;
    EXPECT_EQ(refused.json()["type"], docs_page_of(slug));
    EXPECT_EQ(refused.json()["detail"], "their words");
    EXPECT_EQ(refused.json()["help"], "what to do");
  }
}

TEST_F(CertificatesApiTest, GiveRecords) {
  outcome_.records = {{"_validation-persist.a.test", "TXT", "ca.test; accounturi=u"}};
  const Json answer = get("/admin/certificates/a.test/dns-records", socket()).json();
  EXPECT_EQ(answer["records"], Json::parse(R"([{"name":"_validation-persist.a.test","type":"TXT","value":"ca.test; accounturi=u"}])"));
}

}  // namespace
}  // namespace gatehouse::admin
