// The words of a command line before they mean something: which verb, what is wrong with them, what completes them.
#pragma once

#include <CLI/CLI.hpp>
#include <optional>
#include <string>
#include <vector>

namespace gatehouse::app {

CLI::App* find_verb(CLI::App& parent, const std::string& name);  // nullptr: there is none

// Verbs are checked before the flags: a typing error gets a suggestion, a missing verb the help. Nothing: go on.
std::optional<int> check_words(CLI::App& app, const std::vector<std::string>& words);

// What cannot be parsed: the first flag that the verb does not have, with the nearest that it has; else the parser's words.
int refuse_arguments(CLI::App& app, const std::vector<std::string>& words, const CLI::ParseError& error);

// The help of the verb or noun that the words name; nothing when they name none (printed already).
std::optional<std::string> help_of(CLI::App& app, const std::vector<std::string>& words);

// The help of all verbs, in Markdown: docs/reference/cli.md.
std::string reference_of(CLI::App& app);

int completion(const std::string& shell);  // bash, zsh, fish

}  // namespace gatehouse::app
