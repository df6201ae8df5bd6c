#include <utility>

#include "answers.h"
#include "endpoints.h"
#include "input.h"

namespace gatehouse::admin {

namespace {

// What a body may ask for: a name, or where to.
Result<BackupRequest> read(const Call& call, BackupRequest out) {
  const bool restores = out.what == "restore";
  auto input = restores ? Input::parse(call.body, {"into", "confirm"}) : Input::parse(call.body, {"name"});
  if (!input) return std::move(input).error();
  out.name = restores ? "" : input->text("name").value_or("");
  const std::string into = restores ? input->required_text("into") : "scratch";
  out.confirm = restores ? input->text("confirm").value_or("") : "";
  out.live = into == "live";
  if (!input->error() && into != "live" && into != "scratch") input->fail("into must be scratch or live");
  if (input->error()) return *input->error();
  return out;
}

Json json_of(const BackupOutcome& outcome) {
  Json error;
  if (outcome.error) error = {{"slug", outcome.error->slug}, {"message", outcome.error->message}, {"help", outcome.error->help}};
  return {{"what", outcome.what},
          {"service", outcome.target},
          {"id", text_or_null(outcome.id)},
          {"ok", !outcome.error},
          {"error", std::move(error)},
          {"took_ms", outcome.took.count()},
          {"bytes", outcome.bytes},
          {"place", text_or_null(outcome.place)},
          {"safety", text_or_null(outcome.safety)}};
}

int status_of(const std::vector<BackupOutcome>& outcomes) {
  static constexpr std::pair<std::string_view, int> kStatuses[] = {
      {"unknown-backup", 404}, {"unknown-target", 404}, {"not-confirmed", 422}, {"backup-busy", 409}, {"state-in-use", 409}, {"target-not-ready", 409}};
  for (const BackupOutcome& outcome : outcomes) {
    if (!outcome.error) continue;
    for (const auto& [slug, status] : kStatuses)
      if (outcome.error->slug == slug) return status;
    return 500;
  }
  return 200;
}

http::Response answer(const std::vector<BackupOutcome>& outcomes) {
  Json items = Json::array();
  for (const BackupOutcome& outcome : outcomes) items.push_back(json_of(outcome));
  return json_answer({{"items", std::move(items)}}, status_of(outcomes));
}

void begin(const Call& call, const Result<BackupRequest>& request, const Done& done) {
  if (!request) return done(error_answer(request.error(), call.request_id));
  call.ports->back_up(*request, [done](const std::vector<BackupOutcome>& outcomes) { done(answer(outcomes)); });
}

BackupRequest asked(std::string_view what, const Call& call) {
  BackupRequest request;
  request.what = what;
  if (!call.params.empty()) request.id = call.params[0];
  return request;
}

}  // namespace

http::Response list_backups(const Call& call) {
  auto list = call.ports->backups();
  if (!list) return http::problem(500, list.error().slug, list.error().message, call.request_id);
  return {.status = 200, .content_type = "application/json", .body = *std::move(list), .headers = {}};
}

void take_backup(const Call& call, Done done) { begin(call, read(call, asked("backup", call)), done); }
void drill_backup(const Call& call, Done done) { begin(call, read(call, asked("drill", call)), done); }
void verify_backup(const Call& call, Done done) { begin(call, asked("verify", call), done); }
void restore_backup(const Call& call, Done done) { begin(call, read(call, asked("restore", call)), done); }

}  // namespace gatehouse::admin
