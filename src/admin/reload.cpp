#include "reload.h"

#include "answers.h"

namespace gatehouse::admin {

namespace {

// Shared by the coroutine and the loader's callback, and touched on the exchange's loop only.
struct Pending {
  runtime::Waiter* waiter = nullptr;  // null: the exchange is gone
  bool done = false;
  ReloadView view;
};

struct Watch {
  std::shared_ptr<Pending> pending = std::make_shared<Pending>();
  explicit Watch(runtime::Waiter& waiter) { pending->waiter = &waiter; }
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;
  ~Watch() { pending->waiter = nullptr; }
};

void finish(Pending& pending, ReloadView view) {
  if (pending.done) return;
  pending.done = true;
  pending.view = std::move(view);
  if (pending.waiter != nullptr) pending.waiter->notify();
}

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
  const Watch watch(exchange.waiter());
  ports.reload([pending = watch.pending, &loop = exchange.loop()](ReloadView view) {
    loop.post([pending, view = std::move(view)] { finish(*pending, view); });
  });
  while (!watch.pending->done && !exchange.client_gone() && !exchange.draining()) co_await exchange.waiter().wait();
  if (watch.pending->done) {
    co_await exchange.respond(answer(watch.pending->view));
  } else if (!exchange.client_gone()) {
    co_await exchange.respond(http::problem(503, "stopping", "the daemon is stopping", exchange.client().request_id));
  }
}

}  // namespace gatehouse::admin
