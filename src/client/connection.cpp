#include "connection.h"

namespace gatehouse::client {

namespace {

constexpr std::size_t kFirstBytes = 16 * 1024;
constexpr std::size_t kHeadBytes = 64 * 1024;
constexpr http::HeadLimits kLimits{.head_bytes = kHeadBytes, .target_bytes = 8 * 1024, .field_bytes = kHeadBytes};

http::Method method_of(std::string_view method) { return method == "HEAD" ? http::Method::kHead : http::Method::kOther; }

}  // namespace

Connection::Connection(runtime::Loop& its_loop, std::string name, std::unique_ptr<tls::Stream> connected, Request& request)
    : loop(its_loop), who(std::move(name)), stream(std::move(connected)), method(method_of(request.method)),
      protocol(request.upgrade), upload(request), buffer_(kFirstBytes, '\0'), parser_(kLimits),
      parsed_(std::make_unique<http::ResponseHead>()) {}

void Connection::set_waiter(runtime::Waiter* waiter) noexcept {
  woken = waiter;
  stream->set_waiter(waiter);
  upload.set_waiter(waiter);
}

Error Connection::malformed(std::string_view why) const {
  return make_error("bad-answer", "the answer of " + who + " is not HTTP: " + std::string(why));
}

// When TLS knows why, its words are better than ours.
Error Connection::broken(std::string_view slug, std::string_view otherwise) const {
  const std::string_view reason = stream->tls_failure();
  if (!reason.empty()) return make_error("tls-failed", who + " ended TLS: " + std::string(reason));
  return make_error(slug, who + " closed the connection" + std::string(otherwise));
}

Piece Connection::fail(Error why) {
  failed = true;
  error = std::move(why);
  return {};
}

// A server that takes no more may have said why before it closed: that is for reading to find out.
Status Connection::send() {
  if (upload.step(*stream) == Upload::State::kFailed) return upload.error();
  return {};
}

// The buffer begins small, as most heads are.
bool Connection::make_room() {
  if (end_ < buffer_.size()) return true;
  if (buffer_.size() == kHeadBytes) return false;
  buffer_.resize(buffer_.size() * 2);
  return true;
}

Result<bool> Connection::read_head() {
  for (;;) {
    auto complete = parse_heads();
    if (!complete || *complete) return complete;
    if (!make_room()) return malformed("head_too_large");
    const auto got = stream->read({buffer_.data() + end_, buffer_.size() - end_});
    if (got.state == tls::IoState::kWouldBlock) return false;
    if (got.state != tls::IoState::kDone) {
      return broken("bad-answer", end_ == 0 ? " without an answer" : " in the middle of a head");
    }
    end_ += got.bytes;
  }
}

Result<bool> Connection::parse_heads() {
  while (begin_ < end_) {
    const auto state = parser_.parse({buffer_.data() + begin_, end_ - begin_}, method, *parsed_);
    if (state == http::ParseState::kIncomplete) return false;
    if (state == http::ParseState::kRefused) return malformed(parser_.refusal().reason);
    begin_ += parsed_->size;
    if (parsed_->status >= 200 || parsed_->status == 101) return take_head();
    parser_.reset();
  }
  return false;
}

Result<bool> Connection::take_head() {
  head.status = parsed_->status;
  for (const http::Field& field : parsed_->fields) head.headers.emplace_back(field.name, field.value);
  const bool switched = head.status == 101;
  if (switched && (protocol.empty() || !http::equals_ignoring_case(head.header("Upgrade"), protocol))) {
    return malformed("it switches to a protocol that was not asked for");
  }
  // Podman and Docker hand over their connection with a plain 200, too.
  upgraded = switched || (!protocol.empty() && head.status == 200 && parsed_->framing == http::Framing::kUntilClose);
  if (upgraded && !upload.done()) return malformed("it switches protocols before it has the whole request");
  if (head.status >= 300) upload.stop();
  body.start(*stream, {buffer_.data(), buffer_.size()}, begin_, end_, 0, parsed_->framing, parsed_->content_length);
  parsed_.reset();
  return true;
}

Piece Connection::read_body() {
  while (!failed) {
    const auto piece = body.next();
    switch (piece.state) {
      case http::BodySource::State::kPiece:
        return {Piece::State::kBytes, piece.bytes};
      case http::BodySource::State::kEnd:
        return {Piece::State::kEnd, {}};
      case http::BodySource::State::kRefused:
        if (!body.over_limit()) return fail(malformed(body.refusal().reason));
        return fail(make_error("answer-too-large", "the answer of " + who + " is larger than was allowed"));
      case http::BodySource::State::kNeedMore:
        break;
    }
    const tls::IoState got = body.fill();
    if (got == tls::IoState::kDone) continue;
    if (got != tls::IoState::kWouldBlock) return fail(broken("bad-answer", " in the middle of a body"));
    Status sent = send();
    if (sent) return {Piece::State::kWouldBlock, {}};
    return fail(std::move(sent).error());
  }
  return {};
}

void Connection::begin_raw() {
  const std::string_view early = body.unread();
  begin_ = static_cast<std::size_t>(early.data() - buffer_.data());
  end_ = begin_ + early.size();
}

Piece Connection::read_raw() {
  if (failed) return {};
  if (begin_ < end_) {
    const std::size_t early = std::exchange(begin_, end_);
    return {Piece::State::kBytes, {buffer_.data() + early, end_ - early}};
  }
  const auto got = stream->read({buffer_.data(), buffer_.size()});
  switch (got.state) {
    case tls::IoState::kDone: return {Piece::State::kBytes, {buffer_.data(), got.bytes}};
    case tls::IoState::kWouldBlock: return {Piece::State::kWouldBlock, {}};
    case tls::IoState::kEnd: return {Piece::State::kEnd, {}};
    case tls::IoState::kError: break;
  }
  return fail(broken("closed", " without an end"));
}

Result<std::size_t> Connection::write_raw(std::string_view bytes) {
  if (failed) return error;
  const iovec piece{const_cast<char*>(bytes.data()), bytes.size()};
  const auto put = stream->write({&piece, 1});
  if (put.state == tls::IoState::kDone || put.state == tls::IoState::kWouldBlock) return put.bytes;
  return broken("closed", "");
}

}  // namespace gatehouse::client
