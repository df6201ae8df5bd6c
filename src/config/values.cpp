#include <sys/stat.h>

#include <algorithm>
#include <cerrno>

#include "loader.h"

namespace gatehouse::config {
namespace {

// ---- secrets

constexpr std::size_t kMaxSecret = 64 * 1024;

Result<Secret> from_variable(const Context& context, const std::string& name) {
  for (const Environment* tier : {&context.options.environment, &context.dotenv.variables})
    if (const auto found = tier->find(name); found != tier->end())
      return found->second.empty() ? Result<Secret>(make_error("secret-empty", "the variable " + name + " is empty"))
                                   : Result<Secret>(Secret(found->second));
  return make_error("unset-variable", "the variable " + name + " is not set");
}

Result<Secret> from_credential(const Context& context, const std::string& name) {
  const auto directory = context.options.environment.find("CREDENTIALS_DIRECTORY");
  if (directory == context.options.environment.end() || directory->second.empty())
    return Error{"secret-unreadable", "there are no credentials: CREDENTIALS_DIRECTORY is not set",
                 "LoadCredential=" + name + ":… in the systemd unit"};
  if (name.empty() || name.find('/') != std::string::npos || name == "..")
    return make_error("bad-value", "'" + name + "' is not the name of a credential");
  return read_secret_file(directory->second + "/" + name);
}

// ---- values

class ValueReader {
 public:
  ValueReader(Context& context, const Key& key, const std::string& path) : context_(context), key_(key), path_(path) {}

  std::optional<Value> read(const Node& node) {
    if (node.reported) return std::nullopt;
    if (node.kind == Node::Kind::kNull) return refuse(node, path_, {"wrong-type", "has no value", "write one, or remove the key"});
    if (is_list(key_)) return list(node);
    if (key_.type == Type::kMap) return mapping(node);
    if (!node.is_scalar()) return refuse(node, path_, {"wrong-type", "a single value is expected: " + keys::type_text(key_), {}});
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
    const Source* source = context_.report.source_of(node.spot);
    return source == nullptr || source->directory.empty() ? context_.directory : source->directory;
  }

  std::optional<Value> single(const Node& node) {
    Value value;
    value.text = node.text;
    switch (key_.type) {
      case Type::kString: return text(node, std::move(value));
      case Type::kInteger: return number(node, yaml::parse_integer(node.text));
      case Type::kDuration: return number(node, yaml::parse_duration(node.text));
      case Type::kSize: return number(node, yaml::parse_size(node.text));
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
      return refuse(node, path_, {"out-of-range", quoted(node.text) + how + keys::range_text(key_), {}});
    }
    Value value;
    value.number = *parsed;
    value.text = keys::number_text(key_, *parsed);
    return value;
  }

  std::optional<Value> boolean(const Node& node, Value value) {
    value.number = node.text == "true" ? 1 : 0;
    if (node.text == "true" || node.text == "false") return value;
    return refuse(node, path_, {"wrong-type", quoted(node.text) + " is not true or false", {}});
  }

  std::optional<std::size_t> choose(const Node& node, const std::string& path) {
    const auto choices = keys::split_choices(key_.choices);
    const auto found = std::find(choices.begin(), choices.end(), node.text);
    if (found != choices.end()) return static_cast<std::size_t>(found - choices.begin());
    const auto later = keys::split_choices(key_.later);
    if (std::find(later.begin(), later.end(), node.text) != later.end())
      return refuse(node, path, {"not-available", quoted(node.text) + " is not available in this version",
                                 "available: " + keys::join_choices(key_.choices)});
    refuse(node, path, {"unknown-value", quoted(node.text) + " is not one of: " + keys::join_choices(key_.choices), {}});
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
      return refuse(node, path_, {"out-of-range", "has " + std::to_string(size) + " items: " + keys::range_text(key_) + " are expected", {}});
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
    if (node.reported) return false;
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
      if (!member.value.reported) refuse(member.value, path, {"wrong-type", "a text is expected", {}});
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

Result<Secret> read_secret_file(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return system_error("secret-unreadable", "cannot read " + path, errno);
  if (S_ISREG(status.st_mode) && (status.st_mode & S_IROTH) != 0)
    return Error{"secret-exposed", "everybody may read " + path, "chmod o-r " + path};
  auto text = read_text(path, kMaxSecret);
  if (!text) return make_error("secret-unreadable", text.error().message);
  if (text->ends_with('\n')) text->pop_back();
  if (text->ends_with('\r')) text->pop_back();
  if (text->empty()) return make_error("secret-empty", path + " is empty");
  return Secret(std::move(*text));
}

// A literal only in profile development. Slugs: "secret-exposed", "secret-unreadable", "secret-empty", "literal-secret",
// "unset-variable", "not-available".
Result<Secret> resolve_secret(const Context& context, std::string_view reference, const std::string& directory) {
  if (reference.empty()) return Secret();
  const std::size_t colon = reference.find(':');
  const std::string name(colon == std::string_view::npos ? "" : reference.substr(colon + 1));
  if (reference.starts_with("file:")) return read_secret_file(absolute_path(name, directory));
  if (reference.starts_with("env:")) return from_variable(context, name);
  if (reference.starts_with("credential:")) return from_credential(context, name);
  if (is_secret_reference(reference))
    return make_error("not-available", std::string(reference.substr(0, colon + 1)) + " is not available in this version");
  if (context.development) return Secret(std::string(reference));
  return Error{"literal-secret", "a secret must not stand here: a reference is expected",
               "file:/path, env:NAME or credential:NAME"};
}

bool is_secret_reference(std::string_view text) {
  for (const std::string_view scheme : {"file:", "env:", "credential:", "vault:", "aws-sm:"})
    if (text.starts_with(scheme)) return true;
  return false;
}

bool is_list(const Key& key) { return key.type == Type::kStrings || key.type == Type::kCidrs; }

std::optional<Value> read_value(Context& context, const Key& key, const Node& node, const std::string& path) {
  return ValueReader(context, key, path).read(node);
}

}  // namespace gatehouse::config
