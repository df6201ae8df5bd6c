#include "reload.h"

#include "answers.h"
#include "pending.h"

namespace gatehouse::admin {

namespace {

Json diagnostics_of(const ReloadView& view) {
  Json diagnostics = Json::array();
  for (const ReloadDiagnostic& diagnostic : view.diagnostics) {
    diagnostics.push_back({{"file", diagnostic.file},
                           {"line", diagnostic.line},
                           {"column", diagnostic.column},
                           {"path", diagnostic.path},
                           {"message", diagnostic.message},
                           {"slug", diagnostic.slug},
                           {"help", diagnostic.help}});
  }
  return diagnostics;
}

http::Response answer(const ReloadView& view) {
  Json body{{"diagnostics", diagnostics_of(view)}, {"text", view.text}};  // warnings, when it went well
  if (!view.ok) return json_answer(body, view.valid ? 409 : 422);
  body["changes"] = Json::array();
  for (const ReloadChange& change : view.changes) {
    body["changes"].push_back({{"path", change.path},
                               {"before", change.before},
                               {"after", change.after},
                               {"needs_restart", change.needs_restart}});
  }
  return json_answer(body);
}

}  // namespace

runtime::Task<void> reload(http::Exchange& exchange, const Ports& ports) {
  const PendingAnswer<ReloadView> pending(exchange);
  ports.reload(pending.callback());
  while (!pending.done() && !exchange.client_gone() && !exchange.draining()) co_await exchange.waiter().wait();
  if (pending.done()) {
    co_await exchange.respond(answer(pending.view()));
  } else if (!exchange.client_gone()) {
    co_await exchange.respond(http::problem(503, "stopping", "the daemon is stopping", exchange.client().request_id));
  }
}

}  // namespace gatehouse::admin
