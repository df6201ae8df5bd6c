#include "cli_words.h"

#include <algorithm>
#include <iostream>
#include <string_view>

#include "cli.h"
#include "cli_output.h"
#include "gatehouse/yaml/words.h"

namespace gatehouse::app {
namespace {

int refuse_word(std::string_view noun, const std::string& word) {
  const std::string near = yaml::suggest(word, words_after(noun));
  const std::string verb = noun.empty() ? word : std::string(noun) + " " + word;
  const std::string help = noun.empty() ? "gatehouse help" : "gatehouse help " + std::string(noun);
  if (const auto& later = later_verbs(); std::find(later.begin(), later.end(), verb) != later.end()) {
    print_error(make_error("not-available", "'" + verb + "' is not in this version", help));
    return kWrongInput;
  }
  print_error(make_error("unknown-verb", "there is no verb '" + verb + "'", near.empty() ? help : near));
  return kWrongInput;
}

// "--format" of "--format=json", "-q" of "-qv"; empty when the word is no flag.
std::string flag_of(const std::string& word) {
  if (word.size() < 2 || word[0] != '-' || word == "--") return {};
  return word[1] == '-' ? word.substr(0, word.find('=')) : word.substr(0, 2);
}

std::vector<std::string> flags_of(const CLI::App& verb) {
  std::vector<std::string> flags;
  for (const CLI::Option* const option : verb.get_options())
    for (const std::string& name : option->get_lnames()) flags.push_back("--" + name);
  return flags;
}

}  // namespace

CLI::App* find_verb(CLI::App& parent, const std::string& name) {
  for (CLI::App* const child : parent.get_subcommands([](CLI::App*) { return true; })) {
    if (child->get_name() == name) return child;
  }
  return nullptr;
}

std::optional<std::string> help_of(CLI::App& app, const std::vector<std::string>& words) {
  CLI::App* target = &app;
  std::string noun, before;
  for (const std::string& word : words) {
    CLI::App* const next = find_verb(*target, word);
    if (next == nullptr) {
      refuse_word(noun, word);
      return std::nullopt;
    }
    before += (before.empty() ? "" : " ") + target->get_name();
    noun = word;
    target = next;
  }
  return target->help(before);
}

std::optional<int> check_words(CLI::App& app, const std::vector<std::string>& words) {
  std::string noun;
  for (std::size_t i = 0; i < 2; ++i) {
    const std::vector<std::string> known = words_after(noun);
    if (known.empty()) return std::nullopt;
    if (i == words.size()) {
      std::cerr << help_of(app, words).value_or("");
      return kWrongInput;
    }
    if (words[i].starts_with('-')) return std::nullopt;
    if (std::find(known.begin(), known.end(), words[i]) == known.end()) return refuse_word(noun, words[i]);
    noun = words[i];
  }
  return std::nullopt;
}

int refuse_arguments(CLI::App& app, const std::vector<std::string>& words, const CLI::ParseError& error) {
  CLI::App* verb = &app;
  std::string help = "gatehouse help";
  auto word = words.begin();
  for (; word != words.end(); ++word) {
    CLI::App* const next = find_verb(*verb, *word);
    if (next == nullptr) break;
    verb = next;
    help += " " + *word;
  }
  for (; word != words.end() && *word != "--"; ++word) {
    const std::string flag = flag_of(*word);
    if (flag.empty() || verb->get_option_no_throw(flag) != nullptr) continue;
    const std::string near = yaml::suggest(flag, flags_of(*verb));
    print_error(make_error("bad-arguments", "there is no flag '" + flag + "' here", near.empty() ? help : near + " " + help));
    return kWrongInput;
  }
  const bool extra = dynamic_cast<const CLI::ExtrasError*>(&error) != nullptr && !verb->remaining().empty();
  print_error(make_error("bad-arguments", extra ? "'" + verb->remaining().front() + "' is one word too many" : error.what(), help));
  return kWrongInput;
}

std::string reference_of(CLI::App& app) {
  std::string text =
      "# Command line\n\nThis page is made by `gatehouse help --markdown`.\n\n"
      "Data goes to standard output, notes and errors to standard error. `--format json` gives `{\"kind\": …, \"version\": 1, \"items\": […]}`.\n"
      "Exit codes: 0 fine, 1 failed, 2 wrong input, 3 no daemon answers, 4 something differs (`plan --exit-code`), 130 interrupted.\n"
      "Errors end with a slug: [errors](errors.md).\n";
  for (const Verb& verb : verbs()) {
    std::vector<std::string> words;
    for (std::size_t at = 0; at < verb.name.size(); at += words.back().size() + 1)
      words.emplace_back(verb.name.substr(at, verb.name.find(' ', at) - at));
    const std::string help = help_of(app, words).value_or("");
    text += "\n## gatehouse " + std::string(verb.name) + "\n\n```text\n" + help.substr(0, help.find("\nDocs: ")) + "```\n";
  }
  return text;
}

}  // namespace gatehouse::app
