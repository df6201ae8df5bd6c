// Correlator: several requests on one stdio connection. Requests get ids (and progress tokens) of our own, unique on the
// connection; what comes back gets the client's, byte for byte. Everything else in a message stays as it is, except that
// line ends between tokens become blanks (one message, one line).
//
// It also says to whom a message of the server belongs: to a call, by its id, progress token or subscription id; else to
// the only call that is open; else to nobody (the standalone stream). An error with the id null (JSON-RPC 2.0, section 5: the
// server could not read the id) is the answer to the only call, when there is just one. Sans-IO. Thread: one.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "gatehouse/jsonrpc/envelope.h"
#include "gatehouse/jsonrpc/protocol.h"

namespace gatehouse::jsonrpc {

class Correlator {
 public:
  using Number = std::uint64_t;

  // Requests of one exchange share a `group`: for "the only call that is open" a batch counts as one.
  struct Call {
    std::string id;         // raw
    std::string token;      // raw; empty: none
    std::uint64_t group = 0;
    bool wants_log = false; // modern: _meta names a log level
    bool abandoned = false; // its client is gone; the answer is awaited only to be dropped
    bool starting = false;  // initialize: nothing but the answer goes to it
  };

  struct Outgoing {
    Number number = 0;
    std::string line;       // with its '\n'
  };

  struct Incoming {
    enum class To { kCall, kStandalone, kServer, kNobody };
    To to = To::kNobody;
    Number number = 0;          // of the call
    bool answer = false;        // the call is over
    bool failed = false;        // the answer was unusable, `reason` says why; `bytes` is empty
    std::string bytes{};        // for the client; for kServer: the line to send back
    const char* reason = "";    // why kNobody, or why failed
    std::uint64_t group = 0;    // of the call, also when it is over
    std::string id{};           // raw, of the call that is over
    std::optional<std::int64_t> error_code{};
    bool is_error = false;
    bool request = false;       // of the server; somebody has to answer it
    std::string server_id{};    // raw, of that request
  };

  explicit Correlator(Era era) noexcept : era_(era) {}

  Outgoing begin(const Envelope& request, std::uint64_t group);
  // A notification or a response of the client. Nothing: it is about a call that is over.
  std::optional<std::string> translate(const Envelope& message) const;
  std::string own_request(std::string_view method, std::string_view params, Number* number);  // `number` answers come as kCall
  std::vector<Incoming> route(std::string_view line);
  // Of a line that was too long to be kept: how it began and how it ended. An answer without an id that can be seen is that
  // to the only call, when there is just one.
  Incoming route_too_long(std::string_view head, std::string_view tail);

  const Call* find(Number number) const noexcept;
  std::size_t open_calls() const noexcept { return calls_.size(); }
  bool awaited_besides(std::uint64_t group) const noexcept;  // somebody else waits for an answer
  void abandon(Number number) noexcept;
  void forget(Number number);                              // a late answer goes to nobody
  std::vector<Number> numbers_of(std::uint64_t group) const;
  std::vector<std::pair<Number, Call>> take_if_id(Raw id);   // forgets the open call with this id
  std::vector<std::pair<Number, Call>> take_all();         // the connection is gone

  static std::string cancel_line(Number number, std::string_view why);
  static std::string refuse_line(Raw id, int code, std::string_view message);
  static std::string one_line(std::string_view message);   // with '\n' at the end

 private:
  struct Finished {
    Number number;
    std::string token;
  };

  Incoming route_one(const Envelope& message) const;
  Incoming answer(const Envelope& message) const;
  Incoming error_without_id(const Envelope& message) const;
  Incoming failed(Number number, const char* problem) const;
  Incoming unreadable(std::string_view head, std::string_view tail, const char* reason, const char* problem) const;
  Incoming unrelated(const Envelope& message) const;
  Incoming to_call(Number number, std::string bytes) const;
  void finish(Number number);
  std::optional<Number> sole_call(bool wants_log) const noexcept;

  Era era_;
  Number last_ = 0;
  std::map<Number, Call> calls_;
  std::deque<Finished> finished_;  // tokens may be used a little longer than their call (tasks)
};

}  // namespace gatehouse::jsonrpc
