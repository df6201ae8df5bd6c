#include "gatehouse/yaml/report.h"

#include <unistd.h>

#include <algorithm>
#include <tuple>
#include <utility>

#include "gatehouse/base/terminal.h"
#include "gatehouse/yaml/words.h"
#include "hidden.h"

namespace gatehouse::yaml {

std::string_view to_string(Tier tier) {
  switch (tier) {
    case Tier::kDefault: return "default";
    case Tier::kFile: return "file";
    case Tier::kDotenv: return ".env";
    case Tier::kEnvironment: return "environment";
    case Tier::kFlag: return "flag";
  }
  return "";
}

int Report::add_source(Source source) {
  for (std::size_t i = 0; i < source.text.size(); ++i)
    if (source.text[i] == '\n') source.line_starts.push_back(i + 1);
  source.secret_lines = secret_lines(source.text);
  sources.push_back(std::move(source));
  return static_cast<int>(sources.size()) - 1;
}

const Source* Report::source_of(const Spot& spot) const {
  return spot.source < 0 ? nullptr : &sources[static_cast<std::size_t>(spot.source)];
}

Tier Report::tier(const Spot& spot) const {
  const Source* source = source_of(spot);
  return source == nullptr ? Tier::kDefault : source->tier;
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
  const Source* source = source_of(spot);
  if (source == nullptr) return {};
  std::string out = source->name;
  if (spot.line > 0) out += ":" + std::to_string(spot.line);
  if (spot.line > 0 && spot.column > 0) out += ":" + std::to_string(spot.column);
  return out;
}

// Where a text is not understood, a secret may stand anywhere in it.
bool Report::is_secret(const Spot& spot, std::string_view slug) const {
  const Source* source = source_of(spot);
  if (source == nullptr) return false;
  const std::vector<bool>& lines = source->secret_lines;
  if (slug == "yaml-syntax") return std::find(lines.begin(), lines.end(), true) != lines.end();
  const auto index = static_cast<std::size_t>(spot.line) - 1;
  return spot.line > 0 && index < lines.size() && lines[index];
}

Diagnostic& Report::error(const Spot& spot, std::string path, std::string_view slug, std::string message) {
  Diagnostic out;
  if (const Source* source = source_of(spot)) out.file = source->name;
  out.line = spot.line;
  out.column = spot.column;
  out.width = std::max(spot.width, 1);
  out.rank = spot.source;
  if (!is_secret(spot, slug)) out.source = std::string(line(spot.source, spot.line));
  const bool of_text = out.line > 0 && path.empty();  // a problem of the text as such: it has no path
  out.path = of_text ? "document" : without_passwords(std::move(path));
  out.slug = std::string(slug);
  out.message = without_passwords(std::move(message));
  return diagnostics.emplace_back(std::move(out));
}

Diagnostic& Report::warning(const Spot& spot, std::string path, std::string_view slug, std::string message) {
  Diagnostic& out = error(spot, std::move(path), slug, std::move(message));
  out.severity = Severity::kWarning;
  return out;
}

std::string Report::suggest(std::string_view word, const std::vector<std::string>& names) const {
  constexpr std::size_t kMany = 100;
  return diagnostics.size() > kMany ? "" : yaml::suggest(word, names);
}

void Report::sort() {
  std::sort(diagnostics.begin(), diagnostics.end(), [](const Diagnostic& a, const Diagnostic& b) {
    return std::tie(a.rank, a.line, a.column, a.path, a.slug, a.message) <
           std::tie(b.rank, b.line, b.column, b.path, b.slug, b.message);
  });
}

// ---- as text

namespace {

constexpr std::size_t kShown = 20;
constexpr std::size_t kExcerpt = 160;

// Control characters of a hostile file must not reach a terminal.
std::string printable(std::string_view text) {
  std::string out;
  for (const char c : text) out.push_back(static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? '?' : c);
  return out;
}

struct Colors {
  std::string_view place, word, slug;  // word: of what is wrong
};

Colors colors_of(const Diagnostic& diagnostic, Look look) {
  if (look != Look::kColor) return {};
  return {terminal::kBold, diagnostic.severity == Severity::kWarning ? terminal::kYellow : terminal::kRed, terminal::kDim};
}

std::string place_of(const Diagnostic& diagnostic) {
  std::string out = diagnostic.file;
  if (diagnostic.line > 0) out += ":" + std::to_string(diagnostic.line);
  if (diagnostic.line > 0 && diagnostic.column > 0) out += ":" + std::to_string(diagnostic.column);
  return out.empty() ? out : out + ": ";
}

std::string first_line(const Diagnostic& diagnostic, Look look) {
  const Colors colors = colors_of(diagnostic, look);
  std::string out = terminal::in(colors.place, printable(place_of(diagnostic)));
  if (diagnostic.severity == Severity::kWarning) out += terminal::in(colors.word, "warning: ");
  if (!diagnostic.path.empty()) out += terminal::in(colors.place, printable(diagnostic.path) + ": ");
  const bool warning = diagnostic.severity == Severity::kWarning;
  out += terminal::in(warning ? std::string_view() : colors.word, printable(diagnostic.message));
  if (look == Look::kPlain && !diagnostic.suggestion.empty()) out += "; " + printable(diagnostic.suggestion);
  return out + "  " + terminal::in(colors.slug, "[" + diagnostic.slug + "]") + "\n";
}

std::size_t characters(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

std::string advice(const Diagnostic& diagnostic) {
  std::string out = diagnostic.suggestion;
  if (!out.empty() && !diagnostic.help.empty()) out += "  ";
  return out + diagnostic.help;
}

std::string excerpt(const Diagnostic& diagnostic, Look look) {
  const std::string help = advice(diagnostic);
  const auto column = static_cast<std::size_t>(std::max(diagnostic.column, 1));
  if (diagnostic.source.empty() || column > kExcerpt) return help.empty() ? "" : "  help: " + help + "\n";
  const std::string number = "  " + std::to_string(diagnostic.line) + " | ";
  std::size_t length = std::min(diagnostic.source.size(), kExcerpt);
  while (length > 0 && length < diagnostic.source.size() && (diagnostic.source[length] & 0xC0) == 0x80) --length;  // whole characters
  const std::string source = printable(std::string_view(diagnostic.source).substr(0, length));
  const std::string_view before = std::string_view(source).substr(0, column - 1);
  const std::string_view marked = std::string_view(source).substr(before.size()).substr(0, static_cast<std::size_t>(diagnostic.width));
  const std::size_t width = std::max<std::size_t>(characters(marked), 1);
  std::string out = number + source + "\n" + std::string(number.size() - 2, ' ') + "| ";
  out += std::string(characters(before), ' ') + terminal::in(colors_of(diagnostic, look).word, std::string(width, '^'));
  if (!help.empty()) out += " " + printable(help);
  return out + "\n";
}

}  // namespace

bool has_errors(const std::vector<Diagnostic>& diagnostics) {
  return std::any_of(diagnostics.begin(), diagnostics.end(),
                     [](const Diagnostic& one) { return one.severity == Severity::kError; });
}

Look look_of(int descriptor) {
  if (::isatty(descriptor) != 1) return Look::kPlain;
  return terminal::shows_color(descriptor) ? Look::kColor : Look::kTerminal;
}

std::string render(const std::vector<Diagnostic>& diagnostics, Look look) {
  std::string out;
  for (std::size_t i = 0; i < diagnostics.size() && i < kShown; ++i) {
    out += first_line(diagnostics[i], look);
    if (look != Look::kPlain) out += excerpt(diagnostics[i], look);
  }
  if (diagnostics.size() > kShown) out += "and " + std::to_string(diagnostics.size() - kShown) + " more\n";
  return out;
}

}  // namespace gatehouse::yaml
