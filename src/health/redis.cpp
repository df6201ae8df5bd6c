#include "gatehouse/health/redis.h"

#include <charconv>
#include <utility>

namespace gatehouse::health {

namespace {

using Verdict = Outcome::Verdict;

Outcome failed(std::string detail) { return {Verdict::kFailed, std::move(detail)}; }

void append_bulk(std::string& out, std::string_view text) {
  out += '$' + std::to_string(text.size()) + "\r\n";
  out.append(text);
  out += "\r\n";
}

std::string make_request(std::string_view user, std::string_view password) {
  std::string out;
  if (!password.empty()) {
    out += user.empty() ? "*2\r\n" : "*3\r\n";
    append_bulk(out, "AUTH");
    if (!user.empty()) append_bulk(out, user);
    append_bulk(out, password);
  }
  out += "*1\r\n";
  append_bulk(out, "PING");
  return out;
}

// "$4": the size of a bulk string; nothing for any other line.
std::optional<std::size_t> bulk_size(std::string_view line) {
  std::size_t size = 0;
  if (line.size() < 2 || line[0] != '$') return std::nullopt;
  const auto parsed = std::from_chars(line.data() + 1, line.data() + line.size(), size);
  if (parsed.ec != std::errc() || parsed.ptr != line.data() + line.size()) return std::nullopt;
  return size;
}

// One whole reply at the front of `buffer`, as its simple form "+text" or "-text". Nothing: more bytes are needed.
struct Reply {
  std::string text;
  std::size_t size;  // in the buffer
};
std::optional<Reply> front_reply(std::string_view buffer) {
  const std::size_t end = buffer.find("\r\n");
  if (end == std::string_view::npos) return std::nullopt;
  const std::string_view line = buffer.substr(0, end);
  const auto bulk = bulk_size(line);
  if (!bulk || *bulk > RedisPing::kMaxReply) return Reply{std::string(line), end + 2};
  const std::size_t size = end + 2 + *bulk + 2;
  if (buffer.size() < size) return std::nullopt;
  if (buffer.substr(size - 2, 2) != "\r\n") return Reply{"?", size};
  return Reply{"+" + std::string(buffer.substr(end + 2, *bulk)), size};
}

}  // namespace

RedisPing::RedisPing(std::string_view user, const Secret& password)
    : request_(make_request(user, password.reveal())), replies_left_(password.empty() ? 1 : 2) {}

std::optional<Outcome> RedisPing::feed(std::string_view bytes) {
  buffer_.append(bytes.substr(0, 2 * kMaxReply));
  for (auto reply = front_reply(buffer_); reply; reply = front_reply(buffer_)) {
    buffer_.erase(0, reply->size);
    if (auto outcome = take_reply(reply->text)) return outcome;
  }
  if (buffer_.size() > kMaxReply) return failed("answers, but not like Redis: a reply without an end");
  return std::nullopt;
}

std::optional<Outcome> RedisPing::take_reply(std::string_view line) {
  if (line.size() > kMaxReply) return failed("answers, but not like Redis: a reply without an end");
  if (line.starts_with('-')) return failed("Redis answers: " + std::string(line.substr(1)));
  if (--replies_left_ > 0 && line == "+OK") return std::nullopt;
  if (replies_left_ == 0 && line == "+PONG") return Outcome{Verdict::kPassed, {}};
  return failed("answers, but not like Redis");
}

Outcome RedisPing::closed() const { return failed("closed the connection before it answered PING"); }

}  // namespace gatehouse::health
