// What the edge tells about its work: counters, and one access log line for each request.
#pragma once

#include <string_view>

#include "session.h"

namespace gatehouse::edge {

void note_routed(Session& session);  // the request is in flight until observe(), or until its session is gone
void observe(Session& session);  // at the end of a request: access log and histograms
void count_refusal(Session& session, std::string_view reason);
void note_handshake(Session& session);
void note_handshake_failed(Session& session, std::string_view why);  // counted; a log line a second at most
void count_accepted(Worker& worker, const Listener& listener);
void count_connection_refused(Worker& worker, std::string_view reason);
void count_upstream(Session& session, const Route& route, const upstream::Server& server, int status);  // 0: no answer
void note_upstream_error(Session& session, const Error& error);

}  // namespace gatehouse::edge
