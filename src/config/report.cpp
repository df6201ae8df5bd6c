#include "report.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "suggest.h"

namespace gatehouse::config {

int Report::add_source(std::string name, std::string directory, std::string text) {
  Source source{std::move(name), std::move(directory), std::move(text), {0}, {}};
  for (std::size_t i = 0; i < source.text.size(); ++i)
    if (source.text[i] == '\n') source.line_starts.push_back(i + 1);
  sources.push_back(std::move(source));
  return static_cast<int>(sources.size()) - 1;
}

std::string_view Report::line(int source, int number) const {
  if (source < 0 || number < 1) return {};
  const Source& from = sources[static_cast<std::size_t>(source)];
  if (static_cast<std::size_t>(number) > from.line_starts.size()) return {};
  std::string_view text = std::string_view(from.text).substr(from.line_starts[static_cast<std::size_t>(number) - 1]);
  text = text.substr(0, text.find('\n'));
  if (text.ends_with('\r')) text.remove_suffix(1);
  return text;
}

std::string Report::place(const Spot& spot) const {
  if (spot.source < 0) return {};
  std::string out = sources[static_cast<std::size_t>(spot.source)].name;
  if (spot.line > 0) out += ":" + std::to_string(spot.line);
  if (spot.line > 0 && spot.column > 0) out += ":" + std::to_string(spot.column);
  return out;
}

Diagnostic& Report::error(const Spot& spot, std::string path, std::string_view slug, std::string message) {
  Diagnostic out;
  if (spot.source >= 0) out.file = sources[static_cast<std::size_t>(spot.source)].name;
  out.line = spot.line;
  out.column = spot.column;
  out.width = std::max(spot.width, 1);
  out.rank = spot.source;
  out.source = std::string(line(spot.source, spot.line));
  out.path = std::move(path);
  out.slug = std::string(slug);
  out.message = std::move(message);
  return diagnostics.emplace_back(std::move(out));
}

Diagnostic& Report::warning(const Spot& spot, std::string path, std::string_view slug, std::string message) {
  Diagnostic& out = error(spot, std::move(path), slug, std::move(message));
  out.severity = Severity::kWarning;
  return out;
}

std::string Report::suggest(std::string_view word, const std::vector<std::string>& names) const {
  constexpr std::size_t kMany = 100;
  return diagnostics.size() > kMany ? "" : config::suggest(word, names);
}

void Report::sort() {
  std::sort(diagnostics.begin(), diagnostics.end(), [](const Diagnostic& a, const Diagnostic& b) {
    return std::tie(a.rank, a.line, a.column, a.path, a.slug, a.message) <
           std::tie(b.rank, b.line, b.column, b.path, b.slug, b.message);
  });
}

}  // namespace gatehouse::config
