"""Raw requests against the edge: what is refused, with which status, and that nothing is smuggled to the backend.

Rules P-1 to P-19. Every case is followed on the same connection by a probe request: after a refusal for framing the
connection must be closed and the probe must not reach the backend, after a good request the probe must be answered.
"""
import unittest

from harness import *

PROBE = b"GET /probe HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"
CLOSES, STAYS, EITHER = "closes", "stays", "either"


def get(*lines, line="GET /x HTTP/1.1", host="Host: h", end="\r\n\r\n"):
    """A request head from its lines."""
    return "\r\n".join([line, *([host] if host else []), *lines]).encode("latin-1") + end.encode()


def post(*lines, body=b"", line="POST /x HTTP/1.1"):
    return get(*lines, line=line) + body


def chunked(body, *lines):
    return post("Transfer-Encoding: chunked", *lines, body=body)


SMUGGLED = b"GET /smuggled HTTP/1.1\r\nHost: h\r\n\r\n"
LONG = "a" * 9000

# name: (bytes, status, what happens to the connection)
CASES = {
    # P-1 line ends and forbidden bytes
    "bare_lf_everywhere": (b"GET /x HTTP/1.1\nHost: h\n\n", 400, CLOSES),
    "bare_lf_after_request_line": (b"GET /x HTTP/1.1\nHost: h\r\n\r\n", 400, CLOSES),
    "bare_lf_after_field": (b"GET /x HTTP/1.1\r\nHost: h\nA: b\r\n\r\n", 400, CLOSES),
    "bare_lf_ends_head": (b"GET /x HTTP/1.1\r\nHost: h\r\n\n", 400, CLOSES),
    "bare_cr_in_value": (b"GET /x HTTP/1.1\r\nHost: h\r\nA: b\rc\r\n\r\n", 400, CLOSES),
    "bare_cr_in_request_line": (b"GET /x\r HTTP/1.1\r\nHost: h\r\n\r\n", 400, CLOSES),
    "cr_cr_lf": (b"GET /x HTTP/1.1\r\r\nHost: h\r\n\r\n", 400, CLOSES),
    "nul_in_value": (get("A: b\0c"), 400, CLOSES),
    "nul_in_name": (get("A\0: b"), 400, CLOSES),
    "nul_in_target": (get(line="GET /x\0 HTTP/1.1"), 400, CLOSES),
    "control_in_value": (get("A: b\x01c"), 400, CLOSES),
    "delete_in_value": (get("A: b\x7fc"), 400, CLOSES),
    "two_crlf_before": (b"\r\n\r\n" + get(), 200, STAYS),
    "three_crlf_before": (b"\r\n\r\n\r\n" + get(), 400, CLOSES),
    "lf_before": (b"\n" + get(), 400, CLOSES),
    "tab_in_value": (get("A: b\tc"), 200, STAYS),
    "high_bytes_in_value": (get("A: b\xe4c"), 200, STAYS),
    # P-2 request line
    "two_spaces_after_method": (get(line="GET  /x HTTP/1.1"), 400, CLOSES),
    "two_spaces_before_version": (get(line="GET /x  HTTP/1.1"), 400, CLOSES),
    "tab_as_separator": (get(line="GET\t/x\tHTTP/1.1"), 400, CLOSES),
    "leading_space": (get(line=" GET /x HTTP/1.1"), 400, CLOSES),
    "trailing_space": (get(line="GET /x HTTP/1.1 "), 400, CLOSES),
    "space_in_target": (get(line="GET /x y HTTP/1.1"), 400, CLOSES),
    "fragment_in_target": (get(line="GET /x#y HTTP/1.1"), 400, CLOSES),
    "high_byte_in_target": (get(line="GET /\xe4 HTTP/1.1"), 400, CLOSES),
    "relative_target": (get(line="GET x HTTP/1.1"), 400, CLOSES),
    "no_version": (b"GET /x\r\nHost: h\r\n\r\n", 400, CLOSES),
    "lower_case_version": (get(line="GET /x http/1.1"), 400, CLOSES),
    "version_2": (get(line="GET /x HTTP/2.0"), 505, CLOSES),
    "version_3": (get(line="GET /x HTTP/3.0"), 505, CLOSES),
    "version_0_9": (get(line="GET /x HTTP/0.9"), (400, 505), CLOSES),
    "version_1_2": (get(line="GET /x HTTP/1.2"), 200, STAYS),
    "version_1_10": (get(line="GET /x HTTP/1.10"), 400, CLOSES),
    "version_01_1": (get(line="GET /x HTTP/01.1"), 400, CLOSES),
    "version_plus": (get(line="GET /x HTTP/+1.1"), 400, CLOSES),
    "version_letters": (get(line="GET /x HTTP/x.y"), 400, CLOSES),
    "bad_method_character": (get(line="G(T /x HTTP/1.1"), 400, CLOSES),
    "empty_method": (get(line=" /x HTTP/1.1"), 400, CLOSES),
    "long_method": (get(line="A" * 33 + " /x HTTP/1.1"), (400, 501), CLOSES),
    "unknown_method": (get(line="BREW /x HTTP/1.1"), (200, 501), EITHER),
    "long_target": (get(line=f"GET /{LONG} HTTP/1.1"), 414, CLOSES),
    "longest_target": (get(line="GET /" + "a" * 8000 + " HTTP/1.1"), 200, STAYS),
    "tls_hello_in_plain": (b"\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03" + b"\x00" * 32 + b"\r\n\r\n", 400, CLOSES),
    "h2_preface": (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", (400, 405, 505), CLOSES),
    # P-3 fields
    "space_before_colon": (get("A : b"), 400, CLOSES),
    "tab_before_colon": (get("A\t: b"), 400, CLOSES),
    "empty_name": (get(": b"), 400, CLOSES),
    "no_colon": (get("Abc"), 400, CLOSES),
    "folded_field": (get("A: b", " c"), 400, CLOSES),
    "folded_with_tab": (get("A: b", "\tc"), 400, CLOSES),
    "folded_first_field": (b"GET /x HTTP/1.1\r\n Host: h\r\n\r\n", 400, CLOSES),
    "bad_name_character": (get("A@: b"), 400, CLOSES),
    "high_byte_in_name": (get("\xe4: b"), 400, CLOSES),
    "empty_value": (get("A:"), 200, STAYS),
    "hundred_fields": (get(*[f"A{i}: b" for i in range(99)]), 200, STAYS),
    "too_many_fields": (get(*[f"A{i}: b" for i in range(101)]), 431, CLOSES),
    "huge_field": (get("A: " + "b" * 17000), 431, CLOSES),
    "huge_head": (get(*[f"A{i}: " + "b" * 8000 for i in range(5)]), 431, CLOSES),
    # P-4 Host and the forms of the target
    "no_host": (get(host=None), 400, CLOSES),
    "two_hosts": (get("Host: i"), 400, CLOSES),
    "two_equal_hosts": (get("Host: h"), 400, CLOSES),
    "empty_host": (get(host="Host:"), (200, 400), EITHER),
    "host_with_space": (get(host="Host: a b"), 400, CLOSES),
    "host_with_path": (get(host="Host: a/b"), 400, CLOSES),
    "host_with_userinfo": (get(host="Host: a@b"), 400, CLOSES),
    "host_with_bad_port": (get(host="Host: a:b"), 400, CLOSES),
    "host_with_huge_port": (get(host="Host: a:99999"), 400, CLOSES),
    "host_list": (get(host="Host: a, b"), 400, CLOSES),
    "host_bad_ipv6": (get(host="Host: [::1"), 400, CLOSES),
    "host_ipv6": (get(host="Host: [::1]:80"), 200, STAYS),
    "host_with_empty_port": (get(host="Host: h:"), 200, STAYS),
    "host_with_port": (get(host="Host: h:8080"), 200, STAYS),
    "absolute_form": (get(line="GET http://h/x HTTP/1.1"), 200, STAYS),
    "absolute_form_bad_authority": (get(line="GET http://a@b/x HTTP/1.1"), 400, CLOSES),
    "absolute_form_no_authority": (get(line="GET http:///x HTTP/1.1"), 400, CLOSES),
    "absolute_form_other_scheme": (get(line="GET ftp://h/x HTTP/1.1"), 400, CLOSES),
    "connect": (get(line="CONNECT h:443 HTTP/1.1", host="Host: h:443"), 405, EITHER),
    "authority_form_with_get": (get(line="GET h:443 HTTP/1.1"), (400, 405), EITHER),
    "asterisk_with_get": (get(line="GET * HTTP/1.1"), 400, CLOSES),
    "trace": (get(line="TRACE /x HTTP/1.1"), 405, EITHER),
    # P-5 Content-Length
    "length_plus": (post("Content-Length: +3", body=b"abc"), 400, CLOSES),
    "length_minus": (post("Content-Length: -1", body=b"abc"), 400, CLOSES),
    "length_hex": (post("Content-Length: 0x3", body=b"abc"), 400, CLOSES),
    "length_empty": (post("Content-Length:", body=SMUGGLED), 400, CLOSES),
    "length_words": (post("Content-Length: three", body=b"abc"), 400, CLOSES),
    "length_inner_space": (post("Content-Length: 1 0", body=SMUGGLED), 400, CLOSES),
    "length_list_equal": (post("Content-Length: 3, 3", body=b"abc"), 400, CLOSES),
    "length_list_different": (post("Content-Length: 0, 35", body=SMUGGLED), 400, CLOSES),
    "length_twice_equal": (post("Content-Length: 3", "Content-Length: 3", body=b"abc"), 400, CLOSES),
    "length_twice_different": (post("Content-Length: 0", "Content-Length: 35", body=SMUGGLED), 400, CLOSES),
    "length_overflow": (post("Content-Length: 18446744073709551616", body=b""), 400, CLOSES),
    "length_above_2_63": (post("Content-Length: 9223372036854775808", body=b""), (400, 413), CLOSES),
    "length_underscore_name": (post("Content_Length: 35", "Content-Length: 0", body=b""), 200, STAYS),
    "length_leading_zeros": (post("Content-Length: 003", body=b"abc"), 200, STAYS),
    "length_on_get": (get("Content-Length: 3") + b"abc", 200, STAYS),
    # P-6 Transfer-Encoding
    "chunked_and_length": (chunked(b"0\r\n\r\n" + SMUGGLED, "Content-Length: 5"), 400, CLOSES),
    "length_and_chunked": (post("Content-Length: 5", "Transfer-Encoding: chunked", body=b"0\r\n\r\n" + SMUGGLED), 400, CLOSES),
    "chunked_in_1_0": (post("Transfer-Encoding: chunked", body=b"0\r\n\r\n", line="POST /x HTTP/1.0"), 400, CLOSES),
    "chunked_twice": (chunked(b"0\r\n\r\n", "Transfer-Encoding: chunked"), 400, CLOSES),
    "chunked_list_twice": (post("Transfer-Encoding: chunked, chunked", body=b"0\r\n\r\n"), 400, CLOSES),
    "gzip_then_chunked": (post("Transfer-Encoding: gzip, chunked", body=b"0\r\n\r\n"), 501, CLOSES),
    "chunked_then_gzip": (post("Transfer-Encoding: chunked, gzip", body=b"0\r\n\r\n"), 400, CLOSES),
    "identity": (post("Transfer-Encoding: identity", "Content-Length: 3", body=b"abc"), 400, CLOSES),
    "unknown_coding": (post("Transfer-Encoding: blegh", body=b"0\r\n\r\n"), (400, 501), CLOSES),
    "chunked_vertical_tab": (post("Transfer-Encoding: \x0bchunked", body=b"0\r\n\r\n"), 400, CLOSES),
    "chunked_high_space": (post("Transfer-Encoding: \xa0chunked", body=b"0\r\n\r\n"), (400, 501), CLOSES),
    "chunked_quoted": (post('Transfer-Encoding: "chunked"', body=b"0\r\n\r\n"), (400, 501), CLOSES),
    "chunked_with_parameter": (post("Transfer-Encoding: chunked;a=b", body=b"0\r\n\r\n"), (400, 501), CLOSES),
    "coding_empty": (post("Transfer-Encoding:", body=SMUGGLED), 400, CLOSES),
    "coding_space_before_colon": (post("Transfer-Encoding : chunked", body=b"0\r\n\r\n"), 400, CLOSES),
    "chunked_upper_case": (post("Transfer-Encoding: CHUNKED", body=b"0\r\n\r\n"), 200, STAYS),
    "chunked_surrounding_space": (post("Transfer-Encoding:  chunked \t", body=b"0\r\n\r\n"), 200, STAYS),
    # P-7 chunks
    "chunk": (chunked(b"3\r\nabc\r\n0\r\n\r\n"), 200, STAYS),
    "chunk_upper_hex": (chunked(b"A\r\n0123456789\r\n0\r\n\r\n"), 200, STAYS),
    "chunk_leading_zeros": (chunked(b"0003\r\nabc\r\n0\r\n\r\n"), 200, STAYS),
    "chunk_extension": (chunked(b'3;a=b;c="d;e"\r\nabc\r\n0;f\r\n\r\n'), 200, STAYS),
    "chunk_size_empty": (chunked(b"\r\nabc\r\n0\r\n\r\n"), 400, CLOSES),
    "chunk_size_plus": (chunked(b"+3\r\nabc\r\n0\r\n\r\n"), 400, CLOSES),
    "chunk_size_minus": (chunked(b"-3\r\nabc\r\n0\r\n\r\n"), 400, CLOSES),
    "chunk_size_0x": (chunked(b"0x3\r\nabc\r\n0\r\n\r\n"), 400, CLOSES),
    "chunk_size_underscore": (chunked(b"1_0\r\nabc\r\n0\r\n\r\n"), 400, CLOSES),
    "chunk_size_space_before": (chunked(b" 3\r\nabc\r\n0\r\n\r\n"), 400, CLOSES),
    "chunk_size_space_after": (chunked(b"3 \r\nabc\r\n0\r\n\r\n"), 400, CLOSES),
    "chunk_size_huge": (chunked(b"10000000000000003\r\nabc\r\n0\r\n\r\n"), 400, CLOSES),
    "chunk_size_bare_lf": (chunked(b"3\nabc\r\n0\r\n\r\n"), 400, CLOSES),
    "chunk_size_bare_cr": (chunked(b"3\rabc\r\n0\r\n\r\n"), 400, CLOSES),
    "chunk_extension_bare_lf": (chunked(b"3;a\nabc\r\n0\r\n\r\n"), 400, CLOSES),
    "chunk_extension_nul": (chunked(b"3;a\0\r\nabc\r\n0\r\n\r\n"), 400, CLOSES),
    "chunk_extension_open_quote": (chunked(b'3;a="b\r\nabc\r\n0\r\n\r\n'), 400, CLOSES),
    "chunk_extension_too_long": (chunked(b"3;a=" + b"b" * 5000 + b"\r\nabc\r\n0\r\n\r\n"), 400, CLOSES),
    "chunk_extensions_too_long": (chunked((b"1;a=" + b"b" * 3000 + b"\r\nx\r\n") * 7 + b"0\r\n\r\n"), 400, CLOSES),
    "chunk_data_longer": (chunked(b"3\r\nabcd\r\n0\r\n\r\n"), 400, CLOSES),
    "chunk_data_ends_lf": (chunked(b"3\r\nabc\n0\r\n\r\n"), 400, CLOSES),
    "chunk_data_no_crlf": (chunked(b"3\r\nabc0\r\n\r\n"), 400, CLOSES),
    "last_chunk_bare_lf": (chunked(b"3\r\nabc\r\n0\n\n"), 400, CLOSES),
    # P-8 trailers
    "trailer": (chunked(b"0\r\nA: b\r\n\r\n"), 200, STAYS),
    "trailer_folded": (chunked(b"0\r\nA: b\r\n c\r\n\r\n"), 400, CLOSES),
    "trailer_no_colon": (chunked(b"0\r\nAbc\r\n\r\n"), 400, CLOSES),
    "trailer_space_before_colon": (chunked(b"0\r\nA : b\r\n\r\n"), 400, CLOSES),
    "trailer_bare_lf": (chunked(b"0\r\nA: b\n\r\n"), 400, CLOSES),
    "trailers_too_long": (chunked(b"0\r\n" + b"A: " + b"b" * 9000 + b"\r\n\r\n"), (400, 431), CLOSES),
    # P-14 the path
    "path_encoded_nul": (get(line="GET /x%00y HTTP/1.1"), 400, EITHER),
    "path_encoded_crlf": (get(line="GET /x%0d%0aA:b HTTP/1.1"), 400, EITHER),
    "path_backslash": (get(line="GET /x\\y HTTP/1.1"), 400, EITHER),
    "path_bad_percent": (get(line="GET /x%zz HTTP/1.1"), 400, EITHER),
    "path_cut_percent": (get(line="GET /x%4 HTTP/1.1"), 400, EITHER),
    "path_above_root": (get(line="GET /../../x HTTP/1.1"), (200, 400), EITHER),
    # P-17 Expect
    "unknown_expectation": (post("Expect: 200-ok", "Content-Length: 3", body=b"abc"), 417, EITHER),
}


class StrictnessTest(SharedDaemonTest):
    def check(self, raw, expected, connection):
        expected = expected if isinstance(expected, tuple) else (expected,)
        before = len(self.shared_backend.requests)
        stream = self.connect(self.daemon)
        try:
            stream.sock.sendall(raw + PROBE)
        except (ConnectionResetError, BrokenPipeError):
            pass  # refused before everything was sent; the answer was received already
        first = stream.response()
        self.assertIn(first.status, expected)
        probe_answered = not stream.at_end() and stream.response().status == 200
        if connection == CLOSES:
            self.assertFalse(probe_answered, "the connection goes on after a refusal")
        if connection == STAYS:
            self.assertTrue(probe_answered, "the connection ended after a good request")
        self.check_backend(before, first, probe_answered)

    def check_backend(self, before, first, probe_answered):
        seen = [message.target for message in self.shared_backend.requests[before:]]
        expected = int(first.status == 200) + int(probe_answered)
        self.assertEqual(len(seen), expected, seen)
        self.assertFalse([target for target in seen if "smuggled" in target])
        if probe_answered:
            self.assertEqual(seen[-1], "/probe")


def add_case(name, case):
    def test(self):
        self.check(*case)
    setattr(StrictnessTest, f"test_{name}", test)


for case_name, case_value in CASES.items():
    add_case(case_name, case_value)


class ForwardedFormTest(SharedDaemonTest):
    """What arrives at the backend is the normalised form of what was understood."""

    def forward(self, raw):
        before = len(self.shared_backend.requests)
        stream = self.connect(self.daemon)
        stream.sock.sendall(raw)
        self.assertEqual(stream.response().status, 200)
        return self.shared_backend.requests[before]

    def test_absolute_form_becomes_origin_form_and_replaces_host(self):
        seen = self.forward(get(line="GET http://other.example:81/p?q=1 HTTP/1.1"))
        self.assertEqual(seen.target, "/p?q=1")
        self.assertEqual(seen.all("host"), ["other.example:81"])

    def test_paths_are_normalised(self):
        for sent, arrived in [("/a/./b/../c", "/a/c"), ("/%61%7eb", "/a~b"), ("/a%3fb", "/a%3Fb"), ("/a?x=%2e%2E/..", "/a?x=%2e%2E/..")]:
            with self.subTest(sent):
                self.assertEqual(self.forward(get(line=f"GET {sent} HTTP/1.1")).target, arrived)

    def test_encoded_dot_segments_do_not_climb(self):
        seen = self.forward(get(line="GET /a/%2e%2e/b HTTP/1.1"))
        self.assertEqual(seen.target, "/b")

    def test_chunked_body_is_chunked_anew_without_extensions(self):
        seen = self.forward(chunked(b'3;x="y"\r\nabc\r\n2\r\nde\r\n0\r\nX-Real-IP: 6.6.6.6\r\n\r\n'))
        self.assertEqual(seen.body, b"abcde")
        self.assertNotIn("6.6.6.6", [value for _, value in seen.fields])

    def test_length_is_normalised(self):
        self.assertEqual(self.forward(post("Content-Length: 0003", body=b"abc")).all("content-length"), ["3"])

    def test_hop_by_hop_fields_stay_behind(self):
        seen = self.forward(get("Connection: keep-alive, X-Private, Authorization", "X-Private: 1", "Keep-Alive: 5",
                                "Authorization: kept", "Proxy-Connection: keep-alive", "TE: gzip", "Upgrade: h2c",
                                "HTTP2-Settings: AAMAAABk", "X-Kept: yes"))
        for name in ("x-private", "keep-alive", "proxy-connection", "te", "upgrade", "http2-settings"):
            self.assertEqual(seen.all(name), [], name)
        self.assertEqual(seen.get("x-kept"), "yes")
        self.assertEqual(seen.get("authorization"), "kept")

    def test_names_with_underscores_are_dropped(self):
        seen = self.forward(get("X_Forwarded_For: 6.6.6.6", "A_b: c"))
        self.assertEqual(seen.all("X_Forwarded_For") + seen.all("A_b"), [])

    def test_order_and_case_of_fields_are_kept(self):
        seen = self.forward(get("X-bEta: 1", "x-Alpha: 2", "X-bEta: 3"))
        own = [(n, v) for n, v in seen.fields if n.lower() in ("x-beta", "x-alpha")]
        self.assertEqual(own, [("X-bEta", "1"), ("x-Alpha", "2"), ("X-bEta", "3")])

    def test_options_asterisk_reaches_nobody_or_the_backend_unchanged(self):
        stream = self.connect(self.daemon)
        stream.sock.sendall(get(line="OPTIONS * HTTP/1.1"))
        self.assertLess(stream.response().status, 500)


class Http10Test(SharedDaemonTest):
    def test_closes_by_default(self):
        stream = self.connect(self.daemon)
        stream.sock.sendall(b"GET /x HTTP/1.0\r\nHost: h\r\n\r\n")
        self.assertEqual(stream.response().body, b"ok")
        self.assertTrue(stream.at_end())

    def test_needs_no_host(self):
        stream = self.connect(self.daemon)
        stream.sock.sendall(b"GET /x HTTP/1.0\r\n\r\n")
        self.assertEqual(stream.response().status, 200)

    def test_keep_alive_is_honoured(self):
        stream = self.connect(self.daemon)
        for _ in range(2):
            stream.sock.sendall(b"GET /x HTTP/1.0\r\nHost: h\r\nConnection: keep-alive\r\n\r\n")
            self.assertEqual(stream.response().body, b"ok")

    def test_never_gets_chunks(self):
        daemon, _ = self.proxy(answer(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"))
        stream = self.connect(daemon)
        stream.sock.sendall(b"GET /x HTTP/1.0\r\nHost: h\r\n\r\n")
        response = stream.response()
        self.assertEqual(response.all("transfer-encoding"), [])
        self.assertEqual(response.body, b"abc")


class ResponseStrictnessTest(DaemonTest):
    """P-11: what a backend may not say."""

    BAD = {
        "two_lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nabc",
        "bad_length": b"HTTP/1.1 200 OK\r\nContent-Length: +2\r\n\r\nab",
        "bare_lf": b"HTTP/1.1 200 OK\nContent-Length: 2\n\nab",
        "folded": b"HTTP/1.1 200 OK\r\nA: b\r\n c\r\nContent-Length: 2\r\n\r\nab",
        "bad_status": b"HTTP/1.1 20x OK\r\nContent-Length: 2\r\n\r\nab",
        "not_http": b"SSH-2.0-OpenSSH_9.2\r\n\r\n",
        "switching_protocols_unasked": b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n",
        "closed_without_answer": b"",
        "huge_head": b"HTTP/1.1 200 OK\r\nA: " + b"x" * 200_000 + b"\r\nContent-Length: 2\r\n\r\nab",
        "huge_head_of_fields": b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 5000 + b"Content-Length: 2\r\n\r\nab",
        "endless_interim": b"HTTP/1.1 103 Early Hints\r\n\r\n" * 5000,
    }

    def test_is_answered_with_502(self):
        for name, raw in self.BAD.items():
            with self.subTest(name):
                daemon, _ = self.proxy(answer(raw))
                self.assert_problem(fetch(daemon.address()), 502)

    def test_length_beside_chunked_is_dropped(self):
        raw = b"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
        daemon, backend = self.proxy(answer(raw, close=False))
        stream = self.connect(daemon)
        for _ in range(2):
            stream.sock.sendall(request_bytes())
            response = stream.response()
            self.assertEqual((response.body, response.all("content-length")), (b"abc", []))
        self.assertEqual(backend.connections, 2, "a connection with ambiguous framing was used again")

    def test_extra_bytes_after_a_response_never_reach_the_next_client(self):
        raw = plain_response(b"one") + plain_response(b"poison")
        daemon, backend = self.proxy(answer(raw, close=False))
        for _ in range(3):
            self.assertEqual(fetch(daemon.address()).body, b"one")
        self.assertEqual(backend.connections, 3)

    def test_informational_responses_are_forwarded(self):
        raw = b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n" * 2 + plain_response()
        daemon, _ = self.proxy(answer(raw))
        response = fetch(daemon.address())
        self.assertEqual([m.status for m in response.interim], [103, 103])
        self.assertEqual(response.body, b"ok")

    def test_head_204_and_304_have_no_body(self):
        for method, status in [("HEAD", "200 OK"), ("GET", "204 No Content"), ("GET", "304 Not Modified")]:
            with self.subTest(status):
                head = f"HTTP/1.1 {status}\r\n" + ("" if status.startswith("204") else "Content-Length: 5\r\n") + "\r\n"
                daemon, _ = self.proxy(answer(head.encode(), close=False))
                stream = self.connect(daemon)
                for _ in range(2):
                    stream.sock.sendall(request_bytes(method))
                    self.assertEqual(stream.response(method).body, b"")

    def test_date_is_added_when_missing(self):
        daemon, _ = self.proxy()
        self.assertTrue(fetch(daemon.address()).get("date").endswith("GMT"))


class ExpectTest(DaemonTest):
    def test_continue_comes_before_the_body(self):
        daemon, _ = self.proxy()
        stream = self.connect(daemon)
        stream.sock.sendall(post("Content-Length: 3", "Expect: 100-continue"))
        self.assertEqual(stream.head().status, 100)
        stream.sock.sendall(b"abc")
        self.assertEqual(stream.response().status, 200)

    def test_refused_without_asking_for_the_body(self):
        daemon, backend = self.proxy()
        stream = self.connect(daemon)
        stream.sock.sendall(post("Content-Length: 99999999999", "Expect: 100-continue"))
        self.assertEqual(stream.head().status, 413)
        self.assertEqual(backend.requests, [])


class RefusalTest(DaemonTest):
    def refused(self, daemon, raw, status):
        stream = self.connect(daemon)
        stream.sock.sendall(raw)
        response = stream.response()
        self.assert_problem(response, status)
        return response

    def test_refusals_say_what_to_do(self):
        daemon, _ = self.proxy()
        details = {}
        for status, raw in {405: get(line="TRACE /t HTTP/1.1"), 414: get(line=f"GET /{LONG} HTTP/1.1"),
                            505: get(line="GET /v HTTP/2.0"), 417: get("Expect: tea"),
                            501: post("Transfer-Encoding: gzip, chunked"), 431: get("A: " + "b" * 20000)}.items():
            response = self.refused(daemon, raw, status)
            details[json.loads(response.body)["detail"]] = status
            self.assertEqual(response.get("allow") is not None, status == 405)
        self.assertEqual(len(details), 6, details)

    def test_log_line_of_a_refused_head(self):
        daemon, _ = self.proxy()
        self.refused(daemon, get("A : b", line="GET /refused?q HTTP/1.1"), 400)
        line = daemon.log.wait("request", status=400)[0]
        self.assertEqual((line["path"], line["host"]), ("/refused", "h"))
        self.refused(daemon, get(line="GET /v HTTP/2.0"), 505)
        line = daemon.log.wait("request", status=505)[0]
        self.assertEqual((line["path"], line["proto"]), ("/v", "HTTP/2.0"))
        self.refused(daemon, get(line="GET http://user:word@h/ HTTP/1.1"), 400)
        daemon.log.wait("request", end="refused:bad_authority")
        self.assertFalse([one for one in daemon.log.find("request") if "word" in repr(one)])


class TrailersTest(DaemonTest):
    """P-8: to clients that accept them, without what belongs into the head."""

    RAW = (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTrailer: X-Sum\r\n\r\n"
           b"2\r\nok\r\n0\r\nX-Sum: 7\r\nSet-Cookie: a=b\r\nContent-Length: 9\r\n\r\n")

    def test_trailers_of_answers(self):
        daemon, backend = self.proxy(answer(self.RAW))
        asked = fetch(daemon.address(), fields=[("TE", "trailers"), ("Connection", "TE")])
        self.assertEqual((asked.body, asked.trailers, asked.get("trailer")), (b"ok", [("X-Sum", "7")], "X-Sum"))
        plain = fetch(daemon.address())
        self.assertEqual((plain.body, plain.trailers, plain.get("trailer")), (b"ok", [], None))
        self.assertEqual([seen.get("te") for seen in backend.requests], ["trailers", None])


if __name__ == "__main__":
    unittest.main()
