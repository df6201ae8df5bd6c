#include <algorithm>

#include "gatehouse/config/diagnostic.h"

namespace gatehouse::config {
namespace {

constexpr std::size_t kShown = 20;
constexpr std::size_t kExcerpt = 160;

// Control characters of a hostile file must not reach a terminal.
std::string printable(std::string_view text) {
  std::string out;
  for (const char c : text) out.push_back(static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? '?' : c);
  return out;
}

std::string first_line(const Diagnostic& diagnostic, bool terminal) {
  std::string out = diagnostic.file;
  if (diagnostic.line > 0) out += ":" + std::to_string(diagnostic.line);
  if (diagnostic.line > 0 && diagnostic.column > 0) out += ":" + std::to_string(diagnostic.column);
  if (!out.empty()) out += ": ";
  if (diagnostic.severity == Severity::kWarning) out += "warning: ";
  if (!diagnostic.path.empty()) out += diagnostic.path + ": ";
  out += diagnostic.message;
  if (!terminal && !diagnostic.suggestion.empty()) out += "; " + diagnostic.suggestion;
  return printable(out) + "  [" + diagnostic.slug + "]\n";
}

std::string advice(const Diagnostic& diagnostic) {
  std::string out = diagnostic.suggestion;
  if (!out.empty() && !diagnostic.help.empty()) out += "  ";
  return out + diagnostic.help;
}

std::string excerpt(const Diagnostic& diagnostic) {
  const std::string help = advice(diagnostic);
  const auto column = static_cast<std::size_t>(std::max(diagnostic.column, 1));
  if (diagnostic.source.empty() || column > kExcerpt) return help.empty() ? "" : "  help: " + help + "\n";
  const std::string number = "  " + std::to_string(diagnostic.line) + " | ";
  std::string source = printable(std::string_view(diagnostic.source).substr(0, kExcerpt));
  const std::size_t room = source.size() >= column ? source.size() - column + 1 : 1;
  const std::size_t width = std::min(static_cast<std::size_t>(diagnostic.width), room);
  std::string out = number + source + "\n" + std::string(number.size() - 2, ' ') + "| ";
  out += std::string(column - 1, ' ') + std::string(width, '^');
  if (!help.empty()) out += " " + printable(help);
  return out + "\n";
}

}  // namespace

bool has_errors(const std::vector<Diagnostic>& diagnostics) {
  return std::any_of(diagnostics.begin(), diagnostics.end(),
                     [](const Diagnostic& one) { return one.severity == Severity::kError; });
}

std::string render(const std::vector<Diagnostic>& diagnostics, bool terminal) {
  std::string out;
  for (std::size_t i = 0; i < diagnostics.size() && i < kShown; ++i) {
    out += first_line(diagnostics[i], terminal);
    if (terminal) out += excerpt(diagnostics[i]);
  }
  if (diagnostics.size() > kShown) out += "and " + std::to_string(diagnostics.size() - kShown) + " more\n";
  return out;
}

}  // namespace gatehouse::config
