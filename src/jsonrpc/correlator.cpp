#include "gatehouse/jsonrpc/correlator.h"

#include <algorithm>
#include <array>
#include <charconv>

#include "gatehouse/base/encoding.h"
#include "remains.h"

namespace gatehouse::jsonrpc {

namespace {

constexpr std::size_t kFinishedTokens = 64;
constexpr std::uint32_t kServerDepth = 1024;  // schemas nest deeper than what clients send
constexpr std::size_t kTail = 256;
constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

std::optional<Correlator::Number> number_of(Raw raw) noexcept {
  Correlator::Number number = 0;
  const auto parsed = std::from_chars(raw.data(), raw.data() + raw.size(), number);
  if (raw.empty() || parsed.ec != std::errc() || parsed.ptr != raw.data() + raw.size()) return std::nullopt;
  return number;
}

// One of our numbers, though the server gave it back as a string.
std::optional<Correlator::Number> number_in(Raw id) noexcept {
  if (id.size() > 2 && id.front() == '"') return number_of(id.substr(1, id.size() - 2));
  return number_of(id);
}

// Strings may be spelled in several ways.
bool same_id(Raw a, Raw b) {
  if (a == b) return true;
  return a.starts_with('"') && b.starts_with('"') && decode_string(a) == decode_string(b);
}

}  // namespace

std::string Correlator::one_line(std::string_view message) {
  std::string line(message);
  // Inside strings JSON has no raw line ends, so these are white space.
  std::replace_if(line.begin(), line.end(), [](char c) { return c == '\n' || c == '\r'; }, ' ');
  return line += '\n';
}

std::string Correlator::cancel_line(Number number, std::string_view why) {
  std::string line = R"({"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":)" + std::to_string(number) + R"(,"reason":)";
  append_json_string(line, why);
  return line += "}}\n";
}

std::string Correlator::refuse_line(Raw id, int code, std::string_view message) { return error_body(id, code, message) + "\n"; }

Correlator::Outgoing Correlator::begin(const Envelope& request, std::uint64_t group) {
  const Number number = ++last_;
  Call& call = calls_[number];
  call.id = request.id;
  call.token = request.progress_token;
  call.group = group;
  call.wants_log = !request.meta_log_level.empty();
  call.starting = request.method == "initialize";
  const std::string text = std::to_string(number);
  const std::array<Edit, 2> edits{{{request.id, text}, {request.progress_token, text}}};
  return {number, one_line(splice(request.bytes, edits))};
}

std::string Correlator::own_request(std::string_view method, std::string_view params, Number* number) {
  *number = ++last_;
  calls_[*number].id = std::to_string(*number);
  std::string line = R"({"jsonrpc":"2.0","id":)" + std::to_string(*number) + R"(,"method":)";
  append_json_string(line, method);
  return line.append(R"(,"params":)").append(params) += "}\n";
}

std::optional<std::string> Correlator::translate(const Envelope& message) const {
  if (message.method != "notifications/cancelled") return one_line(message.bytes);
  for (const auto& [number, call] : calls_) {
    if (call.abandoned || !same_id(call.id, message.request_id)) continue;
    const std::string text = std::to_string(number);
    const std::array<Edit, 1> edits{{{message.request_id, text}}};
    return one_line(splice(message.bytes, edits));
  }
  return std::nullopt;
}

const Correlator::Call* Correlator::find(Number number) const noexcept {
  const auto found = calls_.find(number);
  return found == calls_.end() ? nullptr : &found->second;
}

bool Correlator::awaited_besides(std::uint64_t group) const noexcept {
  return std::any_of(calls_.begin(), calls_.end(),
                     [group](const auto& entry) { return entry.second.group != group && !entry.second.abandoned; });
}

void Correlator::abandon(Number number) noexcept {
  if (const auto found = calls_.find(number); found != calls_.end()) found->second.abandoned = true;
}

void Correlator::forget(Number number) { calls_.erase(number); }

std::vector<Correlator::Number> Correlator::numbers_of(std::uint64_t group) const {
  std::vector<Number> numbers;
  for (const auto& [number, call] : calls_)
    if (call.group == group) numbers.push_back(number);
  return numbers;
}

std::vector<std::pair<Correlator::Number, Correlator::Call>> Correlator::take_if_id(Raw id) {
  std::vector<std::pair<Number, Call>> taken;
  for (auto at = calls_.begin(); at != calls_.end();) {
    const bool matches = !at->second.abandoned && same_id(at->second.id, id);
    if (matches) taken.emplace_back(at->first, std::move(at->second));
    at = matches ? calls_.erase(at) : std::next(at);
  }
  return taken;
}

void Correlator::finish(Number number) {
  const auto found = calls_.find(number);
  if (!found->second.token.empty()) finished_.push_back({number, std::move(found->second.token)});
  if (finished_.size() > kFinishedTokens) finished_.pop_front();
  calls_.erase(found);
}

std::vector<std::pair<Correlator::Number, Correlator::Call>> Correlator::take_all() {
  std::vector<std::pair<Number, Call>> all;
  for (auto& [number, call] : calls_) all.emplace_back(number, std::move(call));
  calls_.clear();
  return all;
}

std::vector<Correlator::Incoming> Correlator::route(std::string_view line) {
  const ScanLimits limits{.max_depth = kServerDepth};
  std::vector<Incoming> out;
  const auto take = [&](Incoming message) {
    if (message.answer) finish(message.number);
    out.push_back(std::move(message));
  };
  if (line.starts_with(kByteOrderMark)) line.remove_prefix(kByteOrderMark.size());
  const Envelope envelope = scan(line, limits);
  if (envelope.kind == Kind::kBatch)
    for (const Envelope& element : scan_batch(line, limits)) take(route_one(element));
  else if (envelope.kind == Kind::kBadJson)
    take(unreadable(line, line.substr(line.size() - std::min(line.size(), kTail)), "garbage", envelope.problem));
  else
    take(route_one(envelope));
  return out;
}

Correlator::Incoming Correlator::route_too_long(std::string_view head, std::string_view tail) {
  const Remains remains = remains_of(head, tail);
  Incoming out = unreadable(head, tail, "too_long", "too_long");
  if (!out.answer && remains.id.empty() && remains.may_answer() && calls_.size() == 1) out = failed(calls_.begin()->first, "too_long");
  if (out.answer) finish(out.number);
  return out;
}

// Nobody's, unless it says itself that it is the answer to one of our calls.
Correlator::Incoming Correlator::unreadable(std::string_view head, std::string_view tail, const char* reason, const char* problem) const {
  const Remains remains = remains_of(head, tail);
  const std::optional<Number> number = remains.may_answer() ? number_in(remains.id) : std::nullopt;
  if (!number || find(*number) == nullptr) return {.reason = reason};
  return failed(*number, problem);
}

Correlator::Incoming Correlator::failed(Number number, const char* problem) const {
  Incoming out = to_call(number, {});
  out.answer = out.failed = true;
  out.reason = problem;
  out.id = find(number)->id;
  return out;
}

Correlator::Incoming Correlator::to_call(Number number, std::string bytes) const {
  Incoming out;
  const Call& call = *find(number);
  out.to = Incoming::To::kCall;
  out.number = number;
  out.group = call.group;
  out.bytes = std::move(bytes);
  return out;
}

Correlator::Incoming Correlator::answer(const Envelope& message) const {
  if (message.kind != Kind::kResponse) return unreadable(message.bytes, {}, "bad_message", message.problem);
  if (message.id_null && calls_.size() == 1) return error_without_id(message);
  const std::optional<Number> number = number_in(message.id);
  const Call* call = number ? find(*number) : nullptr;
  if (call == nullptr) return {.reason = "unknown_id"};
  if (message.id.front() == '"') return failed(*number, "id_type");
  const bool own_subscription = message.meta_subscription == message.id;
  const std::array<Edit, 2> edits{{{message.id, call->id}, {own_subscription ? message.meta_subscription : Raw(), call->id}}};
  Incoming out = to_call(*number, splice(message.bytes, edits));
  out.answer = true;
  out.id = call->id;
  out.error_code = message.error_code;
  out.is_error = message.is_error;
  return out;
}

// The server could not read the id: it can only mean the one call that is open.
Correlator::Incoming Correlator::error_without_id(const Envelope& message) const {
  const auto& [number, call] = *calls_.begin();
  Incoming out = to_call(number, R"({"jsonrpc":"2.0","id":)" + call.id + R"(,"error":)" + std::string(message.error) + "}");
  out.answer = true;
  out.id = call.id;
  out.error_code = message.error_code;
  return out;
}

std::optional<Correlator::Number> Correlator::sole_call(bool wants_log) const noexcept {
  std::optional<Number> found;
  std::uint64_t group = 0;
  for (const auto& [number, call] : calls_) {
    if (call.abandoned || call.starting || (wants_log && !call.wants_log)) continue;
    if (found && call.group != group) return std::nullopt;
    found = number;
    group = call.group;
  }
  return found;
}

Correlator::Incoming Correlator::unrelated(const Envelope& message) const {
  const bool request = message.kind == Kind::kRequest;
  if (request && message.method == "ping")
    return {.to = Incoming::To::kServer, .bytes = R"({"jsonrpc":"2.0","id":)" + std::string(message.id) + R"(,"result":{}})" "\n"};
  const bool modern = era_ == Era::kModern;
  if (request && modern)
    return {.to = Incoming::To::kServer,
            .bytes = refuse_line(message.id, kMethodNotFound, "Servers send no requests in 2026-07-28"),
            .reason = "server_request"};
  if (modern && message.method != "notifications/message") return {.reason = "unrelated"};
  const std::optional<Number> sole = sole_call(modern);
  if (!sole && modern) return {.reason = "unrelated_log"};
  Incoming out;
  if (sole)
    out = to_call(*sole, std::string(message.bytes));
  else
    out = {.to = Incoming::To::kStandalone, .bytes = std::string(message.bytes)};
  out.request = request;
  if (request) out.server_id = message.id;
  return out;
}

Correlator::Incoming Correlator::route_one(const Envelope& message) const {
  const bool request_like = !message.method.empty() && message.result.empty() && message.error.empty();
  if (message.kind == Kind::kBadShape && request_like) return {.reason = "bad_message"};
  if (message.kind == Kind::kResponse || message.kind == Kind::kBadShape) return answer(message);
  if (message.kind == Kind::kRequest) return unrelated(message);

  // A notification that names a call by one of our numbers.
  const bool progress = message.method == "notifications/progress";
  const bool cancelled = message.method == "notifications/cancelled" && era_ == Era::kModern;
  const Raw reference = progress ? message.progress : cancelled ? message.request_id : message.meta_subscription;
  const std::optional<Number> number = number_of(reference);
  const Call* call = number ? find(*number) : nullptr;
  if (call != nullptr && !(progress && call->token.empty())) {
    const std::string& original = progress ? call->token : call->id;
    const std::array<Edit, 2> edits{{{reference, original},
                                     {cancelled && message.meta_subscription == reference ? message.meta_subscription : Raw(), original}}};
    return to_call(*number, splice(message.bytes, edits));
  }
  if (!progress) return unrelated(message);
  const auto late = std::find_if(finished_.begin(), finished_.end(), [&](const Finished& f) { return number && f.number == *number; });
  if (late == finished_.end() || era_ == Era::kModern) return {.reason = "unknown_token"};
  const std::array<Edit, 1> edits{{{reference, late->token}}};
  return {.to = Incoming::To::kStandalone, .bytes = splice(message.bytes, edits)};
}

}  // namespace gatehouse::jsonrpc
