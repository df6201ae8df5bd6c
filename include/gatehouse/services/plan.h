// Plan: what would be done now, thing by thing, with a reason for each field. The reconciler decides by the same functions, so
// that a plan cannot tell something else than what happens. Pure functions and values; any thread.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "gatehouse/services/compare.h"
#include "gatehouse/services/observed.h"
#include "gatehouse/services/spec.h"

namespace gatehouse::services {

// Whose containers are ours.
struct Identity {
  std::string project;
  std::string instance;
  std::vector<std::string> adopted{};  // other instances whose containers we have taken over

  enum class Owner { kUs, kOther, kNobody };
  Owner owner_of(const Labels& labels) const;  // kOther: another daemon of this project; kNobody: another project
};

// The containers of one service.
struct Claimed {
  std::vector<const Container*> ours{};  // the newest generation first
  std::uint64_t generation = 0;          // the largest
  const Container* foreign = nullptr;    // another daemon's, of the same project and service
};
Claimed claim(std::string_view service, const std::vector<Container>& containers, const Identity& identity);

// The one to keep: the newest that was made from this spec, else the newest that runs, else the newest.
const Container* current_of(const Claimed& claimed, const Spec& spec);

// The digest to run: that of the newest container as long as its reference is the same, even when the tag has moved since;
// with Pull::kNewer always what the tag means now. Empty: the image is not there.
std::string pinned_digest(const ServiceSettings& settings, const Claimed& claimed, const Images& images);

enum class Verb { kNothing, kPull, kCreate, kStart, kRepair, kRecreate, kStop, kRemove, kReport, kBlocked };
std::string_view to_string(Verb verb);  // "recreate"

struct PlanItem {
  Verb verb = Verb::kNothing;
  std::string kind;       // "service", "network", "volume", "secret", "image"
  std::string name;
  std::string container{};  // its name; empty: there is none
  std::string reason;
  std::vector<Difference> fields{};
};

// Whether a service shall run. kLeave: not to be started now, for the reason given (it completed, it waits), but left running.
struct Wish {
  enum class Kind { kRun, kLeave, kStop };
  Kind kind = Kind::kRun;
  std::string reason{};
  bool operator==(const Wish&) const = default;
};

PlanItem plan_service(const Spec& spec, const Claimed& claimed, const Wish& wish, const Identity& identity);

struct Plan {
  std::vector<PlanItem> items;
  bool changes() const;  // what `plan --exit-code` answers 4 for
};

// Everything: networks, images, volumes and secrets that are missing, services in alphabetical order, then what is left over.
// A service whose facts are missing is blocked.
Plan make_plan(const Settings& settings, const Facts& facts, const Observation& observation, const Identity& identity,
               const std::map<std::string, Wish, std::less<>>& wishes);

std::string plan_table(const Plan& plan);  // lines for people
std::string plan_json(const Plan& plan);   // {"kind":"plan","version":1,"changes":true,"items":[…]}

}  // namespace gatehouse::services
