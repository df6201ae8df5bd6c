#include "gateway_fixture.h"

namespace gatehouse::mcp {
namespace {

struct Row {
  const char* what;
  std::string method, path;
  http::Headers headers;
  std::string body;
  int status;
  const char* contains;
};

TEST_F(GatewayTest, RefusesInTheOrderOfTheSpecification) {
  const std::string ok = R"({"jsonrpc":"2.0","id":"a","method":"tools/list"})";
  const auto with = [](http::Headers h, const char* name, const char* value) { h.emplace_back(name, value); return h; };
  const std::string call = modern_body("3", "tools/call", R"("name":"echo",)");
  std::string many = "[" + ok;
  for (int i = 0; i < 100; ++i) many += "," + ok;
  many += "]";
  const Row rows[] = {
      {"foreign host and origin", "POST", "/web", with(with(legacy(), "Host", "evil.example"), "Origin", "http://evil.example"), ok, 403, "\"host\""},
      {"foreign origin", "POST", "/web", with(legacy(), "Origin", "http://evil.example"), ok, 403, "\"origin\""},
      {"foreign origin without authentication", "POST", "/closed", with(legacy(), "Origin", "http://evil.example"), ok, 403, "\"origin\""},
      {"null origin", "POST", "/web", with(legacy(), "Origin", "null"), ok, 403, "\"origin\""},
      {"no authentication", "POST", "/closed", legacy(), ok, 401, "unauthenticated"},
      {"unknown endpoint", "POST", "/other", legacy(), ok, 404, "mcp-endpoint-unknown"},
      {"PUT", "PUT", "/web", legacy(), ok, 405, "method_not_allowed"},
      {"GET without session", "GET", "/web", {{"Accept", "text/event-stream"}}, "", 405, "method_not_allowed"},
      {"content type", "POST", "/web", {{"Content-Type", "text/plain"}}, ok, 415, "content_type"},
      {"accept", "POST", "/web", {{"Content-Type", "application/json"}, {"Accept", "application/json"}}, ok, 406, "accept"},
      {"accept q=0", "POST", "/web", {{"Content-Type", "application/json"}, {"Accept", "application/json;q=0, text/event-stream"}}, ok, 406, "accept"},
      {"json", "POST", "/web", legacy(), "{", 400, R"("id":null,"error":{"code":-32700)"},
      {"shape", "POST", "/web", legacy(), R"({"jsonrpc":"2.0","id":4,"method":7})", 400, R"("id":4,"error":{"code":-32600)"},
      {"batch in a later revision", "POST", "/web", with(legacy(), "MCP-Protocol-Version", "2025-06-18"), "[" + ok + "]", 400, "-32600"},
      {"initialize in a batch", "POST", "/web", legacy(), R"([{"jsonrpc":"2.0","id":1,"method":"initialize"}])", 400, "-32600"},
      {"too many messages", "POST", "/web", legacy(), many, 400, "batch_size"},
      {"initialize without a version", "POST", "/web", legacy(), R"({"jsonrpc":"2.0","id":1,"method":"initialize","params":{}})", 400, R"("id":1,"error":{"code":-32602)"},
      {"initialize with a version that is no text", "POST", "/mcp", legacy(), R"({"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":1}})", 400, "version_missing"},
      {"version header repeated", "POST", "/web", with(with(legacy(), "MCP-Protocol-Version", "2025-11-25"), "MCP-Protocol-Version", "1999-01-01"), ok, 400, "header_repeated"},
      {"session repeated", "POST", "/web", with(legacy("a"), "Mcp-Session-Id", "b"), ok, 400, "header_repeated"},
      {"session repeated in GET", "GET", "/web", with(legacy("a"), "Mcp-Session-Id", "b"), "", 400, "header_repeated"},
      {"session repeated in DELETE", "DELETE", "/web", with(legacy("a"), "Mcp-Session-Id", "b"), "", 400, "header_repeated"},
      {"unknown version", "POST", "/web", with(legacy(), "MCP-Protocol-Version", "1999-01-01"), ok, 400, "supported"},
      {"unknown session", "POST", "/web", legacy("nope"), ok, 404, R"("id":"a")"},
      {"stdio without session", "POST", "/mcp", legacy(), ok, 400, "session_required"},
      {"modern header without _meta", "POST", "/web", with(legacy(), "MCP-Protocol-Version", "2026-07-28"), ok, 400, "-32602"},
      {"modern version unknown, header wrong too", "POST", "/web", legacy(), modern_body("3", "x", "", "2030-01-01"), 400, R"("requested":"2030-01-01")"},
      {"modern version header missing", "POST", "/web", legacy(), modern_body("3", "x"), 400, "version_header"},
      {"modern method header", "POST", "/web", modern("y"), modern_body("3", "x"), 400, "method_header"},
      {"modern name header missing", "POST", "/web", modern("tools/call"), call, 400, "name_header"},
      {"modern name header wrong", "POST", "/web", modern("tools/call", {{"Mcp-Name", "other"}}), call, 400, "-32020"},
      {"modern name header bad base64", "POST", "/web", modern("tools/call", {{"Mcp-Name", "=?base64?ZWNobw?="}}), call, 400, "-32020"},
      {"modern param header", "POST", "/web", modern("x", {{"Mcp-Param-A", "=?base64?!?="}}), modern_body("3", "x"), 400, "param_header"},
      {"modern ping", "POST", "/web", modern("ping"), modern_body("3", "ping"), 404, "-32601"},
      {"modern GET", "GET", "/web", {{"Mcp-Session-Id", "x"}, {"MCP-Protocol-Version", "2026-07-28"}}, "", 405, "method_not_allowed"},
      {"DELETE without session", "DELETE", "/web", {}, "", 400, "session_required"},
  };
  for (const Row& row : rows) {
    FakeExchange exchange(loop_, row.method, row.path, row.headers, row.body);
    run(exchange);
    EXPECT_EQ(exchange.status(), row.status) << row.what << ": " << exchange.output();
    EXPECT_NE(exchange.output().find(row.contains), std::string::npos) << row.what << ": " << exchange.output();
  }
  EXPECT_TRUE(port_.asked.empty());
}

TEST_F(GatewayTest, HttpSessionHidesTheServersIdAndPassesBytes) {
  port_.json(kInitialized, 200, "Mcp-Session-Id: backend-secret\r\n");
  const std::string session = open_session("/web");
  ASSERT_EQ(session.size(), 32u);
  http::Headers headers = legacy(session);
  headers.emplace_back("Authorization", "Bearer client");
  headers.emplace_back("Origin", "http://localhost:6274");
  const std::string body = "{ \"jsonrpc\":\"2.0\",\n\"id\": \"x\", \"method\":\"tools/list\"}";
  const std::string answer = "{\"jsonrpc\" : \"2.0\",\"id\":\"x\",\"result\":{ }}";
  port_.json(answer);
  FakeExchange exchange(loop_, "POST", "/web", headers, body);
  run(exchange);
  EXPECT_EQ(exchange.output(), answer);
  const Asked& asked = port_.asked.back();
  EXPECT_EQ(asked.body, body);
  EXPECT_EQ(asked.path, "/base/mcp");
  EXPECT_EQ(asked.header("Mcp-Session-Id"), "backend-secret");
  EXPECT_EQ(asked.header("Authorization"), "");
  EXPECT_EQ(asked.header("Origin"), "");

  FakeExchange stranger(loop_, "POST", "/web", legacy(session), body);
  stranger.who() = {.name = "mallory", .credential = "key:2", .user_id = 2, .superuser = false, .scopes = {}};
  run(stranger);
  EXPECT_EQ(stranger.status(), 404);
  FakeExchange elsewhere(loop_, "POST", "/mcp", legacy(session), body);
  run(elsewhere);
  EXPECT_EQ(elsewhere.status(), 404);

  port_.json("", 405);
  FakeExchange remove(loop_, "DELETE", "/web", legacy(session));
  run(remove);
  EXPECT_EQ(remove.status(), 204);
  EXPECT_EQ(port_.asked.back().method, "DELETE");
  FakeExchange after(loop_, "POST", "/web", legacy(session), body);
  run(after);
  EXPECT_EQ(after.status(), 404);
  EXPECT_EQ(gateway_->session_count(), 0u);
}

TEST_F(GatewayTest, AllowNamesTheMethodsOfTheEra) {
  FakeExchange modern_get(loop_, "GET", "/web", {{"MCP-Protocol-Version", "2026-07-28"}}), put(loop_, "PUT", "/web", legacy());
  run(modern_get);
  run(put);
  EXPECT_EQ(modern_get.header("Allow"), "POST");
  EXPECT_EQ(put.header("Allow"), "GET, POST, DELETE");
}

TEST_F(GatewayTest, AnErrorAboutTheRequestIsAnAnswerWhateverItsStatus) {
  port_.json(kInitialized, 200, "Mcp-Session-Id: s\r\n");
  const std::string session = open_session("/web");
  const std::string answer = R"({"jsonrpc":"2.0","id":8,"error":{"code":-32602,"message":"no such session parameter"}})";
  for (const int status : {404, 400}) {
    port_.json(answer, status);
    FakeExchange exchange(loop_, "POST", "/web", legacy(session), R"({"jsonrpc":"2.0","id":8,"method":"tools/call"})");
    run(exchange);
    EXPECT_EQ(exchange.status(), status);
    EXPECT_EQ(exchange.output(), answer);
  }
  port_.json(R"({"jsonrpc":"2.0","id":8,"error":{"code":-32000,"message":"too late"}})", 400, "X-Note: session\r\n");
  FakeExchange other(loop_, "POST", "/web", legacy(session), R"({"jsonrpc":"2.0","id":8,"method":"tools/call"})");
  run(other);
  EXPECT_EQ(other.status(), 400);
  EXPECT_EQ(gateway_->session_count(), 1u);
}

TEST_F(GatewayTest, AnUnknownVersionIsReplacedByTheLatest) {
  for (const std::string version : {"1999-01-01", "2026-07-28"}) {
    port_.json(kInitialized, 200, "Mcp-Session-Id: s\r\n");
    FakeExchange web(loop_, "POST", "/web", legacy(), R"({"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":")" + version + R"(","x":1}})");
    run(web);
    EXPECT_EQ(web.status(), 200) << web.output();
    EXPECT_EQ(port_.asked.back().body, R"({"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-11-25","x":1}})");
  }
  FakeExchange child(loop_, "POST", "/mcp", legacy(), R"({"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2030-01-01"}})");
  run(child);
  EXPECT_EQ(child.output(), kInitialized);
}

TEST_F(GatewayTest, AServerWithAnUnknownVersionGetsNoSession) {
  const std::string unknown = R"({"jsonrpc":"2.0","id":0,"result":{"protocolVersion":"1999-01-01"}})";
  const std::string head = "HTTP/1.1 200 OK\r\nMcp-Session-Id: theirs\r\nContent-Type: ";
  port_.scripts.push_back({{}, head + "application/json\r\n\r\n", {unknown}, false, false});
  port_.json("", 200);
  port_.scripts.push_back({{}, head + "text/event-stream\r\n\r\n", {"data: ", unknown + "\n\n"}, false, true});
  port_.json("", 200);
  for (int i = 0; i < 2; ++i) {
    FakeExchange web(loop_, "POST", "/web", legacy(), kInitialize);
    run(web);
    EXPECT_EQ(web.status(), 502);
    EXPECT_NE(web.output().find("server_version"), std::string::npos) << web.output();
    EXPECT_EQ(web.header("Mcp-Session-Id"), "");
    EXPECT_EQ(port_.asked.back().method, "DELETE") << "its session is of no use";
    EXPECT_EQ(port_.asked.back().header("Mcp-Session-Id"), "theirs");
  }
  FakeExchange child(loop_, "POST", "/mcp", legacy(), R"({"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2024-11-05"}})");
  run(child);
  EXPECT_EQ(child.status(), 502);
  EXPECT_NE(child.output().find("server_version"), std::string::npos) << child.output();
  EXPECT_EQ(gateway_->session_count(), 0u);
  run_until([] { return runtime::live_processes() == 0; });
  EXPECT_EQ(runtime::live_processes(), 0u);
}

TEST_F(GatewayTest, InitializeThatIsAnsweredAsAStreamOpensASession) {
  const std::string events = "id: 1\ndata:\n\nevent: message\ndata: " + std::string(kInitialized) + "\n\n";
  port_.scripts.push_back({{}, "HTTP/1.1 200 OK\r\nMcp-Session-Id: s\r\nContent-Type: text/event-stream\r\n\r\n", {events.substr(0, 30), events.substr(30)}, false, false});
  FakeExchange web(loop_, "POST", "/web", legacy(), kInitialize);
  run(web);
  EXPECT_EQ(web.output(), events);
  EXPECT_EQ(web.header("Mcp-Session-Id").size(), 32u);
  EXPECT_EQ(gateway_->session_count(), 1u);
}

TEST_F(GatewayTest, PingIsAnsweredHere) {
  port_.json(kInitialized, 200, "Mcp-Session-Id: s\r\n");
  for (const char* path : {"/web", "/mcp"}) {
    FakeExchange ping(loop_, "POST", path, legacy(open_session(path)), R"({"jsonrpc":"2.0","id":"p","method":"ping"})");
    run(ping);
    EXPECT_EQ(ping.status(), 200);
    EXPECT_EQ(ping.output(), R"({"jsonrpc":"2.0","id":"p","result":{}})") << path;
    FakeExchange unknown(loop_, "POST", path, legacy("nope"), R"({"jsonrpc":"2.0","id":"p","method":"ping"})");
    run(unknown);
    EXPECT_EQ(unknown.status(), 404);
  }
  EXPECT_EQ(port_.asked.size(), 1u);
}

TEST_F(GatewayTest, AnEncodedAnswerIsRefused) {
  port_.json("\x1f\x8b", 200, "Content-Encoding: gzip\r\n");
  FakeExchange exchange(loop_, "POST", "/web", legacy(), R"({"jsonrpc":"2.0","id":8,"method":"x"})");
  run(exchange);
  EXPECT_EQ(exchange.status(), 502);
  EXPECT_NE(exchange.output().find("content_encoding"), std::string::npos) << exchange.output();
  EXPECT_EQ(port_.asked.back().header("Accept-Encoding"), "identity");
}

TEST_F(GatewayTest, AModernStreamThatEndsWithoutAnAnswerEndsWithAnError) {
  const std::string head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n", note = "data: {\"jsonrpc\":\"2.0\",\"method\":\"x\"}\n\n";
  port_.scripts.push_back({{}, head, {note}, false, false});
  FakeExchange exchange(loop_, "POST", "/web", modern("x"), modern_body("8", "x"));
  run(exchange);
  EXPECT_NE(exchange.output().find(R"("id":8,"error":{"code":-32603)"), std::string::npos) << exchange.output();
  port_.scripts.push_back({{}, head, {note}, false, false});
  FakeExchange old(loop_, "POST", "/web", legacy(), R"({"jsonrpc":"2.0","id":8,"method":"x"})");
  run(old);
  EXPECT_EQ(old.output(), note) << "a legacy client comes back for the rest";
}

TEST_F(GatewayTest, ServersLostSessionIsNotFoundForTheClient) {
  port_.json(kInitialized, 200, "Mcp-Session-Id: s\r\n");
  const std::string session = open_session("/web");
  port_.json(R"({"jsonrpc":"2.0","error":{"code":-32000,"message":"Bad Request: No valid session ID provided"},"id":null})", 400);
  FakeExchange exchange(loop_, "POST", "/web", legacy(session), R"({"jsonrpc":"2.0","id":8,"method":"tools/list"})");
  run(exchange);
  EXPECT_EQ(exchange.status(), 404);
  EXPECT_EQ(gateway_->session_count(), 0u);
}

TEST_F(GatewayTest, EventStreamPassesByteForByteAndEndsWithAnErrorWhenTheServerDies) {
  const std::string body = R"({"jsonrpc":"2.0","id":8,"method":"x"})";
  const std::string head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n";
  port_.scripts.push_back({{}, head, {"id: 1\r\ndata: {\"jsonrpc\":\"2.0\",", "\"id\":8,\"result\":{}}\r\n\r\n"}, true, false});
  FakeExchange whole(loop_, "POST", "/web", legacy(), body);
  run(whole);
  EXPECT_EQ(whole.output(), "id: 1\r\ndata: {\"jsonrpc\":\"2.0\",\"id\":8,\"result\":{}}\r\n\r\n");
  port_.scripts.push_back({{}, head, {"data: {\"jso"}, true, false});
  FakeExchange cut(loop_, "POST", "/web", legacy(), body);
  run(cut);
  EXPECT_NE(cut.output().find("\n\nevent: message\ndata: {\"jsonrpc\":\"2.0\",\"id\":8,\"error\":{\"code\":-32603"), std::string::npos) << cut.output();
  port_.scripts.push_back({make_error("upstream-connect", "refused"), "", {}, false, false});
  FakeExchange refused(loop_, "POST", "/web", legacy(), body);
  run(refused);
  EXPECT_EQ(refused.status(), 502);
  EXPECT_NE(refused.output().find("\"id\":8"), std::string::npos);
}

TEST_F(GatewayTest, ChildSessionFromInitializeToDelete) {
  const std::string session = open_session();
  ASSERT_EQ(session.size(), 32u);
  FakeExchange note(loop_, "POST", "/mcp", legacy(session), R"({"jsonrpc":"2.0","method":"notifications/initialized"})");
  run(note);
  EXPECT_EQ(note.status(), 202);
  EXPECT_EQ(note.output(), "");
  FakeExchange echo(loop_, "POST", "/mcp", legacy(session), R"({"jsonrpc":"2.0","id":"1","method":"echo","params":{"n":9007199254740993}})");
  run(echo);
  EXPECT_EQ(echo.response().content_type, "application/json");
  EXPECT_EQ(echo.output(), R"({"jsonrpc":"2.0","id":"1","result":{"n":9007199254740993}})");
  FakeExchange progress(loop_, "POST", "/mcp/child", legacy(session), R"({"jsonrpc":"2.0","id":2,"method":"progress","params":{"_meta":{"progressToken":"p"}}})");
  run(progress);
  EXPECT_EQ(progress.status(), 404) << "a session belongs to the path where it was opened";
  FakeExchange stream(loop_, "POST", "/mcp", legacy(session), R"({"jsonrpc":"2.0","id":2,"method":"progress","params":{"_meta":{"progressToken":"p"}}})");
  run(stream);
  EXPECT_EQ(stream.response().content_type, "text/event-stream");
  EXPECT_NE(stream.output().find(R"("progressToken":"p")"), std::string::npos);
  EXPECT_NE(stream.output().find(R"("id":2,"result")"), std::string::npos);
  EXPECT_EQ(runtime::live_processes(), 1u);
  FakeExchange remove(loop_, "DELETE", "/mcp", legacy(session));
  run(remove);
  EXPECT_EQ(remove.status(), 204);
  run_until([] { return runtime::live_processes() == 0; });
  EXPECT_EQ(runtime::live_processes(), 0u);
  FakeExchange after(loop_, "POST", "/mcp", legacy(session), R"({"jsonrpc":"2.0","id":3,"method":"echo"})");
  run(after);
  EXPECT_EQ(after.status(), 404);
}

TEST_F(GatewayTest, ServerRequestRidesOnTheCallAndOthersWaitForTheGetStream) {
  const std::string session = open_session();
  FakeExchange ask(loop_, "POST", "/mcp", legacy(session), R"({"jsonrpc":"2.0","id":5,"method":"ask"})");
  begin(ask);
  run_until([&] { return ask.output().find("roots/list") != std::string::npos; });
  EXPECT_TRUE(ask.streaming());
  ask.go_away();  // not a cancel for legacy clients
  loop_.run_for_test(20ms);
  FakeExchange reply(loop_, "POST", "/mcp", legacy(session), R"({"jsonrpc":"2.0","id":"srv","result":{"roots":[]}})");
  run(reply);
  EXPECT_EQ(reply.status(), 202);
  loop_.run_for_test(100ms);
  FakeExchange get(loop_, "GET", "/mcp", legacy(session));
  begin(get);
  run_until([&] { return get.output().find("notifications/answered") != std::string::npos; });
  EXPECT_NE(get.output().find("notifications/answered"), std::string::npos);
  get.start_draining();
  run_until([&] { return get.ended(); });
  EXPECT_TRUE(get.ended());
}

TEST_F(GatewayTest, DeathOfTheChildIsAnErrorForTheCallAndTheEndOfTheSession) {
  const std::string session = open_session();
  FakeExchange die(loop_, "POST", "/mcp", legacy(session), R"({"jsonrpc":"2.0","id":"d","method":"die"})");
  run(die);
  EXPECT_EQ(die.status(), 502);
  EXPECT_NE(die.output().find(R"("id":"d","error":{"code":-32603)"), std::string::npos) << die.output();
  run_until([&] { return gateway_->session_count() == 0; });
  EXPECT_EQ(gateway_->session_count(), 0u);
  FakeExchange after(loop_, "POST", "/mcp", legacy(session), R"({"jsonrpc":"2.0","id":3,"method":"echo"})");
  run(after);
  EXPECT_EQ(after.status(), 404);
}

TEST_F(GatewayTest, ProcessesAreCappedAndGoWithTheGateway) {
  open_session();
  open_session();
  FakeExchange third(loop_, "POST", "/mcp", legacy(), kInitialize);
  run(third);
  EXPECT_EQ(third.status(), 503);
  EXPECT_EQ(third.header("Retry-After"), "5");
  EXPECT_EQ(runtime::live_processes(), 2u);
  EXPECT_EQ(gateway_->session_count(), 2u);
  gateway_.reset();
  EXPECT_EQ(runtime::live_processes(), 0u);
}

TEST_F(GatewayTest, BatchOfAnOldClientIsAnsweredAsAnArray) {
  FakeExchange init(loop_, "POST", "/mcp", legacy(), R"({"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-03-26"}})");
  run(init);
  FakeExchange batch(loop_, "POST", "/mcp", legacy(init.header("Mcp-Session-Id")),
                     R"([{"jsonrpc":"2.0","id":1,"method":"echo"},{"jsonrpc":"2.0","id":"1","method":"echo"}])");
  run(batch);
  EXPECT_EQ(batch.output(), R"([{"jsonrpc":"2.0","id":1,"result":null},{"jsonrpc":"2.0","id":"1","result":null}])");
}

TEST_F(GatewayTest, ModernClientsShareOneChildAndDisconnectingCancels) {
  FakeExchange hang(loop_, "POST", "/modern", modern("hang"), modern_body("1", "hang"));
  make();
  begin(hang);
  FakeExchange echo(loop_, "POST", "/modern", modern("echo"), modern_body("1", "echo"));
  run(echo);
  EXPECT_EQ(echo.status(), 200) << echo.output();
  EXPECT_NE(echo.output().find(R"("id":1,"result")"), std::string::npos);
  EXPECT_EQ(runtime::live_processes(), 1u);
  FakeExchange unknown(loop_, "POST", "/modern", modern("nope"), modern_body("\"u\"", "nope"));
  run(unknown);
  EXPECT_EQ(unknown.status(), 404);
  EXPECT_FALSE(hang.answered());
  hang.go_away();
  run_until([&] { return group_.size() == 0; });
  EXPECT_EQ(group_.size(), 0u);
}

TEST_F(GatewayTest, ModernClientIsToldThatTheChildIsLegacy) {
  FakeExchange exchange(loop_, "POST", "/mcp", modern("echo"), modern_body("7", "echo"));
  run(exchange);
  EXPECT_EQ(exchange.status(), 400);
  EXPECT_NE(exchange.output().find(R"("id":7,"error":{"code":-32022)"), std::string::npos) << exchange.output();
  EXPECT_NE(exchange.output().find(R"("supported":["2025-11-25")"), std::string::npos);
  run_until([] { return runtime::live_processes() == 0; });
  EXPECT_EQ(runtime::live_processes(), 0u);
}

TEST_F(GatewayTest, ReloadEndsSessionsOfChangedServersOnly) {
  port_.json(kInitialized, 200, "Mcp-Session-Id: s\r\n");
  open_session("/web");
  open_session("/mcp");
  Settings next = settings();
  next.servers[1].environment["X"] = "1";
  gateway_->reload(next, {});
  EXPECT_EQ(gateway_->session_count(), 1u);
  run_until([] { return runtime::live_processes() == 0; });
  EXPECT_EQ(runtime::live_processes(), 0u);
}

}  // namespace
}  // namespace gatehouse::mcp
