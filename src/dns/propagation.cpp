#include "gatehouse/dns/propagation.h"

#include <netinet/in.h>

#include <algorithm>
#include <cstring>

namespace gatehouse::dns {

namespace {

using namespace std::chrono_literals;

constexpr std::chrono::milliseconds kOneQuestion = 5s;
constexpr int kMaxSteps = 16;           // CNAMEs and labels
constexpr std::size_t kMaxServers = 16;
constexpr std::size_t kMaxResolvers = 3;
constexpr std::uint16_t kPort = 53;

Error not_found(std::string_view name) {
  return make_error("dns-lookup", "cannot find the DNS servers of " + std::string(name),
                    "name them in the settings, or switch the check off");
}

// The first resolver that answers.
runtime::Task<Result<Message>> ask_any(Client& client, std::vector<net::Endpoint> resolvers, std::string name, Type type) {
  Result<Message> answer = not_found(name);
  for (const net::Endpoint& resolver : resolvers) {
    answer = co_await client.ask(resolver, name, type, kOneQuestion);
    if (answer) break;
  }
  co_return answer;
}

net::Endpoint endpoint_of(const Record& record) {
  net::Endpoint endpoint;
  if (record.type == Type::kA) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(kPort);
    std::memcpy(&address.sin_addr, record.data.data(), sizeof address.sin_addr);
    std::memcpy(&endpoint.storage, &address, sizeof address);
    endpoint.size = sizeof address;
  } else {
    sockaddr_in6 address{};
    address.sin6_family = AF_INET6;
    address.sin6_port = htons(kPort);
    std::memcpy(&address.sin6_addr, record.data.data(), sizeof address.sin6_addr);
    std::memcpy(&endpoint.storage, &address, sizeof address);
    endpoint.size = sizeof address;
  }
  return endpoint;
}

void add_addresses(const Message& message, std::vector<net::Endpoint>& servers) {
  for (const Record& record : message.answers) {
    const bool address = (record.type == Type::kA && record.data.size() == 4) || (record.type == Type::kAaaa && record.data.size() == 16);
    if (address && servers.size() < kMaxServers) servers.push_back(endpoint_of(record));
  }
}

// Where CNAMEs of this answer lead.
std::string follow(const Message& message, std::string name) {
  for (int i = 0; i < kMaxSteps; ++i) {
    const auto found = std::find_if(message.answers.begin(), message.answers.end(),
                                    [&](const Record& record) { return record.type == Type::kCname && record.name == name; });
    if (found == message.answers.end()) break;
    name = found->target;
  }
  return name;
}

// The zone of a name, when the answer to the question for its SOA tells.
std::string zone_in(const Message& message, std::string_view name) {
  for (const auto* section : {&message.answers, &message.authority}) {
    for (const Record& record : *section) {
      const bool above = record.name.empty() || name == record.name || name.ends_with("." + record.name);
      if (record.type == Type::kSoa && above) return record.name;
    }
  }
  return {};
}

runtime::Task<std::vector<net::Endpoint>> servers_of(Client& client, std::vector<net::Endpoint> resolvers, std::string zone) {
  std::vector<net::Endpoint> servers;
  auto names = co_await ask_any(client, resolvers, zone, Type::kNs);
  if (!names) co_return servers;
  for (const Record& record : names->answers) {
    if (record.type != Type::kNs) continue;
    for (const Type type : {Type::kA, Type::kAaaa}) {
      auto addresses = co_await ask_any(client, resolvers, record.target, type);
      if (addresses) add_addresses(*addresses, servers);
    }
  }
  co_return servers;
}

bool shows(const Message& message, const TextRule& rule) {
  return std::any_of(message.answers.begin(), message.answers.end(), [&](const Record& record) {
    std::string whole;
    for (const std::string& part : record.strings) whole += part;
    return record.type == Type::kTxt && rule(whole);
  });
}

// One round. What shows the text is done; what cannot be reached (an IPv6 address without IPv6) counts only when nothing else can.
runtime::Task<std::vector<net::Endpoint>> not_showing(Client& client, std::vector<net::Endpoint> servers, std::string name, const TextRule& rule) {
  std::vector<net::Endpoint> still, unreachable;
  for (const net::Endpoint& server : servers) {
    auto answer = co_await client.ask(server, name, Type::kTxt, kOneQuestion);
    if (!answer && answer.error().slug == "dns-unreachable") unreachable.push_back(server);
    else if (!answer || !shows(*answer, rule)) still.push_back(server);
  }
  co_return unreachable.size() == servers.size() ? unreachable : still;
}

}  // namespace

runtime::Task<Result<Place>> find_place(Client& client, std::vector<net::Endpoint> resolvers, std::string name) {
  Place place{name, {}};
  for (int i = 0; i < kMaxSteps; ++i) {
    auto answer = co_await ask_any(client, resolvers, place.name, Type::kSoa);
    if (!answer) co_return std::move(answer).error();
    const std::string target = follow(*answer, place.name);
    place.zone = zone_in(*answer, target);
    if (place.zone.empty() && target == place.name) break;
    place.name = target;
    if (!place.zone.empty()) co_return place;
  }
  co_return not_found(name);
}

runtime::Task<Status> await_text(Client& client, Propagation settings, std::string name, std::string text) {
  TextRule rule = [text = std::move(text)](std::string_view seen) { return seen == text; };
  co_return co_await await_text_like(client, std::move(settings), std::move(name), std::move(rule));
}

runtime::Task<Status> await_text_like(Client& client, Propagation settings, std::string name, TextRule rule) {
  const runtime::SteadyTime until = client.loop().clock().now() + settings.deadline;
  std::vector<net::Endpoint> waiting = settings.servers;
  if (waiting.empty()) {
    auto place = co_await find_place(client, settings.resolvers, name);
    if (!place) co_return std::move(place).error();
    name = place->name;
    waiting = co_await servers_of(client, settings.resolvers, place->zone);
    if (waiting.empty()) co_return not_found(place->zone);
  }
  runtime::Waiter waiter(client.loop());
  runtime::Timer timer(waiter);
  for (;;) {
    waiting = co_await not_showing(client, std::move(waiting), name, rule);
    if (waiting.empty()) co_return Status{};
    if (client.loop().clock().now() + settings.interval > until) break;
    timer.arm(settings.interval);
    while (!timer.expired()) co_await waiter.wait();
  }
  co_return make_error("dns-propagation", "the record " + name + " is not to be seen at " + waiting.front().to_string());
}

std::vector<net::Endpoint> parse_resolv_conf(std::string_view text) {
  std::vector<net::Endpoint> servers;
  while (!text.empty() && servers.size() < kMaxResolvers) {
    std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(text.size(), line.size() + 1));
    constexpr std::string_view kWord = "nameserver";
    if (!line.starts_with(kWord)) continue;
    line.remove_prefix(kWord.size());
    const std::size_t begin = line.find_first_not_of(" \t");
    if (begin == line.npos || begin == 0) continue;
    const std::size_t end = line.find_first_of(" \t\r#;", begin);
    auto endpoint = net::to_endpoint({.host = std::string(line.substr(begin, end == line.npos ? end : end - begin)), .port = kPort});
    if (endpoint) servers.push_back(*std::move(endpoint));
  }
  if (servers.empty()) servers.push_back(*net::to_endpoint({.host = "127.0.0.1", .port = kPort}));
  return servers;
}

}  // namespace gatehouse::dns
