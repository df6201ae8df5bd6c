#include "backups.h"

#include <algorithm>

#include "answers.h"
#include "input.h"
#include "pending.h"

namespace gatehouse::admin {

namespace {

// What a request asks for by its path and its body.
Result<BackupRequest> request_of(const Endpoint& endpoint, const Call& call) {
  BackupRequest out;
  const std::string_view last = endpoint.path.substr(endpoint.path.rfind('/') + 1);
  out.what = last == "backups" ? "backup" : std::string(last);
  if (!call.params.empty()) out.id = call.params[0];
  if (endpoint.body == Body::kNone) return out;
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

}  // namespace

http::Response list_backups(const Call& call) {
  auto list = call.ports->backups();
  if (!list) return http::problem(500, list.error().slug, list.error().message, call.request_id);
  return {.status = 200, .content_type = "application/json", .body = *std::move(list), .headers = {}};
}

runtime::Task<void> back_up(http::Exchange& exchange, const Endpoint& endpoint, const Call& call) {
  auto request = request_of(endpoint, call);
  if (!request) {
    co_await exchange.respond(error_answer(request.error(), call.request_id));
    co_return;
  }
  const PendingAnswer<std::vector<BackupOutcome>> pending(exchange);
  call.ports->back_up(*std::move(request), pending.callback());
  while (!pending.done() && !exchange.client_gone() && !exchange.draining()) co_await exchange.waiter().wait();
  if (pending.done()) {
    co_await exchange.respond(answer(pending.view()));
  } else if (!exchange.client_gone()) {
    co_await exchange.respond(http::problem(503, "stopping", "the daemon is stopping", call.request_id));
  }
}

}  // namespace gatehouse::admin
