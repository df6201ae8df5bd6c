#include <iostream>

#include "cli.h"
#include "cli_ask.h"
#include "cli_status.h"

namespace gatehouse::app {
namespace {

// A line for each thing, and below it one for each field that differs.
void print_plan(const Json& items) {
  for (const Json& item : items) {
    std::cout << printable(text_of(item, "action")) << "  " << printable(text_of(item, "kind")) << " " << printable(text_of(item, "name"));
    const std::string reason = text_of(item, "reason");
    std::cout << (reason.empty() ? "" : "  (" + printable(reason) + ")") << "\n";
    for (const Json& field : list_of(item, "fields")) {
      const auto shown = [&](const char* key) { return text_of(field, key).empty() ? std::string("-") : printable(text_of(field, key)); };
      std::cout << "    " << printable(text_of(field, "path")) << ": " << shown("observed") << " -> " << shown("desired") << "\n";
    }
  }
}

}  // namespace

// Nothing that differs is nothing to show.
int plan(const CliOptions& options) {
  int code = kFine;
  const Json answer = ask_json(options, "GET", "/admin/plan", code);
  if (code != kFine) return code;
  const Json items = list_of(answer, "items");
  const bool changes = answer.is_object() && answer.value("changes", Json(false)) == true;
  if (options.format == "json") print_items(options.style(), "Plan", items, {});
  else print_plan(items);
  if (!changes && !options.quiet) note("nothing to do");
  return changes && options.exit_code ? static_cast<int>(kDiffers) : static_cast<int>(kFine);
}

int reload(const CliOptions& options) {
  auto answer = ask(options, "POST", "/admin/reload");
  if (!answer) return fail(std::move(answer).error(), options);
  const Json body = Json::parse(answer->body, nullptr, false);
  if (answer->status == 422) {
    std::cerr << printable(text_of(body, "text"), true);
    print_error(make_error("config-refused", "nothing was changed: the configuration has errors"));
    return kWrongInput;
  }
  if (answer->status == 409) {
    std::cerr << printable(text_of(body, "text"), true);
    print_error(make_error("reload-failed", "nothing was changed: the configuration is right, but could not be put into effect"));
    return kFailed;
  }
  if (answer->status / 100 != 2) return fail(problem(*answer), options);
  print_items(options.style(), "ChangeList", list_of(body, "changes"), {{"path", "KEY"}, {"before", "BEFORE"}, {"after", "AFTER"}, {"needs_restart", "NEEDS RESTART"}});
  std::cerr << printable(text_of(body, "text"), true);  // warnings
  if (!options.quiet) note("reloaded");
  return kFine;
}

int status(const CliOptions& options) {
  int code = kFine;
  const Json answer = ask_json(options, "GET", "/admin/status", code);
  if (code != kFine) return code;
  if (!answer.is_object()) return fail(make_error("bad-answer", "the daemon's status is not an object"), options);
  if (options.format == "json") print_items(options.style(), "Status", Json::array({answer}), {});
  else std::cout << status_page(options.style(), answer, runtime::system_clock().wall());
  return kFine;
}

// For HEALTHCHECK and scripts: the exit code says it all. Only what is wrong with the words themselves is told.
int health(const CliOptions& options) {
  auto answer = ask(options, "GET", "/readyz");
  if (!answer && answer.error().slug == "unreachable") return kUnreachable;
  if (!answer && answer.error().slug == "timeout") return kFailed;
  if (!answer) return fail(std::move(answer).error(), options);
  if (options.format == "json") print_items(options.style(), "Health", Json::array({Json::parse(answer->body, nullptr, false)}), {});
  return answer->status == 200 ? kFine : kFailed;
}

}  // namespace gatehouse::app
