#include "cli_output.h"

#include <fcntl.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>

#include "gatehouse/base/terminal.h"

namespace gatehouse::app {
namespace {

constexpr std::string_view kGap = "  ";
constexpr std::size_t kNarrowest = 8;

std::size_t width_of(std::string_view text) {
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

std::string cut(std::string text, std::size_t width) {
  if (width_of(text) <= width) return text;
  std::size_t at = 0, seen = 0;
  for (; at < text.size(); ++at) {
    if ((text[at] & 0xC0) != 0x80 && seen++ == width - 1) break;
  }
  return text.substr(0, at) + "…";
}

std::string cell(const Json& item, const char* key) {
  const auto found = item.is_object() ? item.find(key) : item.end();
  if (!item.is_object() || found == item.end() || found->is_null()) return "-";
  if (found->is_string()) return found->get<std::string>().empty() ? "-" : printable(found->get<std::string>());
  if (found->is_boolean()) return found->get<bool>() ? "yes" : "no";
  if (!found->is_array()) return printable(found->dump());
  std::string list;
  for (const Json& part : *found) list += (list.empty() ? "" : ", ") + printable(part.is_string() ? part.get<std::string>() : part.dump());
  return list.empty() ? "-" : list;
}

// The widest columns give, until the line fits.
void fit(std::vector<std::size_t>& widths, std::size_t width) {
  const auto total = [&widths] {
    std::size_t sum = kGap.size() * (widths.size() - 1);
    for (const std::size_t w : widths) sum += w;
    return sum;
  };
  while (width != 0 && total() > width) {
    auto widest = std::max_element(widths.begin(), widths.end());
    if (*widest <= kNarrowest) return;
    --*widest;
  }
}

void put(std::FILE* stream, std::string_view text) { std::fwrite(text.data(), 1, text.size(), stream); }

}  // namespace

Style stdout_style(bool json, bool no_color) {
  Style style{json, false, 0};
  if (::isatty(STDOUT_FILENO) == 0) return style;
  style.color = !no_color && terminal::shows_color(STDOUT_FILENO);
  winsize size{};
  style.width = ::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
  return style;
}

std::string printable(std::string_view text, bool lines) {
  std::string clean;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    const bool c1 = c == 0xC2 && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xA0;
    if (c1) ++i;
    const bool kept = !c1 && (c >= 0x20 || (lines && (c == '\n' || c == '\t'))) && c != 0x7f;
    clean += kept ? static_cast<char>(c) : c == '\n' ? ' ' : '?';
  }
  return clean;
}

std::string table(const Style& style, const Json& items, const std::vector<Column>& columns) {
  std::vector<std::vector<std::string>> rows;
  std::vector<std::size_t> widths;
  for (const Column& column : columns) widths.push_back(width_of(column.title));
  for (const Json& item : items) {
    std::vector<std::string> row;
    for (std::size_t i = 0; i < columns.size(); ++i) {
      row.push_back(cell(item, columns[i].key));
      widths[i] = std::max(widths[i], width_of(row.back()));
    }
    rows.push_back(std::move(row));
  }
  fit(widths, style.width);
  const auto line = [&](const std::vector<std::string>& cells) {
    std::string text;
    for (std::size_t i = 0; i < cells.size(); ++i) {
      const std::string shown = cut(cells[i], widths[i]);
      text += shown;
      if (i + 1 < cells.size()) text.append(widths[i] - width_of(shown), ' ').append(kGap);
    }
    return text;
  };
  std::vector<std::string> titles;
  for (const Column& column : columns) titles.emplace_back(column.title);
  std::string text = style.color ? "\033[1m" + line(titles) + "\033[0m\n" : line(titles) + "\n";
  for (const auto& row : rows) text += line(row) + "\n";
  return text;
}

void print_items(const Style& style, std::string_view kind, const Json& items, const std::vector<Column>& columns) {
  if (style.json) {
    const Json document{{"kind", kind}, {"version", 1}, {"items", items}};
    put(stdout, document.dump(2, ' ', false, Json::error_handler_t::replace) + "\n");
  } else if (items.empty()) {
    note("nothing to show");
  } else {
    put(stdout, table(style, items, columns));
  }
}

void print_error(const Error& error) {
  std::string text = "gatehouse: " + printable(error.message);
  if (!error.slug.empty()) text += "  [" + error.slug + "]";
  text += "\n";
  if (!error.help.empty()) text += "  help: " + printable(error.help) + "\n";
  put(stderr, text);
}

Output flush_output() {
  const bool failed_before = std::ferror(stdout) != 0;
  errno = 0;
  const bool flushed = std::fflush(stdout) == 0;
  const bool left = errno == EPIPE;
  std::clearerr(stdout);
  return flushed && !failed_before ? Output::kWritten : left ? Output::kReaderLeft : Output::kFailed;
}

void open_standard_streams(bool daemon) {
  for (int number = 0; number < 3; ++number) {
    if (::fcntl(number, F_GETFD) != -1) continue;
    const char* const path = number == STDOUT_FILENO && !daemon ? "/dev/full" : "/dev/null";
    [[maybe_unused]] const int opened = ::open(path, number == STDIN_FILENO ? O_RDONLY : O_WRONLY);  // gets the lowest number: this one
  }
}

void note(std::string_view text) { put(stderr, std::string(text) + "\n"); }

}  // namespace gatehouse::app
