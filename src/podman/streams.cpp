// Answers that come piece by piece: pulls, events, logs.
#include <sys/types.h>

#include "creation.h"
#include "gatehouse/base/timestamp.h"
#include "gatehouse/podman/client.h"
#include "json.h"
#include "parse.h"
#include "target.h"

namespace gatehouse::podman {

namespace {

constexpr std::size_t kMaxLine = 256 * 1024;
constexpr std::size_t kMaxLogText = 64 * 1024;
constexpr std::size_t kMaxError = 64 * 1024;
constexpr std::chrono::milliseconds kErrorTime{5'000};

Error stream_error(const Error& error) {
  return make_error(error.slug == "timeout" ? "podman-timeout" : "podman-lost", error.message);
}

// An answer with an error status has a short body.
runtime::Task<Status> check_status(client::Call& call) {
  const int status = call.head().status;
  if (status < 400) co_return Status();
  auto body = co_await call.read_all(kMaxError, kErrorTime);
  co_return parse_error(status, body ? *body : std::string());
}

// What a pull has said so far.
struct Pulled {
  std::string image;
  std::optional<Error> error;

  void take(std::string_view line, const std::function<void(const PullProgress&)>& progress) {
    if (line.empty()) return;
    auto said = parse_pull_line(line);
    if (!said) {
      error = std::move(said).error();
    } else if (!said->error.empty()) {
      error = make_error("podman-refused", said->error);
    } else {
      if (!said->image.empty()) image = image_id(said->image);
      progress(*said);
    }
  }
};

}  // namespace

runtime::Task<Result<std::string>> Client::pull(std::string reference, bool if_newer,
                                                std::function<void(const PullProgress&)> progress) {
  const std::string policy = if_newer ? "newer" : "missing";
  client::Request request = request_of({"POST", "/images/pull?policy=" + policy + "&reference=" + encoded(reference), {}, deadlines_.pull_idle});
  auto opening = client::open(network_, std::move(request));
  auto call = co_await opening;
  if (!call) co_return stream_error(call.error());
  Status good = co_await check_status(*call);
  if (!good) co_return std::move(good).error();
  LineSplitter lines(kMaxLine);
  Pulled pulled;
  std::string line;
  for (;;) {
    auto piece = co_await call->read(deadlines_.pull_idle);
    if (!piece) co_return stream_error(piece.error());
    if (!lines.feed(*piece)) co_return bad_answer("the progress of a pull: a line is too long");
    while (lines.next(line)) pulled.take(line, progress);
    if (piece->empty()) break;
  }
  pulled.take(lines.rest(), progress);
  if (pulled.error) co_return *std::move(pulled.error);
  if (pulled.image.empty()) co_return make_error("podman-lost", "the pull of " + reference + " ended without a result");
  co_return std::move(pulled.image);
}

// The head of the answer may come with the first event only (before 5.3): there is no deadline for it.
runtime::Task<Status> Client::events(std::string label, std::function<void()> opened, std::function<bool(const Event&)> on_event) {
  const std::string filters = encoded(Json{{"label", {label}}, {"type", {"container"}}}.dump());
  client::Request request = request_of({"GET", "/events?stream=true&filters=" + filters});
  request.head_deadline = client::kForever;
  opened();
  auto opening = client::open(network_, std::move(request));
  auto call = co_await opening;
  if (!call) co_return stream_error(call.error());
  Status good = co_await check_status(*call);
  if (!good) co_return good;
  LineSplitter lines(kMaxLine);
  std::string line;
  for (;;) {
    auto piece = co_await call->read();
    if (!piece) co_return stream_error(piece.error());
    if (piece->empty()) co_return make_error("podman-lost", "the stream of events has ended");
    if (!lines.feed(*piece)) co_return bad_answer("an event: a line is too long");
    while (lines.next(line)) {
      auto event = parse_event(line);
      if (!event) co_return std::move(event).error();
      if (!on_event(*event)) co_return Status();
    }
  }
}

runtime::Task<Status> Client::logs(std::string container, runtime::WallTime since, std::function<void(const LogLine&)> on_line) {
  std::string target = "/containers/" + encoded(container) + "/logs?follow=true&stdout=true&stderr=true&since=" + encoded(rfc3339(since));
  client::Request request = request_of({"GET", std::move(target)});
  request.head_deadline = client::kForever;
  auto opening = client::open(network_, std::move(request));
  auto call = co_await opening;
  if (!call) co_return stream_error(call.error());
  Status good = co_await check_status(*call);
  if (!good) co_return good;
  LogReader reader(kMaxLogText);
  std::vector<LogLine> lines;
  for (bool more = true; more;) {
    auto piece = co_await call->read();
    if (!piece) co_return stream_error(piece.error());
    more = !piece->empty();
    if (Status fed = reader.feed(*piece, lines); !fed) co_return fed;
    if (!more) reader.finish(lines);
    for (const LogLine& line : lines) on_line(line);
    lines.clear();
  }
  co_return Status();
}

}  // namespace gatehouse::podman
