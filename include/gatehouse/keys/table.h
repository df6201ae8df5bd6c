// The table of keys: the only place that knows which keys there are. Reading, did-you-mean, explain, schema and the
// reference are made from it by the room `config`; nobody else includes this. Constant data and pure functions; the
// errors of a Check are shown as they are.
#pragma once

#include <cstdint>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "gatehouse/base/result.h"
#include "gatehouse/keys/configuration.h"
#include "gatehouse/net/address.h"
#include "gatehouse/yaml/variables.h"
#include "gatehouse/yaml/tree.h"

namespace gatehouse::keys {

enum class Type {
  kString, kInteger, kBoolean, kDuration, kSize, kEnum, kAddress, kPath, kSecret,
  kStrings,  // a list; one scalar is a list of one
  kCidrs,    // a list of networks
  kMap,      // name: text
  kLater,    // not available in this version
};

// A value that was checked. `text` is the canonical form: equal values have equal texts.
struct Value {
  std::string text;
  std::int64_t number = 0;  // integer, milliseconds, bytes, 0 or 1, index into the choices
  std::vector<std::string> list;
  std::vector<std::pair<std::string, std::string>> map;
  net::Address address;
  std::vector<net::Cidr> cidrs;
  Secret secret;
  std::string directory;    // what relative names in it are relative to
};

// Where a key stands: what its "*" and "[]" are.
struct Place {
  std::vector<std::string> names;
  std::vector<std::size_t> indices;
};

// The configuration while it is being filled.
struct Draft {
  Configuration out;
  std::map<std::size_t, std::string> route_servers;  // routes[].mcp

  edge::ListenerSettings& listener(const Place& place);
  edge::RouteSettings& route(const Place& place);
  edge::FixedResponse& respond(const Place& place);
  tls::CertificateFile& certificate(const Place& place);
  issuer::AuthorityChoice& authority(const Place& place);
  upstream::GroupSettings& group(const Place& place);
  upstream::ServerSettings& server(const Place& place);
  mcp::ServerSettings& mcp_server(const Place& place);
  mcp::EndpointSettings& endpoint(const Place& place);
  services::ServiceSettings& service(const Place& place);  // with the defaults of its name, limits on
  services::Dependency& dependency(const Place& place);
  services::SecretFile& service_secret(const Place& place);
};

using Apply = void (*)(Draft&, const Place&, const Value&);
using Check = Status (*)(std::string_view);
using yaml::Environment;

struct Key {
  std::string_view path;               // "routes[].match.path", "listeners.*.address"
  Type type = Type::kString;
  const char* fallback = nullptr;      // default as one would write it; nullptr: none
  std::string_view help = {};
  Apply apply = nullptr;
  std::int64_t min = 0;                // with max: of the number, or of the length of a list
  std::int64_t max = 0;                // 0: no limits
  std::string_view choices = {};       // "a|b"
  std::string_view later = {};         // choices that will exist: "c|d"
  const char* production = nullptr;    // default in profile production
  std::string_view named = {};         // default by the name of "*": "http=127.0.0.1:8080|…"
  std::string (*computed)(const Environment&) = nullptr;  // default that depends on the service manager
  Check check = nullptr;               // of the text, or of each item
  bool required = false;
  bool restart = false;                // a change needs a restart
  bool sensitive = false;              // never shown
  std::string (*shown)(std::string_view) = nullptr;  // how it is shown when a part of it is a secret
};

struct Section {
  std::string_view path;
  std::string_view help = {};
  std::string_view shorthand = {};     // a scalar stands for this key
  bool optional = false;               // defaults below it apply only when it is there
  bool required = false;
  Check name = nullptr;                // of the keys of a "*" section
};

enum class Convert { kSame, kPort, kSeconds, kDays, kBoolean, kLogLevel, kCertificateMode, kOrigins };

// Names of the earlier platform.
struct Alias {
  std::string_view variable;
  std::string_view path;
  Convert convert = Convert::kSame;
};

std::span<const Section> sections();
std::span<const Alias> aliases();
std::span<const std::string_view> unused_variables();  // of the earlier platform, without a key in this version
const std::vector<const Key*>& all_keys();  // in the order of the reference

// The table as a tree.
struct Branch {
  std::string segment;  // "*" any name, "[]" any index
  const Key* key = nullptr;
  const Section* section = nullptr;
  std::vector<Branch> children;

  const Branch* find(std::string_view wanted) const;
  const Branch* any_name() const { return find("*"); }
  const Branch* any_index() const { return find("[]"); }
};
const Branch& key_tree();
const Branch* find_branch(std::string_view path);  // of a concrete path: "routes[0].to"
std::string shown_text(const Key& key, std::string_view text);  // without what is secret
std::string number_text(const Key& key, std::int64_t number);  // in the unit of the key
std::string range_text(const Key& key);                        // "1ms to 1h"
std::string type_text(const Key& key);                         // "duration, 1ms to 1h"
std::vector<std::string_view> split_choices(std::string_view choices);
std::string join_choices(std::string_view choices);  // "a, b"

}  // namespace gatehouse::keys
