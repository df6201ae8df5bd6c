// Client: Podman's libpod API, versions 4.3.1 and 5.x, over a Unix socket or TCP with TLS. Coroutines on a loop, a connection
// for each call, a deadline on each, limits on all that is answered. Nothing is done twice: after an error of a call that
// changes something, look.
//
//   podman::Client podman({loop, resolver}, client::unix_peer("/run/podman/podman.sock"));
//   auto made = co_await podman.create(creation);
//   if (made) co_await podman.start(*made);
//
// What is so already is done: starting what runs, stopping what does not, making what exists, removing what does not.
//
// Errors: "podman-unreachable" (nobody listens: nothing was done), "podman-timeout" and "podman-lost" (no answer, or half of one:
// perhaps done), "podman-not-found", "podman-conflict" (a name is taken, a state forbids it), "podman-refused" (Podman says no;
// its words are the message), "podman-bad-answer" (not what the API promises).
//
// Owner: `app`. Thread: the loop's. Stop: destroy the coroutine; Podman may finish what was begun.
// Source: Podman's API reference, "libpod"; that errors of a pull and of events come inside of an answer 200 is not in it.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gatehouse/base/result.h"
#include "gatehouse/base/secret.h"
#include "gatehouse/client/fetch.h"
#include "gatehouse/podman/types.h"
#include "gatehouse/runtime/task.h"

namespace gatehouse::podman {

// "unix:///run/podman/podman.sock", "tcp://host:port" (needs `tls`). Slug "bad-socket".
Result<client::Peer> peer_of(std::string_view url, std::shared_ptr<const tls::ClientContext> tls = nullptr);

struct Deadlines {
  std::chrono::milliseconds look{5'000};
  std::chrono::milliseconds change{60'000};
  std::chrono::milliseconds after_grace{30'000};  // a stop: beyond the grace of the container
  std::chrono::milliseconds pull_idle{60'000};    // a pull: without a word
};

class Client {
 public:
  Client(client::Network network, client::Peer peer, Deadlines deadlines = {});

  runtime::Task<Result<Version>> ping();

  // Containers that carry this label, "key=value" or "key".
  runtime::Task<Result<std::vector<Listed>>> list(std::string label);
  runtime::Task<Result<Details>> inspect(std::string container);
  runtime::Task<Result<std::string>> create(Creation creation);  // the id
  runtime::Task<Status> start(std::string container);
  runtime::Task<Status> stop(std::string container, std::optional<std::chrono::milliseconds> grace);
  runtime::Task<Status> kill(std::string container, std::string signal = "SIGKILL");
  runtime::Task<Status> unpause(std::string container);
  runtime::Task<Status> remove(std::string container, bool force);
  runtime::Task<Status> update(std::string container, Limits limits);
  // Runs the container's health command once. It has no deadline in Podman before 5.6: the answer may come late or never.
  runtime::Task<Result<HealthRun>> run_health_command(std::string container, std::chrono::milliseconds deadline);

  runtime::Task<Result<std::vector<NetworkInfo>>> networks();
  runtime::Task<Status> create_network(std::string name, std::string subnet, Labels labels);
  runtime::Task<Status> connect(std::string container, std::string network, std::vector<std::string> aliases);
  runtime::Task<Status> disconnect(std::string container, std::string network);

  runtime::Task<Result<std::vector<std::string>>> volumes();
  runtime::Task<Status> create_volume(std::string name, Labels labels);
  runtime::Task<Status> remove_volume(std::string name);

  runtime::Task<Result<std::vector<std::string>>> secrets();
  runtime::Task<Result<Labels>> secret_labels(std::string name);  // a list does not tell them before 5.0
  runtime::Task<Status> create_secret(std::string name, Secret value, Labels labels);
  runtime::Task<Status> remove_secret(std::string name);

  // The id of an image, which is the digest of its configuration and stays the same wherever it is copied to: "sha256:…".
  runtime::Task<Result<std::string>> image(std::string reference);
  // The same of what was pulled. `progress` hears the words of the registry.
  runtime::Task<Result<std::string>> pull(std::string reference, bool if_newer, std::function<void(const PullProgress&)> progress);

  // Until the stream ends or `on_event` says false; the end is an error too ("podman-lost"). `opened` is called when Podman has
  // taken the request: what happens from then on is told. Events may come twice, and some are never told: they are hints.
  runtime::Task<Status> events(std::string label, std::function<void()> opened, std::function<bool(const Event&)> on_event);

  // Runs a program in a container; the value is its exit code, 127 when there is no such program. `input` gives what it reads,
  // piece by piece, until an empty one; null: nothing. What it writes goes to `output`, which is awaited before more is read.
  // "podman-timeout" when nothing moved for `idle`. Podman lets the program go on when the coroutine is destroyed, and before
  // it is told to wait less (exit_command_delay) keeps two small processes for five minutes after each.
  using Output = std::function<runtime::Task<Status>(bool error_stream, std::string bytes)>;
  runtime::Task<Result<int>> exec(std::string container, Execution what, client::Pieces input, Output output, std::chrono::milliseconds idle);

  // What the container says from now on, or from `since`, until it ends: then success.
  runtime::Task<Status> logs(std::string container, runtime::WallTime since, std::function<void(const LogLine&)> on_line);

 private:
  struct Call {
    std::string method;
    std::string target;  // below /libpod
    std::string body{};
    std::chrono::milliseconds deadline{0};
    std::size_t max_body = 1024 * 1024;
  };
  runtime::Task<Result<client::Answer>> ask(Call call);                    // any 2xx or 3xx, else the error
  runtime::Task<Status> change(Call call, std::string_view done_when = {});  // errors whose cause holds this are success
  client::Request request_of(Call call) const;

  client::Network network_;
  client::Peer peer_;
  Deadlines deadlines_;
};

}  // namespace gatehouse::podman
