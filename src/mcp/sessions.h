// The directory of legacy sessions. A session id says nothing and proves nothing: it is found only together with the
// principal and the endpoint that it was made for; everything else is "no such session".
//
// Thread: any; one mutex, held for look-ups only.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "config.h"
#include "gatehouse/runtime/clock.h"
#include "gatehouse/runtime/random.h"

namespace gatehouse::mcp {

// What the maker of a session knows. `child` is for children, `server_session` for HTTP servers.
struct SessionFacts {
  std::string principal;        // as of Context::principal()
  std::int64_t user_id = 0;
  std::string credential;       // that it was opened with
  std::string endpoint;
  std::shared_ptr<const Server> server;
  std::string version;          // that the server agreed to in initialize
  std::string server_session;   // the server's Mcp-Session-Id; never shown to the client
  unsigned lane = 0;            // of the loop on which it was opened
  std::uint64_t child = 0;
};

struct Session {
  Session(std::string i, SessionFacts f) : id(std::move(i)), facts(std::move(f)) {}
  const std::string id;
  const SessionFacts facts;
  std::atomic<std::int64_t> last_used{0};  // nanoseconds of the steady clock
  std::atomic<std::uint32_t> active{0};    // exchanges that use it now; it does not expire meanwhile
};

// One exchange's use of a session.
class SessionUse {
 public:
  SessionUse(std::shared_ptr<Session> session, const runtime::Clock& clock);
  SessionUse(const SessionUse&) = delete;
  SessionUse& operator=(const SessionUse&) = delete;
  ~SessionUse();
  const Session& operator*() const noexcept { return *session_; }
  const Session* operator->() const noexcept { return session_.get(); }

 private:
  std::shared_ptr<Session> session_;
  const runtime::Clock& clock_;
};

class Directory {
 public:
  struct Limits {
    std::uint32_t total;
    std::uint32_t per_principal;
  };
  enum class Full { kNo, kTotal, kPrincipal };

  // A place for one session, given back unless open() takes it.
  class Place {
   public:
    Place(Directory& directory, std::string principal) : directory_(&directory), principal_(std::move(principal)) {}
    Place(const Place&) = delete;
    Place& operator=(const Place&) = delete;
    ~Place();

   private:
    friend class Directory;
    Directory* directory_;  // null: taken
    std::string principal_;
  };

  explicit Directory(runtime::Random& random) : random_(random) {}
  Directory(const Directory&) = delete;
  Directory& operator=(const Directory&) = delete;

  Full reserve(const std::string& principal, Limits limits, std::unique_ptr<Place>* place);
  std::shared_ptr<Session> open(Place& place, SessionFacts facts, const runtime::Clock& clock);
  std::shared_ptr<Session> find(std::string_view id, std::string_view principal, std::string_view endpoint) const;
  std::shared_ptr<Session> close(std::string_view id);                              // null: there is none (any more)
  std::vector<std::shared_ptr<Session>> close_if(const std::function<bool(const Session&)>& condition);
  std::size_t size() const;
  std::map<std::string, std::uint64_t> count_by_server() const;

 private:
  void release(const std::string& principal);

  runtime::Random& random_;
  mutable std::mutex mutex_;
  std::map<std::string, std::shared_ptr<Session>, std::less<>> sessions_;
  std::unordered_map<std::string, std::uint32_t> by_principal_;  // places, taken or reserved
  std::uint32_t places_ = 0;
};

}  // namespace gatehouse::mcp
