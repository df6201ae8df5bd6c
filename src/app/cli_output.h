// What the command line prints: tables that fit the terminal, JSON documents, errors.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "gatehouse/base/result.h"

namespace gatehouse::app {

using Json = nlohmann::json;

struct Column {
  const char* key;
  const char* title;
};

struct Style {
  bool json = false;
  bool color = false;      // of stdout
  std::size_t width = 0;   // columns of the terminal; 0: no terminal, nothing is cut
};

// Looks at stdout, NO_COLOR and TERM.
Style stdout_style(bool json, bool no_color);

// {kind, version, items} or a table; an empty table is one line on stderr.
void print_items(const Style& style, std::string_view kind, const Json& items, const std::vector<Column>& columns);
std::string table(const Style& style, const Json& items, const std::vector<Column>& columns);

// Control characters would let a server's words move the cursor or change the title: they become '?', but for
// line breaks and tabs when `lines`.
std::string printable(std::string_view text, bool lines = false);

// "gatehouse: message  [slug]", then the help.
void print_error(const Error& error);
void note(std::string_view text);  // to stderr

// Writes what was printed. A failure is told once: a full disk, or a reader that has read enough (`| head`).
enum class Output { kWritten, kFailed, kReaderLeft };
Output flush_output();

// Descriptors 0 to 2 that are closed are opened: a socket or a file must not get their numbers. Writing to a closed stdout
// stays an error, but for the daemon, whose log may be unwanted.
void open_standard_streams(bool daemon);

}  // namespace gatehouse::app
