// The texts that are made from the key table, and the files that must agree with it.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "gatehouse/config/explain.h"
#include "loader.h"

namespace gatehouse::config {
namespace {

const std::filesystem::path kProject = std::filesystem::path(GATEHOUSE_TESTS_DIR).parent_path();

std::string read(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

LoadOptions from_text(std::string text) {
  LoadOptions options;
  options.file = "all.yaml";
  options.text = std::move(text);
  options.read_dotenv = false;
  return options;
}

std::string pattern_of(const std::string& path) {
  const Branch* branch = find_branch(path);
  return branch == nullptr || branch->key == nullptr ? "" : std::string(branch->key->path);
}

TEST(ConfigTexts, ExplainShowsEveryTierThatWasOverridden) {
  LoadOptions options = from_text("listeners:\n  https:\n    address: 0.0.0.0:443\n");
  options.environment["NGINX_HTTPS_PORT"] = "8443";
  const Loaded loaded = load(options);
  EXPECT_EQ(*explain(loaded.provenance, "listeners.https.address"),
            "listeners.https.address = 0.0.0.0:8443\n"
            "  from   environment   NGINX_HTTPS_PORT=8443 (alias of listeners.https.address, port part)\n"
            "  over   file          all.yaml:3:14  0.0.0.0:443\n"
            "  over   default                      127.0.0.1:8443\n"
            "  change needs a restart: no\n");
  const auto missing = explain(loaded.provenance, "listeners.https.adress");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().help, "did you mean 'listeners.https.address'?");
}

TEST(ConfigTexts, ExplainAsJson) {
  const Loaded loaded = load(from_text("workers: 3\nlisteners: {http: {}}\n"));
  const auto json = nlohmann::json::parse(*explain_json(loaded.provenance, "workers"));
  EXPECT_EQ(json["kind"], "ConfigValueList");
  EXPECT_EQ(json["version"], 1);
  EXPECT_EQ(json["items"][0]["value"], "3");
  EXPECT_EQ(json["items"][0]["from"]["tier"], "file");
  EXPECT_EQ(json["items"][0]["over"][0]["tier"], "default");
}

TEST(ConfigTexts, TheReferenceIsUpToDate) { EXPECT_EQ(reference(), read(kProject / "docs/reference/config.md")); }

TEST(ConfigTexts, TheSchemaKnowsEveryKeyAndNoOther) {
  const auto json = nlohmann::json::parse(schema());
  EXPECT_EQ(json["$schema"], "http://json-schema.org/draft-07/schema#");
  EXPECT_EQ(json["additionalProperties"], false);
  EXPECT_EQ(json["properties"]["workers"]["anyOf"][0]["maximum"], 256);
  EXPECT_TRUE(json["properties"].contains("services"));
  for (const Key* key : all_keys())
    if (key->type != Type::kLater) EXPECT_NE(schema().find(std::string(key->help.substr(0, 20))), std::string::npos) << key->path;
}

TEST(ConfigTexts, EveryKeyHasItsVariable) {
  for (const Key* key : all_keys()) {
    EXPECT_FALSE(key->help.empty()) << key->path;
    EXPECT_TRUE(key->type == Type::kLater || key->apply != nullptr) << key->path;
  }
  EXPECT_EQ(variable_name("listeners.http.address"), "GATEHOUSE_LISTENERS_HTTP_ADDRESS");
}

// "#key: value" switched on, "# remark" left out.
std::string switched_on(const std::string& text) {
  std::istringstream in(text);
  std::string out;
  for (std::string line; std::getline(in, line); out += line + "\n") {
    const bool remark = line.size() > 2 && line.starts_with("# ") && line[2] != ' ';
    if (remark) line.clear();
    if (line.starts_with('#')) line.erase(0, 1);
    if (line.starts_with("include:")) line.clear();
  }
  return out;
}

TEST(ConfigFiles, TheExampleDocumentsEveryKey) {
  LoadOptions options = from_text(switched_on(read(kProject / "config/gatehouse.yaml")));
  const Loaded loaded = load(options);
  for (const Diagnostic& one : loaded.diagnostics)
    EXPECT_TRUE(one.slug == "file-unreadable" || one.slug == "secret-unreadable" || one.slug == "missing-secret" ||
                one.slug == "stdio-in-production" || one.slug == "acme-unused")
        << one.path << ": " << one.message;
  std::set<std::string> set{"access.secret_key", "access.admin_password"};  // their files are not on this machine
  for (const Leaf& leaf : loaded.provenance)
    if (leaf.from.tier == Tier::kFile) set.insert(pattern_of(leaf.path));
  for (const Key* key : all_keys())
    if (key->type != Type::kLater) EXPECT_TRUE(set.contains(std::string(key->path))) << key->path;
}

TEST(ConfigFiles, TheExampleShowsTheDefaults) {
  const Loaded loaded = load(from_text(switched_on(read(kProject / "config/gatehouse.yaml"))));
  for (const Leaf& leaf : loaded.provenance) {
    const Key* key = find_branch(leaf.path)->key;
    const bool plain = key->path.find('*') == std::string_view::npos && key->path.find('[') == std::string_view::npos;
    if (!plain || key->path == "profile" || key->production != nullptr || leaf.over.empty() || key->sensitive) continue;
    if (key->path == "admin.socket") continue;  // its default lies in the state directory
    EXPECT_EQ(leaf.from.value, leaf.over.back().value == "[localhost, 127.0.0.1, \"::1\"]" ? "[localhost, 127.0.0.1, ::1]"
                                                                                             : leaf.over.back().value)
        << leaf.path;
  }
}

TEST(ConfigFiles, TheShippedFilesLoad) {
  for (const char* name : {"gatehouse.yaml", "development.yaml", "production.yaml"}) {
    LoadOptions options;
    options.file = (kProject / "config" / name).string();
    options.environment = {{"GATEHOUSE_BINARY", "/usr/bin/gatehouse"}, {"GATEWAY_SECRET_KEY", std::string(40, 'x')},
                           {"GATEWAY_ADMIN_PASSWORD", "a long password"}};
    const Loaded loaded = load(options);
    EXPECT_TRUE(loaded.configuration) << name << "\n" << render(loaded.diagnostics);
    EXPECT_TRUE(loaded.diagnostics.empty()) << render(loaded.diagnostics);
  }
}

}  // namespace
}  // namespace gatehouse::config
