// The command line. Exit codes: 0 fine, 1 the work failed, 2 the input was wrong, 3 the daemon is not reachable.
// stdout carries data only; notes and errors go to stderr.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace gatehouse::app {

enum ExitCode : int { kFine = 0, kFailed = 1, kWrongInput = 2, kUnreachable = 3, kDiffers = 4 };

struct Verb {
  std::string_view name;      // "config explain"
  std::string_view summary;
  std::string_view examples;  // lines of help, with two spaces in front
  bool reads;                 // takes --format table|json
};
const std::vector<Verb>& verbs();

// Verbs that are decided and not built; each goes when its verb comes.
const std::vector<std::string_view>& later_verbs();

// The words that may come first, or after a noun ("users": add, list); in the order of the table, each once.
std::vector<std::string> words_after(std::string_view noun = {});
std::string noun_summary(const std::string& noun);

int run_cli(int argc, const char* const* argv);  // all of main()

}  // namespace gatehouse::app
