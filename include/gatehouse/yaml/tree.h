// A text of configuration as a tree of texts. Every node knows where it came from and what it hides. No key has a
// meaning here: that is the room `keys`. Values; any thread; nothing to stop.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace gatehouse::yaml {

struct Spot {
  int source = -1;   // index into Report::sources; -1: none
  int line = 0;      // from 1; 0: the source has no lines
  int column = 0;    // from 1, in bytes
  int width = 1;
  std::string note;  // "alias of listeners.http.address, port part"
};

struct Member;

struct Node {
  enum class Kind { kNull, kScalar, kSequence, kMapping };
  struct Hidden {
    Spot spot;
    std::string text;
  };

  Kind kind = Kind::kNull;
  std::string text;      // of a scalar, after interpolation
  Spot spot;
  std::vector<Member> members;
  std::vector<Node> items;
  std::vector<Hidden> hidden;  // values of lower tiers, highest first
  bool reported = false;       // a diagnostic tells what is wrong with it; nothing more is to be said

  bool is_mapping() const { return kind == Kind::kMapping; }
  bool is_sequence() const { return kind == Kind::kSequence; }
  bool is_scalar() const { return kind == Kind::kScalar; }
  const Node* find(std::string_view key) const;
  Node* find(std::string_view key);
  std::string display() const;  // "text" or "[a, b]"
};

struct Member {
  std::string key;
  Spot spot;
  Node value;
};

// A path in its two written forms: "routes[0].match.path", or its segments {"routes", "[0]", "match", "path"}.
using Path = std::vector<std::string>;
Path split_path(std::string_view text);
std::string join_path(const Path& path);
std::string child_path(const std::string& parent, std::string_view key);
std::string item_path(const std::string& parent, std::size_t index);
bool is_index(std::string_view segment, std::size_t& index);  // "[3]"

const Node* find_path(const Node& root, std::string_view path);

// Puts `value` at the path, making mappings on the way; what was there becomes hidden. False when the way is blocked
// by a scalar, or by an index that is more than one past the end.
bool put(Node& root, const Path& path, Node value);

Node scalar(std::string text, Spot spot);
// "[a, \"b\"]" or "a, b" as a list: how lists are written where there is one line only.
Node list_node(std::string_view text, const Spot& spot);

}  // namespace gatehouse::yaml
