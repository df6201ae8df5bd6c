#include <algorithm>

#include "gatehouse/jose/jws.h"
#include "order_run.h"

namespace gatehouse::acme {

runtime::Task<Outcome<Done>> OrderRun::authorize(Order order) {
  auto works = co_await collect(order);
  if (!works) co_return std::move(works).failure();
  if (works->empty()) co_return Done{};
  auto met = co_await meet(*works);
  co_await clean_up();
  co_return met;
}

// Those that are not valid already: an authority may remember earlier ones.
runtime::Task<Outcome<std::vector<OrderRun::Work>>> OrderRun::collect(const Order& order) {
  auto account = co_await session_.account();
  if (!account) co_return std::move(account).failure();
  const std::string thumbprint = jose::thumbprint(account->key);
  std::vector<Work> works;
  for (const std::string& url : order.authorizations) {
    auto answer = co_await session_.post(url, {});
    if (!answer) co_return std::move(answer).failure();
    auto authorization = parse_authorization(answer->body);
    if (!authorization) co_return transient(std::move(authorization).error());
    if (authorization->status == AuthorizationStatus::kValid) continue;
    if (authorization->status == AuthorizationStatus::kPending) open_authorizations_.insert(url);
    auto work = choose(url, *authorization, thumbprint);
    if (!work) co_return std::move(work).failure();
    works.push_back(*std::move(work));
  }
  co_return works;
}

// What can be tried: challenges that the authority offers, a solver for each, in the order of the plan.
std::vector<OrderRun::Offer> OrderRun::offers(const Authorization& authorization) const {
  std::vector<Offer> found;
  const auto failed = state_.failed_types.find(authorization.name.text);
  for (ChallengeSolver* const solver : plan_.solvers) {
    for (const ChallengeDocument& document : authorization.challenges) {
      const bool tried = failed != state_.failed_types.end() && failed->second.contains(document.type);
      if (document.type == solver->type() && !tried) found.emplace_back(document, solver);
    }
  }
  return found;
}

Outcome<OrderRun::Work> OrderRun::choose(std::string url, const Authorization& authorization, std::string_view thumbprint) {
  if (authorization.status != AuthorizationStatus::kPending) {
    for (const ChallengeDocument& document : authorization.challenges) {
      if (document.error) return failure_of(*document.error);
    }
    return Failure{.kind = FailureKind::kValidation,
                   .error = make_error("acme-unauthorized", "the authorization for " + authorization.name.text + " is over")};
  }
  const std::vector<Offer> found = offers(authorization);
  if (found.empty()) {
    std::string offered;
    for (const ChallengeDocument& document : authorization.challenges) offered.append(offered.empty() ? "" : ", ").append(document.type);
    return Failure{.kind = FailureKind::kRefused,
                   .error = make_error("acme-challenge",
                                       "none of the challenges for " + authorization.name.text + " is set up; the authority offers: " + offered,
                                       "set certificates.acme.challenge; a wildcard needs dns-01")};
  }
  const auto best = std::max_element(found.begin(), found.end(), [this](const Offer& a, const Offer& b) {
    return session_.challenge_record(a.first.type) < session_.challenge_record(b.first.type);
  });
  const auto& [document, solver] = *best;
  Challenge challenge{.type = document.type, .name = authorization.name, .token = document.token,
                      .key_authorization = key_authorization(document.token, thumbprint)};
  return Work{std::move(url), document, std::move(challenge), solver, found.size() > 1};
}

runtime::Task<Outcome<Done>> OrderRun::meet(const std::vector<Work>& works) {
  for (const Work& work : works) state_.presented.push_back(work.challenge);
  if (auto saved = co_await save(); !saved) co_return std::move(saved).failure();
  for (const Work& work : works) {
    Status presented = co_await work.solver->present(work.challenge);
    if (!presented) co_return transient(std::move(presented).error().context(work.challenge.type + " for " + work.challenge.name.text));
  }
  for (const Work& work : works) {
    if (work.document.status != ChallengeStatus::kPending) continue;  // answered before we were started again
    auto answer = co_await session_.post(work.document.url, "{}");
    if (!answer) co_return std::move(answer).failure();
    const auto taken = parse_challenge(answer->body);
    if (!taken) co_return transient(taken.error());
    note_pause(*answer);
  }
  pause_ = plan_.limits.first_poll;
  for (const Work& work : works) {
    if (auto valid = co_await await_verdict(work); !valid) co_return valid;
  }
  co_return Done{};
}

runtime::Task<Outcome<Done>> OrderRun::await_verdict(const Work& work) {
  for (;;) {
    auto answer = co_await poll(work.authorization_url);
    if (!answer) co_return std::move(answer).failure();
    auto authorization = parse_authorization(answer->body);
    if (!authorization) co_return transient(std::move(authorization).error());
    if (authorization->status == AuthorizationStatus::kPending) continue;
    open_authorizations_.erase(work.authorization_url);
    const bool valid = authorization->status == AuthorizationStatus::kValid;
    session_.note_challenge(work.challenge.type, valid);
    if (!valid) co_return verdict(work, *authorization);
    co_return Done{};
  }
}

Failure OrderRun::verdict(const Work& work, const Authorization& authorization) {
  Problem problem{.type = "unauthorized", .detail = "the authority does not say why", .instance = {}, .subproblems = {}};
  for (const ChallengeDocument& document : authorization.challenges) {
    if (document.error) problem = *document.error;
  }
  state_.failed_types[work.challenge.name.text].insert(work.challenge.type);
  alternative_ = work.alternative;
  Failure failure = failure_of(problem);
  failure.kind = FailureKind::kValidation;  // whatever the reason, an attempt was spent
  failure.error = std::move(failure.error).context(work.challenge.type + " for " + work.challenge.name.text);
  return failure;
}

runtime::Task<void> OrderRun::clean_up() {
  if (state_.presented.empty()) co_return;
  for (const Challenge& challenge : state_.presented) {
    for (ChallengeSolver* const solver : plan_.solvers) {
      if (solver->type() != challenge.type) continue;
      const Status cleaned = co_await solver->clean_up(challenge);
      static_cast<void>(cleaned);  // the solver has logged it; nothing depends on it
    }
  }
  state_.presented.clear();
  auto saved = co_await save();
  static_cast<void>(saved);  // a challenge may be taken down twice
}

}  // namespace gatehouse::acme
