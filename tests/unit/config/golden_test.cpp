// Every tests/golden/config/NAME.yaml is loaded; what is said about it must equal NAME.expected. The first line may say
// how: "# test: env=NAME=VALUE set=KEY=VALUE profile=NAME certificate=SLUG terminal". GATEHOUSE_GOLDEN_WRITE=1 writes the files anew.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <sstream>

#include "gatehouse/config/config.h"
#include "loader.h"

namespace gatehouse::config {
namespace {

namespace fs = std::filesystem;

const fs::path kDirectory = fs::path(GATEHOUSE_TESTS_DIR) / "golden/config";

std::string read(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

std::vector<fs::path> cases() {
  std::vector<fs::path> out;
  for (const auto& entry : fs::directory_iterator(kDirectory))
    if (entry.path().extension() == ".yaml") out.push_back(entry.path());
  std::sort(out.begin(), out.end());
  return out;
}

bool read_directive(const std::string& text, LoadOptions& options) {
  bool terminal = false;
  if (!text.starts_with("# test: ")) return false;
  std::istringstream words(text.substr(8, text.find('\n') - 8));
  for (std::string word; words >> word;) {
    if (word == "terminal") terminal = true;
    if (word.starts_with("set=")) options.overrides.push_back(word.substr(4));
    if (word.starts_with("profile=")) options.profiles.push_back(word.substr(8));
    if (word.starts_with("certificate="))
      options.check_certificate = [slug = word.substr(12)](const tls::CertificateFile& file) -> Status {
        return make_error(slug, file.key.substr(file.key.rfind('/') + 1) + " is what the test says", "a way out");
      };
    if (!word.starts_with("env=")) continue;
    const std::size_t equals = word.find('=', 4);
    options.environment[word.substr(4, equals - 4)] = word.substr(equals + 1);
  }
  return terminal;
}

std::string outcome(const fs::path& path) {
  LoadOptions options;
  options.file = path.string();
  const bool terminal = read_directive(read(path), options);
  const Loaded loaded = load(options);
  std::string out = render(loaded.diagnostics, terminal ? Look::kTerminal : Look::kPlain);
  const std::string prefix = kDirectory.string() + "/";
  for (std::size_t at = out.find(prefix); at != std::string::npos; at = out.find(prefix)) out.erase(at, prefix.size());
  EXPECT_EQ(loaded.configuration.has_value(), !has_errors(loaded.diagnostics)) << path;
  return out + (loaded.configuration ? "loads\n" : "does not load\n");
}

TEST(ConfigGolden, EveryFileSaysWhatIsExpected) {
  const auto files = cases();
  ASSERT_GT(files.size(), 50u);
  for (const fs::path& path : files) {
    fs::path expected = path;
    expected.replace_extension(".expected");
    const std::string got = outcome(path);
    if (std::getenv("GATEHOUSE_GOLDEN_WRITE") != nullptr) std::ofstream(expected, std::ios::binary) << got;
    EXPECT_EQ(got, read(expected)) << path;
  }
}

// Every input again as on a terminal: what is called CANARY in it is a secret.
TEST(ConfigGolden, NoSecretIsShown) {
  std::size_t with_secrets = 0;
  for (const fs::path& path : cases()) {
    LoadOptions options;
    options.file = path.string();
    read_directive(read(path), options);
    if (read(path).find("CANARY") != std::string::npos) ++with_secrets;
    EXPECT_EQ(render(load(options).diagnostics, Look::kColor).find("CANARY"), std::string::npos) << path;
  }
  EXPECT_GE(with_secrets, 2u);
}

std::set<std::string> slugs_in(const std::string& text) {
  std::set<std::string> out;
  for (std::size_t at = text.find("  ["); at != std::string::npos; at = text.find("  [", at + 1)) {
    const std::size_t end = text.find("]\n", at);
    if (end != std::string::npos) out.insert(text.substr(at + 3, end - at - 3));
  }
  return out;
}

// Those that cannot be files here are in load_test.cpp.
TEST(ConfigGolden, EverySlugHasACaseAndEveryCaseAKnownSlug) {
  std::set<std::string> seen{"file-too-large", "bad-dotenv", "secret-empty"};
  for (const fs::path& path : cases()) {
    fs::path expected = path;
    if (path.filename().string().ends_with("_terminal.yaml")) continue;
    const std::set<std::string> here = slugs_in(read(expected.replace_extension(".expected")));
    seen.insert(here.begin(), here.end());
  }
  std::set<std::string> known;
  for (const Slug& slug : slugs()) known.emplace(slug.name);
  EXPECT_EQ(seen, known);
}

}  // namespace
}  // namespace gatehouse::config
