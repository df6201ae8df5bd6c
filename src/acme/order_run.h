// One call of obtain(). Owner: its frame.
#pragma once

#include <optional>
#include <set>
#include <string>
#include <vector>

#include "gatehouse/acme/documents.h"
#include "gatehouse/acme/order.h"
#include "order_state.h"

namespace gatehouse::acme {

class OrderRun {
 public:
  OrderRun(Session& session, Environment& environment, Slot& slot, Plan plan);
  runtime::Task<Outcome<Issued>> run();

 private:
  // A challenge to be met, and where to tell the authority and to hear from it.
  struct Work {
    std::string authorization_url;
    ChallengeDocument document;
    Challenge challenge;
    ChallengeSolver* solver;
    bool alternative;  // another kind is left to try
  };
  using Offer = std::pair<ChallengeDocument, ChallengeSolver*>;

  // order_run.cpp: the order as a whole
  runtime::Task<Outcome<Done>> restore();
  runtime::Task<Outcome<Done>> save();
  runtime::Task<Outcome<Issued>> attempt();
  runtime::Task<Outcome<Order>> open_order();
  runtime::Task<Outcome<Order>> create_order(const AccountKey& account);
  runtime::Task<Outcome<Order>> read_order();
  runtime::Task<Outcome<Order>> finalize(Order order);
  runtime::Task<void> give_up_order();
  Result<Order> take_order(const Answer& answer);
  bool is_of_this_plan(const OrderState& state) const;

  // order_authorize.cpp: its authorizations
  runtime::Task<Outcome<Done>> authorize(Order order);
  runtime::Task<Outcome<std::vector<Work>>> collect(const Order& order);
  Outcome<Work> choose(std::string url, const Authorization& authorization, std::string_view thumbprint);
  std::vector<Offer> offers(const Authorization& authorization) const;
  runtime::Task<Outcome<Done>> meet(const std::vector<Work>& works);
  runtime::Task<Outcome<Done>> await_verdict(const Work& work);
  Failure verdict(const Work& work, const Authorization& authorization);
  runtime::Task<void> clean_up();

  // order_download.cpp: its certificate
  runtime::Task<Outcome<Issued>> download(Order order);
  runtime::Task<std::string> find_preferred(const Answer& answer, std::string chain);

  // Reads a document after a pause: Retry-After, or one that grows. Some transient failures are passed over.
  runtime::Task<Outcome<Answer>> poll(std::string url);
  std::chrono::milliseconds next_pause();
  void note_pause(const Answer& answer);

  Session& session_;
  Environment& environment_;
  Slot& slot_;
  const Plan plan_;
  const runtime::SteadyTime deadline_;
  OrderState state_;
  bool resumed_ = false;       // the order was not made by this call
  bool alternative_ = false;   // the challenge that failed may be replaced by another kind
  int finalizations_ = 0;
  std::chrono::milliseconds pause_;
  std::optional<std::chrono::seconds> asked_pause_;
  std::set<std::string> open_authorizations_;
};

}  // namespace gatehouse::acme
