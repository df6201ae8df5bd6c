// Programs in containers: one connection, upgraded, for what goes in and what comes out.
#include "creation.h"
#include "gatehouse/podman/client.h"
#include "parse.h"
#include "target.h"

namespace gatehouse::podman {

namespace {

Error exec_error(const Error& error) { return make_error(error.slug == "timeout" ? "podman-timeout" : "podman-lost", error.message); }

// Both directions of one program. What the peer does not take waits here; what `output` does not take stays in the connection.
struct Conversation {
  client::Tunnel tunnel;
  client::Pieces input;
  Client::Output output;
  std::chrono::milliseconds idle;

  FrameReader frames{};
  std::string pending{};       // of the input
  std::size_t sent = 0;
  bool input_done = false;
  std::string told[2]{};       // by the program, not yet given to `output`
  bool ended = false;

  // A program that has read enough closes its end: what is left for it is not wanted.
  void stop_input() {
    input_done = true;
    pending.clear();
  }

  // True: something moved.
  Result<bool> step() {
    bool moved = false;
    if (sent < pending.size()) {
      auto taken = tunnel.try_write(std::string_view(pending).substr(sent));
      if (!taken) stop_input();
      else moved = (sent += *taken, *taken != 0);
    }
    const client::Piece piece = tunnel.try_read();
    if (piece.state == client::Piece::State::kWouldBlock) return moved;
    if (piece.state == client::Piece::State::kError) return exec_error(tunnel.error());
    ended = piece.state == client::Piece::State::kEnd;
    Status fed = frames.feed(piece.bytes, [&](bool error_stream, std::string_view bytes) { told[error_stream ? 1 : 0] += bytes; });
    if (!fed) return std::move(fed).error();
    return true;
  }
};

runtime::Task<Status> pass_output(Conversation& talk) {
  for (const bool error_stream : {false, true}) {
    std::string& told = talk.told[error_stream ? 1 : 0];
    if (told.empty()) continue;
    auto giving = talk.output(error_stream, std::exchange(told, {}));
    if (Status given = co_await giving; !given) co_return given;
  }
  co_return Status();
}

runtime::Task<Status> fetch_input(Conversation& talk) {
  auto asking = talk.input();
  auto piece = co_await asking;
  if (!piece) co_return std::move(piece).error();
  talk.pending = *std::move(piece);
  talk.sent = 0;
  if (talk.pending.empty()) {
    talk.input_done = true;
    talk.tunnel.shutdown_write();
  }
  co_return Status();
}

runtime::Task<Status> converse(runtime::Loop& loop, Conversation& talk) {
  runtime::Waiter waiter(loop);
  runtime::Timer timer(waiter);
  talk.tunnel.set_waiter(&waiter);
  const struct Leave {
    client::Tunnel& tunnel;
    ~Leave() { tunnel.set_waiter(nullptr); }
  } leave{talk.tunnel};
  timer.arm(talk.idle);
  while (!talk.ended) {
    if (!talk.input_done && talk.sent == talk.pending.size()) {
      auto fetching = fetch_input(talk);
      if (Status fetched = co_await fetching; !fetched) co_return fetched;
    }
    auto moved = talk.step();
    if (!moved) co_return std::move(moved).error();
    auto passing = pass_output(talk);
    if (Status passed = co_await passing; !passed) co_return passed;
    if (*moved) timer.arm(talk.idle);
    else if (timer.expired()) co_return make_error("podman-timeout", "a program in a container said nothing for too long");
    else co_await waiter.wait();
  }
  if (!talk.frames.whole()) co_return make_error("podman-lost", "what a program in a container says was cut off");
  co_return Status();
}

}  // namespace

runtime::Task<Result<int>> Client::exec(std::string container, Execution what, client::Pieces input, Output output, std::chrono::milliseconds idle) {
  auto making = ask({"POST", "/containers/" + encoded(container) + "/exec", execution_json(what), deadlines_.change});
  auto made = co_await making;
  if (!made) co_return std::move(made).error();
  auto id = parse_created(made->body);
  if (!id) co_return std::move(id).error();
  client::Request request = request_of({"POST", "/exec/" + *id + "/start", R"({"Detach":false,"Tty":false})", deadlines_.change});
  request.upgrade = "tcp";
  auto opening = client::open(network_, std::move(request));
  auto call = co_await opening;
  if (!call) co_return exec_error(call.error());
  if (!call->upgraded()) {
    auto body = co_await call->read_all(64 * 1024, deadlines_.look);
    co_return parse_error(call->head().status, body ? *body : std::string());
  }
  const bool has_input = input != nullptr;
  Conversation talk{.tunnel = call->take_tunnel(), .input = std::move(input), .output = std::move(output), .idle = idle};
  if (!has_input) {
    talk.input_done = true;
    talk.tunnel.shutdown_write();
  }
  auto talking = converse(network_.loop, talk);
  if (Status talked = co_await talking; !talked) co_return std::move(talked).error();
  auto asking = ask({"GET", "/exec/" + *id + "/json"});
  auto answer = co_await asking;
  if (!answer) co_return std::move(answer).error();
  auto state = parse_exec(answer->body);
  if (!state) co_return std::move(state).error();
  if (state->running) co_return make_error("podman-lost", "a program in a container has closed its output and runs on");
  co_return state->exit_code;
}

}  // namespace gatehouse::podman
