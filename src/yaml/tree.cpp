#include "gatehouse/yaml/tree.h"

#include <charconv>
#include <utility>

namespace gatehouse::yaml {

const Node* Node::find(std::string_view key) const {
  for (const Member& member : members)
    if (member.key == key) return &member.value;
  return nullptr;
}

Node* Node::find(std::string_view key) { return const_cast<Node*>(std::as_const(*this).find(key)); }

std::string Node::display() const {
  if (is_scalar()) return text;
  if (is_mapping()) return "{…}";
  if (!is_sequence()) return "null";
  std::string out = "[";
  for (const Node& item : items) out += (out.size() > 1 ? ", " : "") + item.display();
  return out + "]";
}

Node scalar(std::string text, Spot spot) {
  Node node;
  node.kind = Node::Kind::kScalar;
  node.text = std::move(text);
  node.spot = std::move(spot);
  return node;
}

namespace {

std::string_view trimmed(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

}  // namespace

Node list_node(std::string_view text, const Spot& spot) {
  Node out;
  out.kind = Node::Kind::kSequence;
  out.spot = spot;
  text = trimmed(text);
  if (text.starts_with('[') && text.ends_with(']')) text = trimmed(text.substr(1, text.size() - 2));
  while (!text.empty()) {
    const std::size_t comma = text.find(',');
    std::string_view item = trimmed(text.substr(0, comma));
    if (item.size() > 1 && item.starts_with('"') && item.ends_with('"')) item = item.substr(1, item.size() - 2);
    out.items.push_back(scalar(std::string(item), spot));
    text.remove_prefix(comma == std::string_view::npos ? text.size() : comma + 1);
  }
  return out;
}

Path split_path(std::string_view text) {
  Path path;
  std::string segment;
  for (const char c : text) {
    if (c == '.' || c == '[') {
      if (!segment.empty()) path.push_back(std::exchange(segment, {}));
      if (c == '.') continue;
    }
    segment.push_back(c);
  }
  if (!segment.empty()) path.push_back(std::move(segment));
  return path;
}

std::string join_path(const Path& path) {
  std::string out;
  for (const std::string& segment : path) {
    if (!out.empty() && segment.front() != '[') out.push_back('.');
    out += segment;
  }
  return out;
}

std::string child_path(const std::string& parent, std::string_view key) {
  return parent.empty() ? std::string(key) : parent + "." + std::string(key);
}

std::string item_path(const std::string& parent, std::size_t index) {
  return parent + "[" + std::to_string(index) + "]";
}

bool is_index(std::string_view segment, std::size_t& index) {
  if (segment.size() < 3 || segment.front() != '[' || segment.back() != ']') return false;
  const char* end = segment.data() + segment.size() - 1;
  const auto parsed = std::from_chars(segment.data() + 1, end, index);
  return parsed.ec == std::errc() && parsed.ptr == end;
}

const Node* find_path(const Node& root, std::string_view path) {
  const Node* node = &root;
  for (const std::string& segment : split_path(path)) {
    std::size_t index = 0;
    if (is_index(segment, index)) {
      if (!node->is_sequence() || index >= node->items.size()) return nullptr;
      node = &node->items[index];
    } else {
      node = node->find(segment);
      if (node == nullptr) return nullptr;
    }
  }
  return node;
}

namespace {

Node* enter_index(Node& node, std::size_t index, const Spot& spot) {
  if (node.kind == Node::Kind::kNull) {
    node.kind = Node::Kind::kSequence;
    node.spot = spot;
  }
  if (!node.is_sequence() || index > node.items.size()) return nullptr;
  if (index == node.items.size()) node.items.emplace_back().spot = spot;
  return &node.items[index];
}

Node* enter_key(Node& node, const std::string& key, const Spot& spot) {
  if (node.kind == Node::Kind::kNull) {
    node.kind = Node::Kind::kMapping;
    node.spot = spot;
  }
  if (!node.is_mapping()) return nullptr;
  if (Node* found = node.find(key)) return found;
  Member member;
  member.key = key;
  member.spot = spot;
  member.value.spot = spot;
  node.members.push_back(std::move(member));
  return &node.members.back().value;
}

}  // namespace

bool put(Node& root, const Path& path, Node value) {
  Node* node = &root;
  for (const std::string& segment : path) {
    std::size_t index = 0;
    node = is_index(segment, index) ? enter_index(*node, index, value.spot) : enter_key(*node, segment, value.spot);
    if (node == nullptr) return false;
  }
  if (node->kind != Node::Kind::kNull) {
    value.hidden = std::move(node->hidden);
    value.hidden.insert(value.hidden.begin(), {node->spot, node->display()});
  }
  *node = std::move(value);
  return true;
}

}  // namespace gatehouse::yaml
