#include "hidden.h"

#include <algorithm>

namespace gatehouse::yaml {
namespace {

constexpr std::string_view kWords[] = {"secret", "passw", "token", "api_key", "apikey", "api-key", "key_file", "private",
                                       "credential", "authorization", "bearer", "hmac"};
constexpr std::string_view kSections[] = {"access", "environment"};

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }

bool is_word(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-'; }

// The name as the key of a section: "access:", "access\" :", not "access_log:", not "access: true".
bool names_section(std::string_view line, std::string_view name) {
  for (std::size_t at = line.find(name); at != std::string_view::npos; at = line.find(name, at + 1)) {
    const std::string_view rest = line.substr(at + name.size());
    const std::size_t next = rest.find_first_not_of("\"' \t");
    if ((at != 0 && is_word(line[at - 1])) || next == std::string_view::npos || rest[next] != ':') continue;
    const std::string_view value = rest.substr(std::min(rest.find_first_not_of(": \t", next), rest.size()));
    if (!value.starts_with("true") && !value.starts_with("false")) return true;
  }
  return false;
}

bool speaks_of_secrets(std::string_view line) {
  const auto in_line = [line](std::string_view word) { return line.find(word) != std::string_view::npos; };
  if (std::any_of(std::begin(kWords), std::end(kWords), in_line)) return true;
  if (std::any_of(std::begin(kSections), std::end(kSections), [line](std::string_view name) { return names_section(line, name); })) return true;
  const std::size_t scheme = line.find("//");
  return scheme != std::string_view::npos && line.find('@', scheme) != std::string_view::npos;
}

int brackets(std::string_view line) {
  int open = 0;
  for (const char c : line) open += c == '{' || c == '[' ? 1 : c == '}' || c == ']' ? -1 : 0;
  return open;
}

}  // namespace

std::vector<bool> secret_lines(std::string_view text) {
  std::vector<bool> hidden;
  bool inside = false;
  std::size_t indent = 0;
  int open = 0;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    std::string line(text.substr(0, end));
    std::transform(line.begin(), line.end(), line.begin(), lower);
    text.remove_prefix(std::min(end + 1, text.size()));
    const std::size_t first = std::min(line.find_first_not_of(" \t\r"), line.size());
    const bool blank = first == line.size();
    inside = inside && (blank || first > indent || open > 0 || std::string_view("-}]").find(line[first]) != std::string_view::npos);
    const bool speaks = speaks_of_secrets(line);
    if (speaks && !inside) indent = first, open = 0;
    inside = inside || speaks;
    if (inside) open += brackets(line);
    hidden.push_back(inside);
  }
  return hidden;
}

std::string without_passwords(std::string text) {
  const std::size_t scheme = text.find("//");
  const std::size_t at = text.rfind('@');
  if (scheme == std::string::npos || at == std::string::npos || at < scheme) return text;
  return text.replace(scheme + 2, at - scheme - 2, "***");
}

}  // namespace gatehouse::yaml
