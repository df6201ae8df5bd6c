#include "gatehouse/client/http.h"

#include <openssl/err.h>
#include <openssl/ssl.h>

#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>
#include <array>
#include <optional>

#include "gatehouse/http/message.h"
#include "gatehouse/http/url.h"

namespace gatehouse::client {
namespace {

namespace asio = boost::asio;
namespace beast = boost::beast::http;
using ErrorCode = boost::system::error_code;
using Tcp = asio::ip::tcp;
using Unix = asio::local::stream_protocol;

constexpr std::uint32_t kMaxHead = 64 * 1024;

auto into(ErrorCode& error) { return asio::redirect_error(asio::use_awaitable, error); }

// One exchange. Everything that the coroutine uses lives here, outside its frame, and is read when the loop has ended.
struct Job {
  const HttpRequest& request;
  const http::Url& url;
  HttpAnswer answer;
  std::optional<Error> error;
  bool connected = false;
  bool done = false;

  std::string peer() const { return request.unix_socket.empty() ? url.authority : request.unix_socket; }
  void fail_reading(const ErrorCode& code) {
    if (code != beast::error::body_limit) return fail("bad-answer", "cannot read the answer of", code);
    error = make_error("answer-too-large", "the answer of " + peer() + " is over " + std::to_string(request.max_body) + " bytes");
  }
  void fail(std::string_view slug, std::string_view attempted, const ErrorCode& code) {
    error = make_error(slug, std::string(attempted) + " " + peer() + ": " + code.message());
  }
};

bool is_reserved(std::string_view name) {
  for (const std::string_view own : {"host", "content-length", "transfer-encoding", "connection"}) {
    if (http::equals_ignoring_case(name, own)) return true;
  }
  return false;
}

beast::request<beast::string_body> build(const HttpRequest& request, const http::Url& url) {
  beast::request<beast::string_body> message;
  message.method_string({request.method.data(), request.method.size()});
  message.target({url.target.data(), url.target.size()});
  message.version(11);
  message.set(beast::field::host, url.authority);
  message.set(beast::field::user_agent, "gatehouse");
  message.set(beast::field::connection, "close");
  for (const auto& [name, value] : request.headers) {
    if (!is_reserved(name)) message.set(boost::beast::string_view(name.data(), name.size()), value);
  }
  message.body() = request.body;
  if (!request.body.empty() || request.method == "POST" || request.method == "PUT") message.prepare_payload();
  return message;
}

void take_head(const beast::response<beast::buffer_body>& message, HttpAnswer& answer) {
  answer.status = static_cast<int>(message.result_int());
  for (const auto& field : message) answer.headers.emplace_back(field.name_string(), field.value());
}

// False: whoever takes the body has enough.
bool deliver(Job& job, std::string_view piece) {
  if (piece.empty()) return true;
  if (job.request.on_body) return job.request.on_body(job.answer, piece);
  job.answer.body += piece;
  return true;
}

template <class Stream>
asio::awaitable<void> read_answer(Stream& stream, Job& job) {
  boost::beast::flat_buffer buffer(kMaxHead * 2);
  beast::response_parser<beast::buffer_body> parser;
  parser.header_limit(kMaxHead);
  parser.body_limit(job.request.max_body);
  if (job.request.method == "HEAD") parser.skip(true);
  ErrorCode error;
  co_await beast::async_read_header(stream, buffer, parser, into(error));
  if (error) co_return job.fail_reading(error);
  take_head(parser.get(), job.answer);
  std::array<char, 16384> piece;
  while (!parser.is_done()) {
    parser.get().body().data = piece.data();
    parser.get().body().size = piece.size();
    co_await beast::async_read_some(stream, buffer, parser, into(error));
    const bool full = error == beast::error::need_buffer;
    if (error && !full) co_return job.fail_reading(error);
    if (!deliver(job, {piece.data(), piece.size() - parser.get().body().size})) break;
  }
}

template <class Stream>
asio::awaitable<void> exchange(Stream& stream, Job& job) {
  job.connected = true;
  const beast::request<beast::string_body> message = build(job.request, job.url);
  ErrorCode error;
  co_await beast::async_write(stream, message, into(error));
  // A peer that refuses a large body answers before it has read all of it: look for the answer anyway.
  if (error && error != asio::error::broken_pipe && error != asio::error::connection_reset) {
    co_return job.fail("bad-answer", "cannot send to", error);
  }
  co_await read_answer(stream, job);
}

asio::awaitable<bool> connect(Tcp::socket& socket, Job& job) {
  ErrorCode error;
  Tcp::resolver resolver(socket.get_executor());
  const auto found = co_await resolver.async_resolve(job.url.address.host, std::to_string(job.url.address.port), into(error));
  if (!error) co_await asio::async_connect(socket, found, into(error));
  if (error) job.fail("unreachable", "cannot connect to", error);
  co_return !error;
}

std::string tls_reason(SSL* ssl, const ErrorCode& error) {
  const long verified = SSL_get_verify_result(ssl);
  if (verified != X509_V_OK) return X509_verify_cert_error_string(verified);
  const char* const reason = ERR_reason_error_string(static_cast<unsigned long>(error.value()));
  return reason != nullptr ? reason : error.message();
}

bool prepare(asio::ssl::context& context, Job& job) {
  const Trust& trust = job.request.trust;
  ErrorCode error;
  SSL_CTX_set_min_proto_version(context.native_handle(), TLS1_2_VERSION);
  context.set_verify_mode(trust.verify ? asio::ssl::verify_peer : asio::ssl::verify_none, error);
  if (trust.ca_file.empty()) {
    context.set_default_verify_paths(error);
  } else {
    context.load_verify_file(trust.ca_file, error);
  }
  if (error) job.error = make_error("tls-failed", "cannot read the certificates of " + trust.ca_file + ": " + error.message());
  return !error;
}

asio::awaitable<void> run_tls(Tcp::socket socket, Job& job) {
  asio::ssl::context context(asio::ssl::context::tls_client);
  if (!prepare(context, job)) co_return;
  asio::ssl::stream<Tcp::socket&> stream(socket, context);
  SSL_set_tlsext_host_name(stream.native_handle(), job.url.address.host.c_str());
  if (job.request.trust.verify) stream.set_verify_callback(asio::ssl::host_name_verification(job.url.address.host));
  ErrorCode error;
  co_await stream.async_handshake(asio::ssl::stream_base::client, into(error));
  if (error) {
    job.error = make_error("tls-failed", "no TLS with " + job.peer() + ": " + tls_reason(stream.native_handle(), error),
                           "for a certificate of your own: --ca-file FILE, or --insecure to trust anything");
    co_return;
  }
  co_await exchange(stream, job);
}

asio::awaitable<void> run_tcp(asio::io_context& context, Job& job) {
  Tcp::socket socket(context);
  const bool connected = co_await connect(socket, job);
  if (!connected) co_return;
  if (job.url.tls) {
    co_await run_tls(std::move(socket), job);
  } else {
    co_await exchange(socket, job);
  }
}

asio::awaitable<void> run_unix(asio::io_context& context, Job& job) {
  std::string path = job.request.unix_socket;
  if (path.starts_with('@')) path[0] = '\0';
  if (path.size() >= sizeof(sockaddr_un::sun_path)) {
    job.error = make_error("unreachable", "cannot connect to " + job.peer() + ": a socket's path has at most 107 bytes");
    co_return;
  }
  Unix::socket socket(context);
  ErrorCode error;
  co_await socket.async_connect(Unix::endpoint(path), into(error));
  if (error) co_return job.fail("unreachable", "cannot connect to", error);
  co_await exchange(socket, job);
}

asio::awaitable<void> run(asio::io_context& context, Job& job) {
  if (job.request.unix_socket.empty()) {
    co_await run_tcp(context, job);
  } else {
    co_await run_unix(context, job);
  }
  job.done = true;
}

// Ends the loop, and with it whatever waits, when the descriptor is readable. It stays the caller's.
class Interrupt {
 public:
  Interrupt(asio::io_context& context, int descriptor) : stream_(context) {
    if (descriptor < 0) return;
    stream_.assign(descriptor);
    stream_.async_wait(asio::posix::stream_descriptor::wait_read, [this, &context](const ErrorCode& error) {
      if (error) return;
      came_ = true;
      context.stop();
    });
  }
  ~Interrupt() { if (stream_.is_open()) stream_.release(); }
  Interrupt(const Interrupt&) = delete;
  void disarm() { if (stream_.is_open()) stream_.cancel(); }
  bool came() const { return came_; }

 private:
  asio::posix::stream_descriptor stream_;
  bool came_ = false;
};

bool has_line_break(const HttpRequest& request) {
  const auto bad = [](std::string_view text) { return text.find_first_of(std::string_view("\r\n\0", 3)) != text.npos; };
  for (const auto& [name, value] : request.headers) {
    if (name.empty() || bad(name) || bad(value)) return true;
  }
  return request.method.empty() || bad(request.method);
}

}  // namespace

std::string_view HttpAnswer::header(std::string_view name) const noexcept {
  for (const auto& [key, value] : headers) {
    if (http::equals_ignoring_case(key, name)) return value;
  }
  return {};
}

Result<HttpAnswer> request(const HttpRequest& request) {
  const auto url = http::parse_url(request.url);
  if (!url) return url.error();
  if (has_line_break(request)) return make_error("bad-url", "a header or the method holds a line break or is empty");
  Job job{request, *url, {}, {}, false, false};
  try {
    asio::io_context context(1);
    Interrupt interrupt(context, request.interrupt);
    asio::co_spawn(context, run(context, job), [&interrupt](std::exception_ptr failure) {
      interrupt.disarm();
      if (failure) std::rethrow_exception(failure);  // out of run_for(), to the catch below
    });
    context.run_for(request.deadline);
    if (interrupt.came() && !job.done) return make_error("interrupted", "interrupted while waiting for " + job.peer());
  } catch (const std::exception& error) {
    return make_error("bad-answer", "the exchange with " + job.peer() + " broke: " + error.what());
  }
  if (job.error) return std::move(*job.error);
  const std::string limit = " within " + std::to_string(request.deadline.count()) + " ms";
  if (!job.connected && !job.done) return make_error("unreachable", "cannot connect to " + job.peer() + limit);
  if (!job.done) return make_error("timeout", job.peer() + " did not answer" + limit);
  return std::move(job.answer);
}

}  // namespace gatehouse::client
