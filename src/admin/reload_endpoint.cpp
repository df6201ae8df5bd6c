#include "answers.h"
#include "endpoints.h"

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

void reload(const Call& call, Done done) {
  call.ports->reload([done = std::move(done)](const ReloadView& view) { done(answer(view)); });
}

}  // namespace gatehouse::admin
