// Actions as words.
#include "gatehouse/supervisor/port.h"

namespace gatehouse::supervisor {

namespace {

struct Words {
  std::string operator()(const Observe&) const { return "look at everything"; }
  std::string operator()(const Inspect&) const { return "look"; }
  std::string operator()(const Pull& what) const { return "pull " + what.image; }
  std::string operator()(const CreateNetwork& what) const { return "make network " + what.name; }
  std::string operator()(const CreateVolume& what) const { return "make volume " + what.name; }
  std::string operator()(const CreateSecret& what) const { return "make secret " + what.name; }
  std::string operator()(const RemoveSecret& what) const { return "remove secret " + what.name; }
  std::string operator()(const Create& what) const { return "create " + what.name; }
  std::string operator()(const Start& what) const { return "start " + what.container; }
  std::string operator()(const Stop& what) const { return "stop " + what.container; }
  std::string operator()(const Kill& what) const { return "kill " + what.container; }
  std::string operator()(const Unpause& what) const { return "unpause " + what.container; }
  std::string operator()(const Remove& what) const { return (what.force ? "remove by force " : "remove ") + what.container; }
  std::string operator()(const UpdateLimits& what) const {
    const services::Resources& r = what.resources;
    std::string out = "update limits of " + what.container + " to";
    for (const std::int64_t value : {r.milli_cpus, r.memory, r.reserve_milli_cpus, r.reserve_memory, r.pids})
      out += " " + std::to_string(value);
    return out;
  }
  std::string operator()(const Connect& what) const { return "connect " + what.container + " to " + what.network; }
  std::string operator()(const Disconnect& what) const { return "disconnect " + what.container + " from " + what.network; }
  std::string operator()(const SendProbe& what) const { return "send probe " + std::to_string(what.probe); }
  std::string operator()(const GiveUpProbe& what) const { return "give up probe " + std::to_string(what.probe); }
};

}  // namespace

std::string describe(const Action& action) {
  const std::string words = std::visit(Words{}, action.what);
  return action.service.empty() ? words : action.service + ": " + words;
}

}  // namespace gatehouse::supervisor
