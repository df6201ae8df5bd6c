// Relay: the answer of an HTTP server on its way to the client. Small documents are read whole (so that a server that dies
// in the middle is a clean error), streams and large ones pass piece by piece, byte for byte.
#pragma once

#include <functional>
#include <string>

#include "exchange_context.h"
#include "gatehouse/http/sse.h"

namespace gatehouse::mcp {

class Relay {
 public:
  // What the answer to initialize means: the session that it opens, or why it does not pass.
  struct Opening {
    std::string session{};
    Refusal refusal{};
  };
  using OnOpening = std::function<Opening(const Envelope& answer)>;

  Relay(Context& context, Raw id, Era era) : context_(context), exchange_(context.exchange), id_(id), era_(era) {}
  Relay(const Relay&) = delete;
  Relay& operator=(const Relay&) = delete;

  void opening(OnOpening on_opening) { on_opening_ = std::move(on_opening); }  // nothing is sent before it was asked
  void listening() noexcept { listening_ = true; }   // a GET stream: no deadline, no error event, ends when draining
  runtime::Task<Outcome> run(HttpCall& call, int status, http::Headers headers, const Session* session);
  runtime::Task<Outcome> refuse(Refusal refusal);

 private:
  enum class Read { kEnd, kFull, kGone, kCut, kFailed, kTimeout, kDraining };

  runtime::Task<Outcome> document(HttpCall& call, http::Response head, const Session* session);
  runtime::Task<Outcome> stream(HttpCall& call, http::Response head, std::string begun, bool events);
  runtime::Task<Read> read_some(HttpCall& call, runtime::Timer& idle, std::string_view* bytes);
  runtime::Task<Outcome> begin_events(HttpCall& call, http::Response head);
  runtime::Task<Outcome> broken(bool events, Refusal refusal);
  Refusal refusal_of(Read read) const;
  void watch(std::string_view bytes);
  void note(std::string_view message);
  Outcome cancelled() const { return {"cancelled", "client_gone"}; }

  Context& context_;
  OpenExchange& exchange_;
  const Raw id_;
  const Era era_;
  OnOpening on_opening_;
  Opening opening_;
  Outcome outcome_;
  http::SseParser parser_;
  bool listening_ = false;
  bool answered_ = false;
  bool parser_ok_ = true;
};

}  // namespace gatehouse::mcp
