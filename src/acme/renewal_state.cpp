#include "gatehouse/acme/renewal.h"
#include "gatehouse/base/timestamp.h"
#include "json.h"

namespace gatehouse::acme {

namespace {

constexpr int kMaxCount = 1'000'000;

void put_time(Json& json, const char* name, runtime::WallTime time) {
  if (time != runtime::WallTime{}) json[name] = rfc3339(time);
}

int count_of(Members& members, const char* name) {
  const std::int64_t value = members.integer(name);
  if (value < 0 || value > kMaxCount) members.fail(name, "out of range");
  return static_cast<int>(std::clamp<std::int64_t>(value, 0, kMaxCount));
}

}  // namespace

std::string to_json(const RenewalState& state) {
  Json json = {{"renewal_id", state.renewal_id},
               {"directory", state.directory},
               {"share", state.share},
               {"unanswered", state.unanswered},
               {"transient_failures", state.transient_failures},
               {"validation_failures", state.validation_failures}};
  if (state.window) {
    json["window"] = {{"start", rfc3339(state.window->start)},
                      {"end", rfc3339(state.window->end)},
                      {"explanation", state.window->explanation}};
  }
  put_time(json, "obtained", state.obtained);
  put_time(json, "selected", state.selected);
  put_time(json, "next_question", state.next_question);
  put_time(json, "first_failure", state.first_failure);
  put_time(json, "last_failure", state.last_failure);
  put_time(json, "not_before", state.not_before);
  if (!state.last_error.empty()) json["last_error"] = state.last_error;
  if (!state.last_problem.empty()) json["last_problem"] = state.last_problem;
  return dump(json);
}

Result<RenewalState> parse_renewal_state(std::string_view text) {
  const auto json = parse_object(text, "the stored renewal");
  if (!json) return json.error();
  Members members(*json, "the stored renewal");
  const auto time = [&](const char* name) { return members.time(name).value_or(runtime::WallTime{}); };
  RenewalState state;
  state.renewal_id = members.text("renewal_id");
  state.directory = members.text("directory");
  const std::int64_t share = members.integer("share");
  if (share < 0 || share > UINT32_MAX) members.fail("share", "out of range");
  state.share = static_cast<std::uint32_t>(share);
  state.unanswered = count_of(members, "unanswered");
  state.transient_failures = count_of(members, "transient_failures");
  state.validation_failures = count_of(members, "validation_failures");
  if (members.has("window")) {
    Members window(members.object("window"), "the stored window");
    state.window = RenewalWindow{window.time("start").value_or(runtime::WallTime{}), window.time("end").value_or(runtime::WallTime{}),
                                 window.text("explanation")};
    if (state.window->end <= state.window->start) window.fail("end", "not behind the start");
    if (window.error()) members.take(*window.error());
  }
  state.obtained = time("obtained");
  state.selected = time("selected");
  state.next_question = time("next_question");
  state.first_failure = time("first_failure");
  state.last_failure = time("last_failure");
  state.not_before = time("not_before");
  state.last_error = members.text("last_error");
  state.last_problem = members.text("last_problem");
  if (members.error()) return *members.error();
  return state;
}

}  // namespace gatehouse::acme
