// What happens to a request whose head is complete: who asks, where it goes, whether it may.
#include "gatehouse/base/log.h"
#include "gatehouse/http/forward.h"
#include "observe.h"
#include "session.h"

namespace gatehouse::edge {

namespace {

class TrustedProxies final : public http::AddressTest {
 public:
  explicit TrustedProxies(const Snapshot& snapshot) : snapshot_(snapshot) {}
  bool trusted(std::string_view address) const override { return snapshot_.trusts(address); }

 private:
  const Snapshot& snapshot_;
};

void identify(Session& s) {
  Block& block = *s.block;
  const http::RequestHead& request = block.request;
  const Snapshot& snapshot = *s.snapshot->shared;
  if (!snapshot.settings.trusted_proxies.empty())
    s.record.client = http::client_address(request, s.peer, TrustedProxies(snapshot));
  const std::string_view id = request.fields.value(http::FieldId::kXRequestId);
  if (http::valid_request_id(id)) s.record.request_id = id;
  http::Traceparent parent;
  const http::Field* const told = request.fields.only(http::FieldId::kTraceparent);
  s.record.trace_continued = told != nullptr && http::parse_traceparent(told->value, parent);
  s.worker.ids.traceparent(s.record.trace_continued ? &parent : nullptr, block.traceparent);
  s.record.trace_id = std::string_view(block.traceparent + 3, 32);
}

runtime::Task<void> refuse_unauthorized(Session& s, std::string_view reason, bool presented) {
  http::Response response = http::problem(401, presented ? "invalid-credentials" : "missing-credentials",
                                          presented ? reason : "this route needs an API key or a token", s.record.request_id);
  response.headers.emplace_back("WWW-Authenticate", presented ? "Bearer error=\"invalid_token\"" : "Bearer");
  s.record.end = "refused:authentication";
  count_refusal(s, "authentication");
  co_await s.answer(std::move(response));
}

runtime::Task<void> refuse_route(Session& s, int status, std::string_view slug, std::string_view detail, const char* reason) {
  s.record.end = reason;
  count_refusal(s, reason);
  co_await s.refuse(status, slug, detail);
}

// Who asks. True: go on.
runtime::Task<bool> authenticate(Session& s, const Route& route) {
  if (s.listener->settings.admin) {
    s.principal = {.name = "local", .credential = "socket", .user_id = 0, .superuser = true, .scopes = {"admin"}};
    co_return true;
  }
  AuthOutcome outcome;
  if (s.worker.authenticator) outcome = s.worker.authenticator->authenticate(s.block->request);
  switch (outcome.kind) {
    case AuthOutcome::Kind::kMalformed:
      co_await refuse_route(s, 400, "bad-credentials", outcome.reason, "refused:malformed_credentials");
      co_return false;
    case AuthOutcome::Kind::kInvalid:
      co_await refuse_unauthorized(s, outcome.reason, true);
      co_return false;
    case AuthOutcome::Kind::kAnonymous:
      if (!route.auth_required) co_return true;
      co_await refuse_unauthorized(s, {}, false);
      co_return false;
    case AuthOutcome::Kind::kKnown:
      s.principal = std::move(outcome.principal);
      break;
  }
  co_return true;
}

runtime::Task<bool> authorize(Session& s, const Route& route) {
  const std::string& scope = route.settings.scope;
  if (scope.empty() || s.principal.superuser || s.principal.has_scope(scope)) co_return true;
  if (!route.auth_required) co_return true;
  http::Response response =
      http::problem(403, "forbidden", "insufficient permissions; required scopes: " + scope, s.record.request_id);
  response.headers.emplace_back("WWW-Authenticate", "Bearer error=\"insufficient_scope\", scope=\"" + scope + "\"");
  s.record.end = "refused:authorization";
  count_refusal(s, "authorization");
  co_await s.answer(std::move(response));
  co_return false;
}

// The key authorization that an authority asks for, on whatever listener its redirects end.
std::shared_ptr<const std::string> challenge_answer(const Session& s) {
  constexpr std::string_view kPath = "/.well-known/acme-challenge/";
  const RareTable<std::string>* const challenges = s.worker.ports.http_challenges;
  if (challenges == nullptr || challenges->empty()) return nullptr;
  const http::RequestHead& request = s.block->request;
  const bool asks = request.method_id == http::Method::kGet || request.method_id == http::Method::kHead;
  return asks && request.path.starts_with(kPath) ? challenges->find(request.path.substr(kPath.size())) : nullptr;
}

runtime::Task<void> answer_challenge(Session& s, std::shared_ptr<const std::string> authorization) {
  log::info("edge", "challenge.answered", "answered a certificate authority",
            {{"type", "http-01"}, {"name", s.block->request.host}, {"client", s.record.client}});
  http::Response response;
  response.content_type = "application/octet-stream";
  response.body = *authorization;
  co_await s.answer(std::move(response));
}

// RFC 9110, section 15.5.20: a connection was opened by the rules for one name, and must not reach a name with other rules for
// clients; nor may one that is older than the rules.
bool misdirected(const Session& s) {
  const auto context = s.stream.secure() ? s.worker.tls_context(*s.listener) : nullptr;
  const tls::ClientAuth* const had = s.stream.client_auth();
  if (context == nullptr || (had == nullptr && !context->asks_clients())) return false;
  const tls::ClientAuth* const wanted = context->client_auth(s.block->request.host);
  return wanted == nullptr || had == nullptr ? wanted != had : wanted->id() != had->id();
}

runtime::Task<void> refuse_method(Session& s, Router::Place place) {
  http::Response response = http::problem(405, "method-not-allowed", "this route does not allow the method", s.record.request_id);
  response.headers.emplace_back("Allow", Router::allowed(place));
  s.record.end = "refused:method";
  count_refusal(s, "refused:method");
  co_await s.answer(std::move(response));
}

runtime::Task<void> answer_options(Session& s, std::string allow) {
  http::Response response{.status = 204, .content_type = {}, .body = {}, .headers = {}};
  response.headers.emplace_back("Allow", std::move(allow));
  co_await s.answer(std::move(response));
}

runtime::Task<void> answer_fixed(Session& s, const Route& route) {
  http::Response response;
  if (route.settings.respond) {
    response = {.status = route.settings.respond->status,
                .content_type = route.settings.respond->content_type,
                .body = route.settings.respond->body,
                .headers = {}};
  } else {
    response.status = 308;
    response.headers.emplace_back("Location", route.settings.redirect);
  }
  co_await s.answer(std::move(response));
}

}  // namespace

// The filter chain. The order matters; each line says why it stands where it does.
runtime::Task<void> dispatch(Session& s) {
  identify(s);                                                  // first, so that every refusal carries its ids
  const http::RequestHead& request = s.block->request;
  s.body.start(s.stream, s.block->client_in, request.size, s.buffered, request.size, request.framing, request.content_length);
  const std::uint32_t most = s.settings().limits.requests_per_connection;
  if (!request.keep_alive || (most != 0 && s.requests + 1 >= most)) s.keep = false;
  if (auto authorization = challenge_answer(s))                 // an authority has no key and follows no route of ours
    co_return co_await answer_challenge(s, std::move(authorization));
  if (misdirected(s))                                           // before the name means anything
    co_return co_await refuse_route(s, 421, "misdirected", "this connection was made for another name",
                                    "refused:misdirected");
  if (request.path == "*") co_return co_await answer_options(s, std::string(Router::kAnyMethod));  // RFC 9110, section 9.3.7
  const Router::Place place = s.snapshot->shared->router.find(request.host, request.path);  // on the form that is forwarded
  if (place.empty()) co_return co_await refuse_route(s, 404, "no-route", "no route matches this host and path", "refused:no_route");
  const Route* route = Router::choose(place, request.method);
  s.record.route = route != nullptr ? route : place.front();
  note_routed(s);
  if (route == nullptr) co_return co_await refuse_method(s, place);
  if (route->handler != nullptr) {                              // a foreign Origin learns nothing about credentials
    if (auto refusal = refuse_early(s, *route)) {
      co_await s.answer(std::move(*refusal));
      co_return;
    }
  }
  if (s.wants_identity(*route)) {                               // before the body: strangers cannot make us read it
    if (!co_await authenticate(s, *route) || !co_await authorize(s, *route)) co_return;
  }
  if (request.framing == http::Framing::kLength && request.content_length > route->body_limit)
    co_return co_await refuse_route(s, 413, "body-too-large", "the request body is larger than this route takes", "refused:body_too_large");
  if (route->handler != nullptr) co_return co_await handle(s, *route);
  if (route->group < 0) co_return co_await answer_fixed(s, *route);
  if (request.hops >= http::kMostHops)
    co_return co_await refuse_route(s, 508, "loop-detected", "the request goes in a circle: an upstream leads back here",
                                    "refused:loop");
  if (http::max_forwards(request) == 0u) co_return co_await answer_options(s, Router::allowed(place));
  co_await proxy(s, *route);
}

}  // namespace gatehouse::edge
