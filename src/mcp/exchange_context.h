// One request on its way through the gateway, after ingress has understood it.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "config.h"
#include "gatehouse/http/exchange.h"
#include "gatehouse/mcp/http_port.h"
#include "ingress.h"
#include "lane.h"
#include "open_exchange.h"
#include "sessions.h"

namespace gatehouse::mcp {

inline constexpr std::uint32_t kServerDepth = 1024;  // of what servers send: schemas nest deep

struct Context {
  OpenExchange& exchange;
  std::shared_ptr<const Config> config;
  std::shared_ptr<const Server> server;
  std::string endpoint;                              // path of the request
  const std::vector<std::shared_ptr<Lane>>& lanes;   // by loop
  HttpPort* http;
  Shared& shared;

  // Tells callers apart. Names are given again to others, ids of users are not.
  std::string principal() const {
    const http::Principal& who = exchange.principal();
    return who.user_id != 0 ? "#" + std::to_string(who.user_id) : who.name;
  }
  const runtime::Clock& clock() const { return exchange.loop().clock(); }
};

// A POST: its bytes and what they say, as a child gets them.
struct Post {
  std::shared_ptr<stdio::Submission> submission = std::make_shared<stdio::Submission>();
  bool batch = false;
  Era era = Era::kLegacy;

  const std::string& body() const { return submission->body; }
  const std::vector<Envelope>& messages() const { return submission->messages; }
  const Envelope& first() const { return messages().front(); }
  Raw id() const { return batch ? Raw() : first().id; }
  bool is_ping() const { return era == Era::kLegacy && first().kind == Kind::kRequest && first().method == "ping"; }
  bool starts_session() const { return era == Era::kLegacy && !batch && first().kind == Kind::kRequest && first().method == "initialize"; }
  std::vector<std::string> request_ids() const;
};

// How it ended, for the access log and the metrics.
struct Outcome {
  std::string_view result = "ok";   // as in Observer::tool_call
  std::string error;                // JSON-RPC error code or reason; empty: none
};

// Notes what an answer of the server says.
void note_answer(Outcome& outcome, std::optional<std::int64_t> error_code, bool is_error);

runtime::Task<void> refuse(http::Exchange& exchange, const Refusal& refusal, Raw id, Shared& shared);

SessionFacts facts_of(const Context& context, std::string version);  // of a new session, as far as the request says
// What an initialize agreed on. An error: the server's version is none that is known here.
struct Agreed {
  std::string version{};
  Refusal refusal{};
};
Agreed agreed_version(const Envelope& answer);

// The session that Mcp-Session-Id names; null when there is none for this principal and endpoint.
std::shared_ptr<Session> find_session(const Context& context);
Refusal session_not_found();
// A place for a new session, or why there is none.
Refusal reserve_session(const Context& context, std::unique_ptr<Directory::Place>* place);

// End a session that the directory has let go of already: stop its child, DELETE the server's session.
void finish_session(const std::vector<std::shared_ptr<Lane>>& lanes, HttpPort* http, const runtime::Loop* from,
                    const Session& session, const char* reason);

// By kind of server and method. Each answers the exchange.
runtime::Task<Outcome> post_to_child(Context& context, Post post);
runtime::Task<void> get_from_child(Context& context, std::shared_ptr<Session> session);
runtime::Task<Outcome> post_to_http(Context& context, Post post);
runtime::Task<void> get_from_http(Context& context, std::shared_ptr<Session> session);
runtime::Task<void> delete_at_http(Context& context, const Session& session);
runtime::Task<void> delete_server_session(HttpPort& http, runtime::Waiter& waiter, std::shared_ptr<const Server> server,
                                          std::string server_session);

}  // namespace gatehouse::mcp
