// Children: the stdio server processes of one loop. A legacy session has a child of its own; the modern requests of one
// principal to one server share a child, which is asked first (server/discover) whether it speaks 2026-07-28.
//
//   children.start_session(server, submission);     // its key is the submission's group
//   while (auto event = reader.pop()) …             // answers come through the submission's Inbox
//   children.release(submission->group, false);     // always, when the exchange is over
//
// Whatever is refused is answered through the inbox: kFailed, with a Refusal, for each request of the submission.
// Owner: the lane of the gateway on that loop. Thread: the loop's. Stop: drain() ends each child when it has no open call;
// the destructor kills and reaps what is left.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "gatehouse/jsonrpc/protocol.h"
#include "gatehouse/runtime/task.h"
#include "gatehouse/stdio/inbox.h"
#include "gatehouse/stdio/server.h"

namespace gatehouse::stdio {

class Child;

// What a client sent: one message or a batch. The envelopes point into the body.
struct Submission {
  std::string body;
  std::vector<jsonrpc::Envelope> messages;
  std::uint64_t group = 0;        // names the exchange; unique in the program, never 0
  std::shared_ptr<Inbox> inbox;   // null when nothing in it asks for an answer
};

// Whose modern requests share a child.
struct Owner {
  std::string principal;          // tells owners apart
  std::int64_t user_id = 0;       // 0: nobody that is known
};

struct Limits {
  std::size_t message_bytes = 0;       // of a client
  std::size_t answer_bytes = 0;        // one message of the server
  std::size_t queue_bytes = 0;         // for a standalone stream that nobody reads
  std::chrono::milliseconds idle{0};   // a shared child without calls ends after this
};

class Children {
 public:
  using Key = std::uint64_t;
  using OnEnd = std::function<void(const std::string& session)>;  // the child of a bound session has ended

  Children(runtime::Loop& loop, Observer& observer, OnEnd on_end);
  Children(const Children&) = delete;
  Children& operator=(const Children&) = delete;
  ~Children();

  void set_limits(Limits limits) noexcept { limits_ = limits; }    // of children started from now on

  void start_session(const std::shared_ptr<const Server>& server, const std::shared_ptr<const Submission>& first);
  bool bind(Key key, const std::string& session);  // false: the child is gone already, or going
  // Why it was refused, for a submission without an inbox.
  jsonrpc::Refusal submit(Key key, const std::shared_ptr<const Submission>& submission);
  void submit_shared(const std::shared_ptr<const Server>& server, const Owner& owner,
                     const std::shared_ptr<const Submission>& submission);
  void listen(Key key, std::uint64_t group, std::shared_ptr<Inbox> inbox);  // the standalone stream; replaces an earlier one
  void release(std::uint64_t group, bool cancel);  // its exchange is over; open calls are cancelled, or left alone
  void resume(std::uint64_t group);                // a full inbox has room again
  void stop(Key key, const char* reason);
  void stop_shared_unless(const std::function<bool(const Server&, const Owner&)>& wanted);
  void drain();

 private:
  using SharedKey = std::pair<const Server*, std::string>;   // server, principal
  struct Shared {
    Key key;
    Owner owner;
  };

  Child* find(Key key) const;
  bool start(Key key, const std::shared_ptr<const Server>& server, jsonrpc::Era era, const Submission& first);
  static runtime::Task<void> supervise(Children& children, Key key, std::unique_ptr<Child> child);
  void ended(Key key, const Child& child);

  runtime::Loop& loop_;
  Observer& observer_;
  const OnEnd on_end_;
  Limits limits_;
  bool draining_ = false;
  std::unordered_map<Key, Child*> children_;
  std::map<SharedKey, Shared> shared_children_;
  std::unordered_map<std::uint64_t, Key> groups_;
  runtime::TaskGroup tasks_;
};

}  // namespace gatehouse::stdio
