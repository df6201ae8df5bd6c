#include "gatehouse/yaml/parse.h"

namespace gatehouse::yaml {
namespace {

std::string_view trim(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t' || text.back() == '\r')) text.remove_suffix(1);
  return text;
}

bool only_comment(std::string_view rest) {
  rest = trim(rest);
  return rest.empty() || rest[0] == '#';
}

Result<std::string> double_quoted(std::string_view text) {
  std::string out;
  for (std::size_t i = 1; i < text.size(); ++i) {
    if (text[i] == '"') {
      if (only_comment(text.substr(i + 1))) return out;
      return make_error("bad-dotenv", "text after the closing quote");
    }
    if (text[i] != '\\' || i + 1 == text.size()) {
      out.push_back(text[i]);
      continue;
    }
    const char c = text[++i];
    out.push_back(c == 'n' ? '\n' : c == 't' ? '\t' : c);
  }
  return make_error("bad-dotenv", "a quote is not closed");
}

Result<std::string> value_of(std::string_view text) {
  if (text.starts_with('"')) return double_quoted(text);
  if (text.starts_with('\'')) {
    const std::size_t end = text.find('\'', 1);
    if (end == std::string_view::npos) return make_error("bad-dotenv", "a quote is not closed");
    if (!only_comment(text.substr(end + 1))) return make_error("bad-dotenv", "text after the closing quote");
    return std::string(text.substr(1, end - 1));
  }
  if (text.starts_with('#')) return std::string();
  return std::string(trim(text.substr(0, text.find(" #"))));
}

void parse_line(Report& report, const Spot& spot, std::string_view line, Dotenv& out) {
  const char* const begin = line.data();
  line = trim(line);
  if (only_comment(line)) return;
  if (line.starts_with("export ")) line = trim(line.substr(7));
  const std::size_t equals = line.find('=');
  const std::string name(trim(line.substr(0, equals)));
  if (equals == std::string_view::npos || !is_variable_name(name)) {
    report.error(spot, {}, "bad-dotenv", "a line is NAME=value or a comment");
    return;
  }
  const std::string_view text = trim(line.substr(equals + 1));
  auto value = value_of(text);
  if (!value) {
    report.error(spot, name, value.error().slug, value.error().message);
    return;
  }
  const auto column = [begin](std::string_view part) { return static_cast<int>(part.data() - begin) + 1; };
  const auto [known, fresh] = out.places.emplace(name, Dotenv::Place{spot.line, column(line), column(text)});
  if (!fresh)
    report.error(spot, name, "duplicate-key", "'" + name + "' is set twice, first in line " + std::to_string(known->second.line));
  out.variables.emplace(name, std::move(*value));
}

}  // namespace

Dotenv parse_dotenv(Report& report, int source, std::string_view text) {
  Dotenv out;
  for (int number = 1; !text.empty(); ++number) {
    const std::size_t end = text.find('\n');
    parse_line(report, {source, number, 1, 1, {}}, text.substr(0, end), out);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
  return out;
}

}  // namespace gatehouse::yaml
