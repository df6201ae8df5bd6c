// The table of endpoints. Each row is a method, a path, who may call, and a function that gives the answer.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gatehouse/access/identity.h"
#include "gatehouse/admin/api.h"
#include "gatehouse/http/exchange.h"

namespace gatehouse::admin {

// What a function sees of the request: values, because it runs on a thread of the offload pool.
struct Call {
  std::shared_ptr<const Ports> ports;
  access::Identity identity;
  std::vector<std::string> params;  // in the order of the path
  std::string body;
  std::string client;
  std::string request_id;
};

enum class Who { kAnybody, kMetricsReader, kKnown, kScope };
enum class Body { kNone, kJson, kForm };
enum class Where { kLoop, kPool, kHashing, kLater };  // kLater: it begins here and is answered from elsewhere

using Done = std::function<void(http::Response)>;  // once, on any thread

struct Endpoint {
  std::string_view method;
  std::string_view path;  // "/auth/users/{id}"
  Who who;
  access::Scopes scopes;  // with kScope
  Body body;
  Where where;
  http::Response (*answer)(const Call& call);
  std::string_view summary;
  void (*begin)(const Call& call, Done done) = nullptr;  // of kLater, on the loop
};

std::span<const Endpoint> endpoints();

struct Match {
  const Endpoint* endpoint = nullptr;  // null: none for this method
  std::vector<std::string> params;
  std::string allow;                   // methods of this path; empty: no such path
};
Match find_endpoint(std::string_view method, std::string_view path);

http::Response openapi(const Call& call);

http::Response livez(const Call& call);
http::Response readyz(const Call& call);
http::Response health(const Call& call);
http::Response metrics_page(const Call& call);
http::Response certificate_status(const Call& call);
http::Response status(const Call& call);
http::Response plan(const Call& call);
void reload(const Call& call, Done done);

http::Response list_certificates(const Call& call);
http::Response show_certificate(const Call& call);
void issue_certificate(const Call& call, Done done);
void renew_certificate(const Call& call, Done done);
void revoke_certificate(const Call& call, Done done);
void import_certificate(const Call& call, Done done);
void certificate_records(const Call& call, Done done);

http::Response list_backups(const Call& call);
void take_backup(const Call& call, Done done);
void drill_backup(const Call& call, Done done);
void verify_backup(const Call& call, Done done);
void restore_backup(const Call& call, Done done);

http::Response login(const Call& call);
http::Response logout(const Call& call);
http::Response list_users(const Call& call);
http::Response create_user(const Call& call);
http::Response update_user(const Call& call);
http::Response delete_user(const Call& call);
http::Response set_password(const Call& call);
http::Response list_keys(const Call& call);
http::Response create_key(const Call& call);
http::Response delete_key(const Call& call);

http::Response stats(const Call& call);
http::Response registry(const Call& call);
http::Response sync_registry(const Call& call);
http::Response list_templates(const Call& call);
http::Response add_instance(const Call& call);
http::Response remove_instance(const Call& call);

}  // namespace gatehouse::admin
