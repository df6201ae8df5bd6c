#include "values.h"

#include <algorithm>

#include "files.h"
#include "units.h"

namespace gatehouse::config {
namespace {

std::string quoted(std::string_view text) { return "'" + std::string(text) + "'"; }

class ValueReader {
 public:
  ValueReader(Context& context, const Key& key, const std::string& path) : context_(context), key_(key), path_(path) {}

  std::optional<Value> read(const Node& node) {
    if (node.spot.note == "reported") return std::nullopt;
    if (node.kind == Node::Kind::kNull) return refuse(node, path_, {"wrong-type", "has no value", "write one, or remove the key"});
    if (key_.type == Type::kStrings || key_.type == Type::kCidrs) return list(node);
    if (key_.type == Type::kMap) return mapping(node);
    if (!node.is_scalar()) return refuse(node, path_, {"wrong-type", "a single value is expected: " + type_text(key_), {}});
    if (node.text.find('\0') != std::string::npos) return refuse(node, path_, {"bad-value", "a NUL character is not allowed", {}});
    return single(node);
  }

 private:
  std::nullopt_t refuse(const Node& node, const std::string& path, const Error& error) {
    Diagnostic& out = context_.report.error(node.spot, path, error.slug, error.message);
    out.help = error.help;
    return std::nullopt;
  }

  const std::string& directory(const Node& node) const {
    if (node.spot.source < 0) return context_.directory;
    const std::string& own = context_.report.sources[static_cast<std::size_t>(node.spot.source)].directory;
    return own.empty() ? context_.directory : own;
  }

  std::optional<Value> single(const Node& node) {
    Value value;
    value.text = node.text;
    switch (key_.type) {
      case Type::kString: return text(node, std::move(value));
      case Type::kInteger: return number(node, parse_integer(node.text));
      case Type::kDuration: return number(node, parse_duration(node.text));
      case Type::kSize: return number(node, parse_size(node.text));
      case Type::kBoolean: return boolean(node, std::move(value));
      case Type::kEnum: return choice(node, std::move(value));
      case Type::kAddress: return address(node, std::move(value));
      case Type::kSecret: return secret(node, std::move(value));
      case Type::kPath:
        value.text = absolute_path(node.text, directory(node));
        return value;
      case Type::kStrings:
      case Type::kCidrs:
      case Type::kMap:
      case Type::kLater: return std::nullopt;
    }
    return std::nullopt;
  }

  std::optional<Value> text(const Node& node, Value value) {
    if (key_.check == nullptr) return value;
    const Status status = key_.check(node.text);
    if (!status) return refuse(node, path_, status.error());
    return value;
  }

  std::optional<Value> number(const Node& node, const Result<std::int64_t>& parsed) {
    if (!parsed) return refuse(node, path_, parsed.error());
    if (key_.max != 0 && (*parsed < key_.min || *parsed > key_.max)) {
      const char* how = *parsed < key_.min ? " is too small: " : " is too large: ";
      return refuse(node, path_, {"out-of-range", quoted(node.text) + how + range_text(key_), {}});
    }
    Value value;
    value.number = *parsed;
    value.text = number_text(key_, *parsed);
    return value;
  }

  std::optional<Value> boolean(const Node& node, Value value) {
    value.number = node.text == "true" ? 1 : 0;
    if (node.text == "true" || node.text == "false") return value;
    return refuse(node, path_, {"wrong-type", quoted(node.text) + " is not true or false", {}});
  }

  std::optional<std::size_t> choose(const Node& node, const std::string& path) {
    const auto choices = split_choices(key_.choices);
    const auto found = std::find(choices.begin(), choices.end(), node.text);
    if (found != choices.end()) return static_cast<std::size_t>(found - choices.begin());
    const auto later = split_choices(key_.later);
    if (std::find(later.begin(), later.end(), node.text) != later.end())
      return refuse(node, path, {"not-available", quoted(node.text) + " is not available in this version",
                                 "available: " + join_choices(key_.choices)});
    refuse(node, path, {"unknown-value", quoted(node.text) + " is not one of: " + join_choices(key_.choices), {}});
    context_.report.diagnostics.back().suggestion =
        context_.report.suggest(node.text, std::vector<std::string>(choices.begin(), choices.end()));
    return std::nullopt;
  }

  std::optional<Value> choice(const Node& node, Value value) {
    const auto index = choose(node, path_);
    if (!index) return std::nullopt;
    value.number = static_cast<std::int64_t>(*index);
    return value;
  }

  std::optional<Value> address(const Node& node, Value value) {
    auto parsed = net::parse_address(node.text);
    if (!parsed) return refuse(node, path_, parsed.error());
    value.address = std::move(*parsed);
    value.text = value.address.to_string();
    return value;
  }

  std::optional<Value> secret(const Node& node, Value value) {
    auto resolved = resolve_secret(context_, node.text, directory(node));
    if (!resolved) return refuse(node, path_, resolved.error());
    value.secret = std::move(*resolved);
    return value;
  }

  std::optional<Value> list(const Node& node) {
    const bool one = node.is_scalar();
    if (!one && !node.is_sequence()) return refuse(node, path_, {"wrong-type", "a list is expected, like [a, b]", {}});
    const std::vector<Node> items = one ? std::vector<Node>{node} : node.items;
    const auto size = static_cast<std::int64_t>(items.size());
    if (key_.max != 0 && (size < key_.min || size > key_.max))
      return refuse(node, path_, {"out-of-range", "has " + std::to_string(size) + " items: " + range_text(key_) + " are expected", {}});
    Value value;
    value.directory = directory(node);
    bool fine = true;
    for (std::size_t i = 0; i < items.size(); ++i) fine = item(items[i], one ? path_ : item_path(path_, i), value) && fine;
    if (!fine) return std::nullopt;
    for (const std::string& text : value.list) value.text += (value.text.empty() ? "[" : ", ") + text;
    value.text += value.text.empty() ? "[]" : "]";
    return value;
  }

  bool item(const Node& node, const std::string& path, Value& value) {
    if (node.spot.note == "reported") return false;
    if (!node.is_scalar() || node.text.find('\0') != std::string::npos) {
      refuse(node, path, {"wrong-type", "a text is expected", {}});
      return false;
    }
    if (!key_.choices.empty() && !choose(node, path)) return false;
    if (key_.check != nullptr) {
      if (const Status status = key_.check(node.text); !status) {
        refuse(node, path, status.error());
        return false;
      }
    }
    if (key_.type == Type::kCidrs) {
      auto cidr = net::parse_cidr(node.text);
      if (!cidr) {
        refuse(node, path, cidr.error());
        return false;
      }
      value.cidrs.push_back(*cidr);
    }
    value.list.push_back(node.text);
    return true;
  }

  std::optional<Value> mapping(const Node& node) {
    if (!node.is_mapping()) return refuse(node, path_, {"wrong-type", "a mapping is expected, like {NAME: text}", {}});
    Value value;
    bool fine = true;
    for (const Member& member : node.members) fine = entry(member, value) && fine;
    if (!fine) return std::nullopt;
    for (const auto& [name, text] : value.map) value.text += name + ": " + text + "\n";
    return value;
  }

  bool entry(const Member& member, Value& value) {
    const std::string path = child_path(path_, member.key);
    if (const Status status = key_.check == nullptr ? Status() : key_.check(member.key); !status) {
      context_.report.error(member.spot, path, status.error().slug, status.error().message);
      return false;
    }
    if (!member.value.is_scalar() || member.value.text.find('\0') != std::string::npos) {
      if (member.value.spot.note != "reported") refuse(member.value, path, {"wrong-type", "a text is expected", {}});
      return false;
    }
    value.map.emplace_back(member.key, member.value.text);
    return true;
  }

  Context& context_;
  const Key& key_;
  const std::string& path_;
};

}  // namespace

std::optional<Value> read_value(Context& context, const Key& key, const Node& node, const std::string& path) {
  return ValueReader(context, key, path).read(node);
}

}  // namespace gatehouse::config
