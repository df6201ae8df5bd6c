// Completion scripts, made from the table of verbs.
#include <iostream>

#include "cli.h"
#include "cli_output.h"
#include "cli_words.h"

namespace gatehouse::app {

namespace {

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : " ") + word;
  return text;
}

// Nouns with the verbs after them.
std::vector<std::pair<std::string, std::string>> nested() {
  std::vector<std::pair<std::string, std::string>> list;
  for (const std::string& noun : words_after())
    if (const std::string verbs = joined(words_after(noun)); !verbs.empty()) list.emplace_back(noun, verbs);
  return list;
}

std::string bash() {
  std::string text = "_gatehouse() {\n  local current=${COMP_WORDS[COMP_CWORD]} noun=${COMP_WORDS[1]} words=\"\"\n"
                     "  [[ $COMP_CWORD == 1 ]] && words=\"" + joined(words_after()) + "\"\n";
  for (const auto& [noun, verbs] : nested()) text += "  [[ $noun == " + noun + " && $COMP_CWORD == 2 ]] && words=\"" + verbs + "\"\n";
  return text + "  [[ ${COMP_WORDS[COMP_CWORD-1]} == --format ]] && words=\"table json\"\n"
                "  [[ $current == -* ]] && words=\"--help --format --socket --config\"\n"
                "  if [[ -z $words ]]; then COMPREPLY=($(compgen -f -- \"$current\")); return; fi\n"
                "  COMPREPLY=($(compgen -W \"$words\" -- \"$current\"))\n}\ncomplete -F _gatehouse gatehouse\n";
}

std::string zsh() {
  std::string text = "#compdef gatehouse\n_gatehouse() {\n  if [[ $words[CURRENT-1] == --format ]]; then compadd -- table json; return; fi\n"
                     "  if [[ $words[CURRENT] == -* ]]; then compadd -- --help --format --socket --config; return; fi\n"
                     "  if (( CURRENT == 2 )); then compadd -- " + joined(words_after()) + "; return; fi\n  case $CURRENT/$words[2] in\n";
  for (const auto& [noun, verbs] : nested()) text += "    3/" + noun + ") compadd -- " + verbs + " ;;\n";
  return text + "    *) _files ;;\n  esac\n}\ncompdef _gatehouse gatehouse\n";
}

std::string fish() {
  std::string text = "complete -c gatehouse -n __fish_use_subcommand -f -a '" + joined(words_after()) + "'\n";
  for (const auto& [noun, verbs] : nested())
    text += "complete -c gatehouse -n '__fish_seen_subcommand_from " + noun + "; and not __fish_seen_subcommand_from " + verbs + "' -f -a '" + verbs + "'\n";
  return text + "complete -c gatehouse -l format -x -a 'table json'\ncomplete -c gatehouse -l help -f\n"
                "complete -c gatehouse -l socket -r\ncomplete -c gatehouse -l config -r\n";
}

}  // namespace

int completion(const std::string& shell) {
  static constexpr std::pair<std::string_view, std::string (*)()> kShells[] = {{"bash", bash}, {"zsh", zsh}, {"fish", fish}};
  for (const auto& [name, script] : kShells) {
    if (name != shell) continue;
    std::cout << script();
    return kFine;
  }
  print_error(make_error("unknown-shell", "no completion for '" + shell + "'", "gatehouse completion bash, zsh or fish"));
  return kWrongInput;
}

}  // namespace gatehouse::app
