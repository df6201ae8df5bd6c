// A connection in the middle of a call: what was read and not yet given out, what is still to be sent. Only the functions that
// are tasks wait.
#pragma once

#include <memory>
#include <string>

#include "gatehouse/http/body_source.h"
#include "gatehouse/http/h1.h"
#include "upload.h"

namespace gatehouse::client {

struct Connection {
  using Step = Piece (Connection::*)();

  Connection(runtime::Loop& loop, std::string who, std::unique_ptr<tls::Stream> connected, Request& request);

  Result<bool> read_head();  // true: head and body are set; false: wait. Interim answers are passed over
  Piece read_body();
  void begin_raw();          // what follows is no HTTP any more
  Piece read_raw();
  Result<std::size_t> write_raw(std::string_view bytes);
  Status send();             // what can be sent of the request

  runtime::Task<Result<std::string_view>> await(Step step, std::chrono::milliseconds idle);
  runtime::Task<Result<std::string>> collect(std::size_t max_body);
  runtime::Task<Status> write(std::string_view bytes, std::chrono::milliseconds time);

  void set_waiter(runtime::Waiter* waiter) noexcept;
  Piece fail(Error why);

  runtime::Loop& loop;
  std::string who;                // in messages
  std::unique_ptr<tls::Stream> stream;
  http::Method method;
  std::string protocol;           // that an upgrade is asked for
  Head head;
  http::BodySource body;
  bool upgraded = false;
  bool failed = false;            // for the reason in `error`
  Error error;
  Upload upload;
  runtime::Waiter* woken = nullptr;

 private:
  Result<bool> parse_heads();
  Result<bool> take_head();
  bool make_room();
  Error malformed(std::string_view why) const;
  Error broken(std::string_view slug, std::string_view otherwise) const;

  std::string buffer_;
  std::size_t begin_ = 0, end_ = 0;             // of what was read and not yet used, until the body begins, and when raw
  http::ResponseParser parser_;
  std::unique_ptr<http::ResponseHead> parsed_;  // until the head is there
  std::size_t turn_bytes_ = 0;                  // given out or written since others could run
};

// Lets the connection wake the coroutine that waits now, and afterwards whoever was woken before.
class Watch {
 public:
  Watch(Connection& connection, runtime::Waiter& waiter) : connection_(connection), before_(connection.woken) {
    connection.set_waiter(&waiter);
  }
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;
  ~Watch() { connection_.set_waiter(before_); }

 private:
  Connection& connection_;
  runtime::Waiter* before_;
};

}  // namespace gatehouse::client
