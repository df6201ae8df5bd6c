#include <algorithm>

#include "loader.h"

namespace gatehouse::config {
namespace {

class Walker {
 public:
  Walker(Context& context, Draft& draft, Provenance& provenance)
      : context_(context), draft_(draft), provenance_(provenance) {}

  void section(const Branch& branch, const Node* node, const std::string& path, const Place& place) {
    if (node != nullptr)
      for (const Member& member : node->members) member_of(branch, member, path, place);
    for (const Branch& child : branch.children)
      if (node == nullptr || node->find(child.segment) == nullptr) absent(child, path, place, node);
  }

 private:
  void member_of(const Branch& branch, const Member& member, const std::string& path, const Place& place) {
    const std::string where = child_path(path, member.key);
    if (const Branch* child = branch.find(member.key); child != nullptr && !child->segment.starts_with('['))
      return present(*child, member.value, member.spot, where, place);
    const Branch* any = branch.any_name();
    if (any == nullptr || member.key == "*") return unknown(branch, member, where);
    const Section* section = branch.section;
    if (section != nullptr && section->name != nullptr) {
      if (const Status status = section->name(member.key); !status) {
        context_.report.error(member.spot, where, status.error().slug, status.error().message);
        return;
      }
    }
    Place inside = place;
    inside.names.push_back(member.key);
    present(*any, member.value, member.spot, where, inside);
  }

  void unknown(const Branch& branch, const Member& member, const std::string& path) {
    std::vector<std::string> names;
    std::string help;
    for (const Branch& child : branch.children) {
      if (child.key != nullptr && child.key->type == Type::kLater) continue;
      names.push_back(child.segment);
      help += (help.empty() ? "keys here: " : ", ") + child.segment;
    }
    Diagnostic& out = context_.report.error(member.spot, path, "unknown-key", "no key is called '" + member.key + "' here");
    out.suggestion = context_.report.suggest(member.key, names);
    out.help = help;
  }

  void present(const Branch& branch, const Node& node, const Spot& key_spot, const std::string& path, const Place& place) {
    if (node.reported) return;
    if (branch.key != nullptr) return leaf(*branch.key, node, key_spot, path, place);
    if (branch.any_index() != nullptr) return sequence(branch, node, path, place);
    if (node.is_mapping() || node.kind == Node::Kind::kNull) return section(branch, &node, path, place);
    context_.report.error(node.spot, path, "wrong-type", "a mapping of keys is expected");
  }

  void sequence(const Branch& branch, const Node& node, const std::string& path, const Place& place) {
    if (node.kind == Node::Kind::kNull) return absent_required(branch, path, node.spot);
    if (!node.is_sequence()) {
      context_.report.error(node.spot, path, "wrong-type", "a list is expected");
      return;
    }
    if (node.items.empty()) return absent_required(branch, path, node.spot);
    for (std::size_t i = 0; i < node.items.size(); ++i) {
      Place inside = place;
      inside.indices.push_back(i);
      present(*branch.any_index(), node.items[i], node.items[i].spot, item_path(path, i), inside);
    }
  }

  void absent_required(const Branch& branch, const std::string& path, const Spot& spot) {
    if (branch.section != nullptr && branch.section->required)
      context_.report.error(spot, path, "missing-key", "'" + branch.segment + "' is missing or empty");
  }

  void absent(const Branch& branch, const std::string& parent, const Place& place, const Node* node) {
    if (branch.segment == "*" || branch.segment == "[]") return;
    const std::string path = child_path(parent, branch.segment);
    if (branch.key != nullptr) return absent_leaf(*branch.key, path, place, node);
    if (branch.section != nullptr && branch.section->optional) return;
    if (branch.any_index() != nullptr) return absent_required(branch, path, node == nullptr ? Spot() : node->spot);
    section(branch, nullptr, path, place);
  }

  // ---- leaves

  std::optional<std::string> fallback(const Key& key, const Place& place) const {
    if (key.computed != nullptr) return key.computed(context_.options.environment);
    for (const std::string_view pair : keys::split_choices(key.named))
      if (const std::size_t equals = pair.find('='); pair.substr(0, equals) == place.names.at(0))
        return std::string(pair.substr(equals + 1));
    if (key.production != nullptr && context_.production) return key.production;
    if (key.fallback != nullptr) return key.fallback;
    return std::nullopt;
  }

  Node fallback_node(const Key& key, const std::string& text) const {
    if (is_list(key)) return yaml::list_node(text, {});
    if (key.type != Type::kMap) return yaml::scalar(text, {});
    Node out;
    out.kind = Node::Kind::kMapping;
    return out;
  }

  void absent_leaf(const Key& key, const std::string& path, const Place& place, const Node* node) {
    if (key.type == Type::kLater) return;
    if (const auto text = fallback(key, place)) {
      if (const auto value = read_value(context_, key, fallback_node(key, *text), path))
        take(key, {}, *value, path, place, {});
    } else if (key.required) {
      const std::size_t dot = path.rfind('.');
      context_.report.error(node == nullptr ? Spot() : node->spot, path, "missing-key",
                            "'" + path.substr(dot + 1) + "' is missing");
    }
  }

  void leaf(const Key& key, const Node& node, const Spot& key_spot, const std::string& path, const Place& place) {
    if (key.type == Type::kLater) {
      context_.report.error(key_spot, path, "not-available", "'" + path + "' is not available in this version");
      return;
    }
    const auto value = read_value(context_, key, node, path);
    if (!value) return;
    std::vector<Origin> over;
    for (const Node::Hidden& hidden : node.hidden) over.push_back(origin(key, hidden.spot, hidden.text));
    if (const auto text = fallback(key, place)) over.push_back({Tier::kDefault, {}, {}, *text});
    take(key, origin(key, node.spot, node.display()), *value, path, place, std::move(over));
  }

  static std::string shown(const Key& key, const std::string& text) {
    return key.type == Type::kSecret && is_secret_reference(text) ? text : keys::shown_text(key, text);
  }

  Origin origin(const Key& key, const Spot& spot, const std::string& text) const {
    const Source* source = context_.report.source_of(spot);
    const bool labelled = source != nullptr && !source->label.empty();
    return {context_.report.tier(spot), labelled ? source->label : context_.report.place(spot), spot.note, shown(key, text)};
  }

  void take(const Key& key, Origin from, const Value& value, const std::string& path, const Place& place,
            std::vector<Origin> over) {
    key.apply(draft_, place, value);
    const bool secret = key.type == Type::kSecret;
    draft_.out.values.insert_or_assign(path, secret ? value.secret : Secret(value.text));
    const std::string text = key.type == Type::kMap && value.map.empty() ? "" : value.text;
    provenance_.push_back({path, shown(key, text), std::move(from), std::move(over), key.restart});
  }

  Context& context_;
  Draft& draft_;
  Provenance& provenance_;
};

}  // namespace

void walk(Context& context, Draft& draft, Provenance& provenance) {
  Walker(context, draft, provenance).section(key_tree(), &context.root, {}, {});
  std::sort(provenance.begin(), provenance.end(), [](const Leaf& a, const Leaf& b) { return a.path < b.path; });
}

}  // namespace gatehouse::config
