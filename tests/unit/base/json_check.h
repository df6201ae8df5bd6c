// A strict reader of one flat JSON object, just enough to check log lines without trusting the writer's own code.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace gatehouse::test {

// Values as they stand: strings unescaped (only \uXXXX below 0x80 and the short escapes; others are kept as written),
// everything else as its text. nullopt: not one valid flat object on one line.
class FlatJson {
 public:
  using Object = std::map<std::string, std::string>;

  static std::optional<Object> parse(std::string_view line) {
    if (line.empty() || line.back() != '\n') return std::nullopt;
    FlatJson reader(line.substr(0, line.size() - 1));
    return reader.object();
  }

 private:
  explicit FlatJson(std::string_view text) : rest_(text) {}

  bool take(char c) {
    if (rest_.empty() || rest_[0] != c) return false;
    rest_.remove_prefix(1);
    return true;
  }
  std::optional<Object> object() {
    Object fields;
    if (!take('{')) return std::nullopt;
    if (take('}')) return rest_.empty() ? std::optional(fields) : std::nullopt;
    do {
      const auto key = string();
      if (!key || !take(':')) return std::nullopt;
      const auto value = !rest_.empty() && rest_[0] == '"' ? string() : bare();
      if (!value || !fields.emplace(*key, *value).second) return std::nullopt;
    } while (take(','));
    return take('}') && rest_.empty() ? std::optional(fields) : std::nullopt;
  }
  std::optional<std::string> bare() {
    const std::size_t size = rest_.find_first_of(",}");
    if (size == std::string_view::npos || size == 0) return std::nullopt;
    const std::string text(rest_.substr(0, size));
    rest_.remove_prefix(size);
    if (text != "true" && text != "false" && text != "null" && text.find_first_not_of("0123456789+-.eE") != text.npos)
      return std::nullopt;
    return text;
  }
  std::optional<std::string> string() {
    if (!take('"')) return std::nullopt;
    std::string text;
    while (!rest_.empty()) {
      const auto c = static_cast<unsigned char>(rest_[0]);
      rest_.remove_prefix(1);
      if (c == '"') return text;
      if (c < 0x20 || c == 0x7f) return std::nullopt;
      if (c != '\\') {
        text.push_back(static_cast<char>(c));
      } else if (!escape(text)) {
        return std::nullopt;
      }
    }
    return std::nullopt;
  }
  bool escape(std::string& text) {
    if (rest_.empty()) return false;
    const char c = rest_[0];
    rest_.remove_prefix(1);
    static const std::map<char, char> kShort = {{'"', '"'}, {'\\', '\\'}, {'n', '\n'}, {'r', '\r'}, {'t', '\t'}};
    if (const auto found = kShort.find(c); found != kShort.end()) {
      text.push_back(found->second);
      return true;
    }
    if (c != 'u' || rest_.size() < 4) return false;
    const std::string hex(rest_.substr(0, 4));
    rest_.remove_prefix(4);
    if (hex.find_first_not_of("0123456789abcdef") != hex.npos) return false;
    const unsigned long value = std::stoul(hex, nullptr, 16);
    if (value < 0x80) {
      text.push_back(static_cast<char>(value));
    } else {
      text += "\\u" + hex;
    }
    return true;
  }

  std::string_view rest_;
};

inline bool is_utf8(std::string_view text) {
  for (std::size_t i = 0; i < text.size();) {
    const auto c = static_cast<unsigned char>(text[i]);
    const std::size_t size = c < 0x80 ? 1 : c >= 0xc2 && c < 0xe0 ? 2 : c >= 0xe0 && c < 0xf0 ? 3 : c >= 0xf0 && c < 0xf5 ? 4 : 0;
    if (size == 0 || i + size > text.size()) return false;
    for (std::size_t j = 1; j < size; ++j)
      if ((static_cast<unsigned char>(text[i + j]) & 0xc0) != 0x80) return false;
    i += size;
  }
  return true;
}

}  // namespace gatehouse::test
