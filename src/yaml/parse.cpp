#include "gatehouse/yaml/parse.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <cstdint>
#include <map>
#include <sstream>
#include <utility>

namespace gatehouse::yaml {
namespace {

struct Abandoned {};  // thrown through yaml-cpp when a limit is reached; caught in parse_yaml

class Builder : public YAML::EventHandler {
 public:
  Builder(Report& report, int source) : report_(report), source_(source) {}

  Node take() { return std::move(root_); }

  void OnDocumentStart(const YAML::Mark&) override {}
  void OnDocumentEnd() override {}

  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    Node node;
    node.spot = spot(mark, 1);
    count(mark, 1);
    add(std::move(node), anchor);
  }

  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto found = anchors_.find(anchor);
    if (found == anchors_.end()) return abandon(mark, "yaml-alias", "an alias to a value that is still open");
    count(mark, found->second.size);
    check_depth(mark, depth_of(found->second.node));
    Node node = found->second.node;
    place(std::move(node));
  }

  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, const std::string& value) override {
    refuse_tag(mark, tag);
    count(mark, 1);
    add(scalar(value, spot(mark, shown_width(mark, value))), anchor);
  }

  void OnSequenceStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(mark, tag, anchor, Node::Kind::kSequence);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(mark, tag, anchor, Node::Kind::kMapping);
  }
  void OnMapEnd() override { close(); }

 private:
  struct Frame {
    Node node;
    YAML::anchor_t anchor = 0;
    std::size_t size_before = 0;
    std::map<std::string, Spot> seen;
    std::string key;
    Spot key_spot;
    bool has_key = false;
  };
  struct Anchored {
    Node node;
    std::size_t size = 1;
  };

  Spot spot(const YAML::Mark& mark, int width) const {
    return {source_, mark.line + 1, mark.column + 1, width, {}};
  }

  int shown_width(const YAML::Mark& mark, const std::string& value) const {
    if (value.find('\n') != std::string::npos) return 1;
    const std::string_view line = report_.line(source_, mark.line + 1);
    const auto column = static_cast<std::size_t>(mark.column);
    const bool quoted = column < line.size() && (line[column] == '"' || line[column] == '\'');
    return static_cast<int>(value.size()) + (quoted ? 2 : 0);
  }

  [[noreturn]] void abandon(const YAML::Mark& mark, std::string_view slug, std::string message) {
    report_.error(spot(mark, 1), path(), slug, std::move(message));
    throw Abandoned{};
  }

  void count(const YAML::Mark& mark, std::size_t nodes) {
    nodes_ += nodes;
    if (nodes_ > kMaxNodes)
      abandon(mark, "too-many-values", "more than " + std::to_string(kMaxNodes) + " values, aliases expanded");
  }

  static int depth_of(const Node& node) {
    int depth = 0;
    for (const Node& item : node.items) depth = std::max(depth, depth_of(item));
    for (const Member& member : node.members) depth = std::max(depth, depth_of(member.value));
    return node.is_mapping() || node.is_sequence() ? depth + 1 : depth;
  }

  void check_depth(const YAML::Mark& mark, int more) {
    if (static_cast<int>(stack_.size()) + more > kMaxDepth)
      abandon(mark, "too-deep", "nested more than " + std::to_string(kMaxDepth) + " levels deep");
  }

  // The path of what is being read: the keys and indices of the open frames.
  std::string path() const {
    std::string out;
    for (const Frame& frame : stack_)
      out = frame.node.is_sequence() ? item_path(out, frame.node.items.size())
                                     : frame.key.empty() ? out : child_path(out, frame.key);
    return out;
  }

  void refuse_tag(const YAML::Mark& mark, const std::string& tag) {
    if (tag.empty() || tag == "?" || tag == "!") return;
    report_.error(spot(mark, 1), path(), "yaml-tag", "the tag " + tag + " is not understood: values need no tags here");
  }

  void open(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor, Node::Kind kind) {
    refuse_tag(mark, tag);
    check_depth(mark, 1);
    count(mark, 1);
    Frame frame;
    frame.node.kind = kind;
    frame.node.spot = spot(mark, 1);
    frame.anchor = anchor;
    frame.size_before = nodes_ - 1;
    stack_.push_back(std::move(frame));
  }

  void close() {
    Frame frame = std::move(stack_.back());
    stack_.pop_back();
    if (frame.anchor != 0) anchors_[frame.anchor] = {frame.node, nodes_ - frame.size_before};
    place(std::move(frame.node));
  }

  void add(Node node, YAML::anchor_t anchor) {
    if (anchor != 0) anchors_[anchor] = {node, 1};
    place(std::move(node));
  }

  void place(Node node) {
    if (stack_.empty()) {
      root_ = std::move(node);
      return;
    }
    Frame& frame = stack_.back();
    if (frame.node.is_sequence()) {
      frame.node.items.push_back(std::move(node));
    } else if (!frame.has_key) {
      take_key(frame, std::move(node));
    } else {
      add_member(frame, std::move(node));
    }
  }

  void take_key(Frame& frame, Node node) {
    frame.has_key = true;
    frame.key_spot = node.spot;
    frame.key.clear();  // path() names the mapping until the key is known to be one
    if (!node.is_scalar()) {
      report_.error(node.spot, path(), "bad-key", "a key is one word, not a list, a mapping or nothing");
    } else if (node.text.empty()) {
      report_.error(node.spot, path(), "bad-key", "a key is one word, not an empty one");
    } else if (node.text == "<<") {
      report_.error(node.spot, path(), "merge-key", "merge keys (<<) are not understood")
          .help = "write the keys out, or use an alias for the whole value";
    } else {
      frame.key = std::move(node.text);
    }
  }

  void add_member(Frame& frame, Node node) {
    frame.has_key = false;
    if (frame.key.empty()) return;
    const auto [first, fresh] = frame.seen.emplace(frame.key, frame.key_spot);
    if (!fresh) {
      report_.error(frame.key_spot, path(), "duplicate-key",
                    "'" + frame.key + "' is set twice, first at " + report_.place(first->second));
      return;
    }
    frame.node.members.push_back({std::move(frame.key), frame.key_spot, std::move(node)});
  }

  Report& report_;
  int source_;
  Node root_;
  std::vector<Frame> stack_;
  std::map<YAML::anchor_t, Anchored> anchors_;
  std::size_t nodes_ = 0;
};

// The first line that is indented with a tab: YAML takes none there, and its own words do not say so. 0: none.
int line_with_tab(std::string_view text) {
  for (int number = 1; !text.empty(); ++number) {
    const std::string_view line = text.substr(0, text.find('\n'));
    const std::size_t first = line.find_first_not_of(' ');
    if (first != std::string_view::npos && line[first] == '\t') return number;
    text.remove_prefix(std::min(line.size() + 1, text.size()));
  }
  return 0;
}

// What yaml-cpp did not understand.
void report_syntax(Report& report, int source, std::string_view text, const YAML::Exception& problem) {
  const int tab = line_with_tab(text);
  if (tab > 0 && tab <= problem.mark.line + 2) {
    const auto column = static_cast<int>(report.line(source, tab).find('\t')) + 1;
    report.error({source, tab, column, 1, {}}, {}, "yaml-syntax", "YAML: a tab indents this line, blanks are expected");
    return;
  }
  report.error({source, problem.mark.line + 1, problem.mark.column + 1, 1, {}}, {}, "yaml-syntax", "YAML: " + problem.msg);
}

// Where a byte is: for problems found before there is a parser.
Spot spot_of(int source, std::string_view text, std::size_t offset) {
  Spot spot{source, 1, 1, 1, {}};
  for (const char c : text.substr(0, offset)) {
    ++spot.column;
    if (c == '\n') ++spot.line, spot.column = 1;
  }
  return spot;
}

// The first byte that is not well-formed UTF-8 (RFC 3629), or npos.
std::size_t find_bad_utf8(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    const auto lead = static_cast<unsigned char>(text[i]);
    const std::size_t length = lead < 0x80 ? 1 : lead >= 0xc2 && lead < 0xe0 ? 2 : (lead & 0xf0) == 0xe0 ? 3
                             : lead >= 0xf0 && lead < 0xf5 ? 4 : 0;
    if (length == 0 || i + length > text.size()) return i;
    std::uint32_t point = length == 1 ? lead : lead & (0xffu >> (length + 1));
    for (std::size_t k = 1; k < length; ++k) {
      const auto next = static_cast<unsigned char>(text[i + k]);
      if ((next & 0xc0) != 0x80) return i;
      point = (point << 6) | (next & 0x3fu);
    }
    const bool overlong = (length == 3 && point < 0x800) || (length == 4 && point < 0x10000);
    if (overlong || (point >= 0xd800 && point < 0xe000) || point > 0x10ffff) return i;
    i += length;
  }
  return std::string_view::npos;
}

bool check_bytes(Report& report, int source, std::string_view text) {
  const Spot start{source, 0, 0, 1, {}};
  if (text.size() > kMaxFileBytes) {
    report.error(start, {}, "file-too-large", "larger than 4 MiB");
    return false;
  }
  if (const std::size_t at = text.find('\0'); at != std::string_view::npos) {
    report.error(spot_of(source, text, at), {}, "not-text", "a NUL byte: this is not a text file");
    return false;
  }
  if (const std::size_t at = find_bad_utf8(text); at != std::string_view::npos) {
    report.error(spot_of(source, text, at), {}, "not-text", "not UTF-8 from here on");
    return false;
  }
  return true;
}

}  // namespace

Node parse_yaml(Report& report, int source) {
  const std::string text = report.sources[static_cast<std::size_t>(source)].text;
  if (!check_bytes(report, source, text)) return {};
  Builder builder(report, source);
  try {
    std::istringstream in(text);
    YAML::Parser parser(in);
    parser.HandleNextDocument(builder);
    Node root = builder.take();
    Builder rest(report, source);
    if (parser && parser.HandleNextDocument(rest)) {
      Spot second = rest.take().spot;
      if (second.source < 0) second = {source, 1, 1, 1, {}};
      report.error(second, {}, "several-documents", "one file holds one document; a second one starts here");
    }
    if (root.spot.source < 0) root.spot = {source, 1, 1, 1, {}};  // an empty text
    if (root.kind == Node::Kind::kNull || root.is_mapping()) return root;
    report.error(root.spot, {}, "wrong-type", "a configuration is a mapping of keys, for example 'workers: 1'");
  } catch (const Abandoned&) {
  } catch (const YAML::Exception& problem) {
    report_syntax(report, source, text, problem);
  } catch (const std::exception& problem) {
    report.error({source, 0, 0, 1, {}}, {}, "yaml-syntax", std::string("YAML: ") + problem.what());
  }
  return {};
}

void interpolate_tree(Report& report, Variables& variables, Node& node, const std::string& path) {
  for (std::size_t i = 0; i < node.items.size(); ++i) interpolate_tree(report, variables, node.items[i], item_path(path, i));
  for (Member& member : node.members) interpolate_tree(report, variables, member.value, child_path(path, member.key));
  if (!node.is_scalar() || node.text.find('$') == std::string::npos) return;
  variables.taken.clear();
  auto text = interpolate(node.text, variables);
  if (text) {
    node.text = std::move(*text);
    for (const std::string& taken : variables.taken) node.spot.note += (node.spot.note.empty() ? "with " : ", ") + taken;
    return;
  }
  report.error(node.spot, path, text.error().slug, text.error().message).help = text.error().help;
  node.kind = Node::Kind::kNull;
  node.reported = true;
}

}  // namespace gatehouse::yaml
