// Inbox: the mailbox between a child (on its loop) and one exchange (on its own, perhaps another). The child pushes, the
// exchange pops; both hold it by shared_ptr, so either may go first.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "gatehouse/jsonrpc/protocol.h"
#include "gatehouse/runtime/loop.h"

namespace gatehouse::stdio {

struct Event {
  enum class Type {
    kMessage,    // a notification or a request of the server
    kResponse,   // the answer to one request; `bytes` as for the client
    kFailed,     // there will be no answer to the request `id`: `refusal`
    kClosed,     // the stream ends, nothing follows
  };
  Type type = Type::kMessage;
  std::string bytes{};
  std::string id{};              // raw, of kResponse and kFailed
  jsonrpc::Refusal refusal{};    // of kFailed
  std::optional<std::int64_t> error_code{};  // of kResponse
  bool is_error = false;         // of kResponse: result.isError
};

class Inbox : public std::enable_shared_from_this<Inbox> {
 public:
  // `on_room` is called (on the reader's loop) when a full inbox has room again.
  Inbox(runtime::Loop& reader, std::size_t limit, std::function<void()> on_room)
      : loop_(reader), limit_(limit), on_room_(std::move(on_room)) {}

  // Producer. False: full from now on; wait for on_room before reading more (what was pushed is kept).
  bool push(Event event, const runtime::Loop& from);
  bool abandoned() const noexcept { return abandoned_.load(std::memory_order_acquire); }

  // Reader, on its loop.
  void attach(runtime::Waiter& waiter) noexcept { waiter_ = &waiter; }
  void detach() noexcept;
  std::optional<Event> pop();

 private:
  void wake(const runtime::Loop& from);

  runtime::Loop& loop_;
  const std::size_t limit_;
  std::function<void()> on_room_;
  runtime::Waiter* waiter_ = nullptr;  // reader's loop only
  std::atomic<bool> abandoned_{false};
  std::mutex mutex_;
  std::deque<Event> events_;
  std::size_t bytes_ = 0;
  bool full_ = false;
  bool wake_posted_ = false;
};

// The reader's end, as an object of the exchange's frame.
class InboxReader {
 public:
  InboxReader(std::shared_ptr<Inbox> inbox, runtime::Waiter& waiter) : inbox_(std::move(inbox)) { inbox_->attach(waiter); }
  InboxReader(const InboxReader&) = delete;
  InboxReader& operator=(const InboxReader&) = delete;
  ~InboxReader() { inbox_->detach(); }
  std::optional<Event> pop() { return inbox_->pop(); }

 private:
  std::shared_ptr<Inbox> inbox_;
};

}  // namespace gatehouse::stdio
