// Trees, their positions, and what is refused. What the loader makes of it: tests/unit/config, tests/golden/config.
#include <gtest/gtest.h>

#include "gatehouse/yaml/parse.h"

namespace gatehouse::yaml {
namespace {

struct Parsed {
  Report report;
  Node root;

  explicit Parsed(std::string text) {
    root = parse_yaml(report, report.add_source({.tier = Tier::kFile, .name = "f.yaml", .directory = {}, .text = std::move(text), .label = {}}));
  }
  std::string at(std::string_view path) const {
    const Node* node = find_path(root, path);
    return node == nullptr ? "absent" : node->display() + " at " + report.place(node->spot);
  }
  std::string problems() const { return render(report.diagnostics); }
};

TEST(YamlParse, EveryValueKnowsItsPlace) {
  const Parsed parsed("a: 1\nlist:\n  - x\n  - {k: 'v w'}\n");
  EXPECT_EQ(parsed.problems(), "");
  EXPECT_EQ(parsed.at("a"), "1 at f.yaml:1:4");
  EXPECT_EQ(parsed.at("list[0]"), "x at f.yaml:3:5");
  EXPECT_EQ(parsed.at("list[1].k"), "v w at f.yaml:4:9");
  EXPECT_EQ(find_path(parsed.root, "list[1].k")->spot.width, 5);  // with its quotes
  EXPECT_EQ(parsed.at("list[2]"), "absent");
  EXPECT_EQ(parsed.at("a.b"), "absent");
}

TEST(YamlParse, AnAliasIsACopyWhereItStands) {
  const Parsed parsed("a: &x {k: 1}\nb: *x\n");
  EXPECT_EQ(parsed.problems(), "");
  EXPECT_EQ(parsed.at("b.k"), "1 at f.yaml:1:11");
}

TEST(YamlParse, RefusalsNameThePlace) {
  const std::pair<const char*, const char*> cases[] = {
      {"a: 1\nb: {c: 1, c: 2}\n", "f.yaml:2:11: b.c: 'c' is set twice, first at f.yaml:2:5  [duplicate-key]\n"},
      {"a: 1\n---\nb: 2\n", "f.yaml:3:1: document: one file holds one document; a second one starts here  [several-documents]\n"},
      {"a: !!int 1\n", "f.yaml:1:4: a: the tag tag:yaml.org,2002:int is not understood: values need no tags here  [yaml-tag]\n"},
      {"- 1\n", "f.yaml:1:1: document: a configuration is a mapping of keys, for example 'workers: 1'  [wrong-type]\n"},
      {"a: \xff\n", "f.yaml:1:4: document: not UTF-8 from here on  [not-text]\n"},
  };
  for (const auto& [text, expected] : cases) EXPECT_EQ(Parsed(text).problems(), expected) << text;
}

TEST(YamlParse, DepthIsLimitedWithAliasesExpanded) {
  const auto nested = [](int levels) { return "a: " + std::string(levels, '[') + "x" + std::string(levels, ']') + "\n"; };
  EXPECT_EQ(Parsed(nested(kMaxDepth - 1)).problems(), "");
  EXPECT_NE(Parsed(nested(kMaxDepth)).problems().find("[too-deep]"), std::string::npos);
}

TEST(YamlTree, WhatIsPutOverAValueHidesIt) {
  Parsed parsed("a: {b: low}\nlist: [x]\n");
  EXPECT_TRUE(put(parsed.root, split_path("a.b"), scalar("high", {})));
  ASSERT_EQ(find_path(parsed.root, "a.b")->hidden.size(), 1u);
  EXPECT_EQ(find_path(parsed.root, "a.b")->hidden[0].text, "low");
  EXPECT_TRUE(put(parsed.root, split_path("list[1].k"), scalar("y", {})));
  EXPECT_EQ(find_path(parsed.root, "list[1].k")->text, "y");
  EXPECT_FALSE(put(parsed.root, split_path("list[9]"), scalar("z", {})));
  EXPECT_FALSE(put(parsed.root, split_path("a.b.c"), scalar("z", {})));
}

TEST(YamlTree, ListsInOneLine) {
  EXPECT_EQ(list_node("[a, \"b\"]", {}).display(), "[a, b]");
  EXPECT_EQ(list_node("a, b", {}).display(), "[a, b]");
  EXPECT_EQ(list_node("", {}).display(), "[]");
  EXPECT_EQ(list_node("[]", {}).display(), "[]");
}

TEST(YamlVariables, AreFilledInOrTheValueIsReported) {
  const Environment environment{{"SET", "value"}, {"EMPTY", ""}};
  const Environment dotenv{{"SET", "lower"}, {"LOW", "from .env"}};
  const std::pair<const char*, const char*> cases[] = {
      {"${SET}", "value"}, {"${LOW}", "from .env"}, {"${NONE:-d}", "d"}, {"${EMPTY:-d}", "d"}, {"${EMPTY-d}", ""},
      {"${SET:+other}", "other"}, {"${NONE+other}", ""}, {"${NONE:-${SET}}", "value"}, {"$$x", "$x"},
      {"${SET:-${NONE}}", "value"},
      {"${NONE}", "unset-variable"}, {"${NONE:?why}", "unset-variable"}, {"$SET", "bad-interpolation"}, {"${SET", "bad-interpolation"},
      {"${}", "bad-interpolation"}, {"${SET!x}", "bad-interpolation"}};
  for (const auto& [text, expected] : cases) {
    Variables variables{environment, dotenv, {}};
    const auto got = interpolate(text, variables);
    EXPECT_EQ(got ? *got : got.error().slug, expected) << text;
  }
  Parsed parsed("a:\n  b: ${NONE}\n  c: ${SET}\n");
  Variables variables{environment, dotenv, {}};
  interpolate_tree(parsed.report, variables, parsed.root);
  EXPECT_EQ(parsed.problems(), "f.yaml:2:6: a.b: the variable NONE is not set  [unset-variable]\n");
  EXPECT_TRUE(find_path(parsed.root, "a.b")->reported);
  EXPECT_EQ(find_path(parsed.root, "a.c")->text, "value");
  EXPECT_EQ(variables.used, (std::set<std::string>{"NONE", "SET"}));
}

TEST(YamlDotenv, LinesAndMistakes) {
  Report report;
  const int source = report.add_source({.tier = Tier::kDotenv, .name = ".env", .directory = {}, .text = {}, .label = {}});
  const Dotenv read = parse_dotenv(report, source, "# remark\nexport A=1 # why\nB='x #y'\nC=\"a\\tb\"\nA=2\n1X=3\nD='open\n");
  EXPECT_EQ(read.variables, (Environment{{"A", "1"}, {"B", "x #y"}, {"C", "a\tb"}}));
  const Dotenv::Place& a = read.places.at("A");
  EXPECT_EQ((std::tuple{a.line, a.name_column, a.value_column}), (std::tuple{2, 8, 10}));
  EXPECT_EQ(read.places.at("B").line, 3);
  EXPECT_EQ(render(report.diagnostics),
            ".env:5:1: A: 'A' is set twice, first in line 2  [duplicate-key]\n"
            ".env:6:1: document: a line is NAME=value or a comment  [bad-dotenv]\n"
            ".env:7:1: D: a quote is not closed  [bad-dotenv]\n");
}

}  // namespace
}  // namespace gatehouse::yaml
