#include "request_cases.h"

namespace gatehouse::http {
namespace {

using namespace std::string_literals;

std::string get(const std::string& fields) { return "GET / HTTP/1.1\r\nHost: a.example\r\n" + fields + "\r\n"; }
std::string post(const std::string& fields) { return "POST / HTTP/1.1\r\nHost: a.example\r\n" + fields + "\r\n"; }
std::string line(const std::string& first) { return first + "\r\nHost: a.example\r\n\r\n"; }
std::string target(const std::string& t) { return line("GET " + t + " HTTP/1.1"); }
std::string host(const std::string& value) { return "GET / HTTP/1.1\r\nHost:" + value + "\r\n\r\n"; }

std::string many_fields(int count) {
  std::string fields;
  for (int i = 0; i < count; ++i) fields += "X-" + std::to_string(i) + ": v\r\n";
  return fields;
}

}  // namespace

const std::vector<RequestCase>& byte_cases() {
  static const std::vector<RequestCase> cases = {
      {"plain", get(""), 0, ""},
      {"one_blank_line", "\r\n" + get(""), 0, ""},
      {"two_blank_lines", "\r\n\r\n" + get(""), 0, ""},
      {"three_blank_lines", "\r\n\r\n\r\n" + get(""), 400, "empty_request_line"},
      {"leading_lf", "\n" + get(""), 400, "bare_lf"},
      {"lf_after_request_line", "GET / HTTP/1.1\nHost: a\r\n\r\n", 400, "bare_lf"},
      {"lf_after_field", "GET / HTTP/1.1\r\nHost: a\n\r\n", 400, "bare_lf"},
      {"lf_ends_head", "GET / HTTP/1.1\r\nHost: a\r\n\n", 400, "bare_lf"},
      {"only_lf", "GET / HTTP/1.1\nHost: a\n\n", 400, "bare_lf"},
      {"lf_in_target", "GET /a\nb HTTP/1.1\r\nHost: a\r\n\r\n", 400, "bare_lf"},
      {"cr_in_value", get("X: a\rb\r\n"), 400, "bare_cr"},
      {"cr_in_name", get("X\r: a\r\n"), 400, "bare_cr"},
      {"cr_cr_lf", get("X: a\r\r\n"), 400, "bare_cr"},
      {"cr_in_target", "GET /a\rb HTTP/1.1\r\nHost: a\r\n\r\n", 400, "bare_cr"},
      {"cr_only", "GET / HTTP/1.1\rHost: a\r\r", 400, "bare_cr"},
      {"cr_hides_te", get("X: a\rTransfer-Encoding: chunked\r\n"), 400, "bare_cr"},
      {"nul_in_value", get("X: a\0b\r\n"s), 400, "nul"},
      {"nul_in_name", get("X\0: a\r\n"s), 400, "nul"},
      {"nul_in_target", "GET /\0 HTTP/1.1\r\nHost: a\r\n\r\n"s, 400, "nul"},
      {"nul_first", "\0GET / HTTP/1.1\r\nHost: a\r\n\r\n"s, 400, "nul"},
      {"vtab_in_value", get("X: a\vb\r\n"), 400, "control_byte"},
      {"formfeed_in_value", get("X: a\fb\r\n"), 400, "control_byte"},
      {"escape_in_value", get("X: a\x1b[0m\r\n"), 400, "control_byte"},
      {"del_in_value", get("X: a\x7f\r\n"), 400, "control_byte"},
      {"del_in_target", line("GET /\x7f HTTP/1.1"), 400, "control_byte"},
      {"tab_in_value", get("X: a\tb\r\n"), 0, ""},
      {"obs_text_in_value", get("X: caf\xc3\xa9 \xff\r\n"), 0, ""},
      {"tls_hello", "\x16\x03\x01\x02\x00\x01\x00\x01"s, 400, "control_byte"},
  };
  return cases;
}

const std::vector<RequestCase>& request_line_cases() {
  static const std::vector<RequestCase> cases = {
      {"two_spaces", line("GET  / HTTP/1.1"), 400, "bad_version"},
      {"two_spaces_before_version", line("GET /  HTTP/1.1"), 400, "bad_version"},
      {"space_after_version", line("GET / HTTP/1.1 "), 400, "bad_version"},
      {"leading_space", line(" GET / HTTP/1.1"), 400, "bad_method"},
      {"tab_separator", line("GET\t/ HTTP/1.1"), 400, "bad_method"},
      {"tab_before_version", line("GET /\tHTTP/1.1"), 400, "http_09"},
      {"space_in_target", line("GET /a b HTTP/1.1"), 400, "bad_version"},
      {"no_target", line("GET HTTP/1.1"), 400, "http_09"},
      {"empty_target", line("GET  HTTP/1.1"), 400, "bad_request_line"},
      {"method_alone", line("GET"), 400, "bad_request_line"},
      {"http_09", "GET /\r\n", 400, "http_09"},
      {"http_09_explicit", line("GET / HTTP/0.9"), 400, "bad_version"},
      {"http_10", line("GET / HTTP/1.0"), 0, ""},
      {"http_12", line("GET / HTTP/1.2"), 0, ""},
      {"http_19", line("GET / HTTP/1.9"), 0, ""},
      {"http_20", line("GET / HTTP/2.0"), 505, "unsupported_version"},
      {"http_21", line("GET / HTTP/2.1"), 505, "unsupported_version"},
      {"http_30", line("GET / HTTP/3.0"), 505, "unsupported_version"},
      {"http_99", line("GET / HTTP/9.9"), 505, "unsupported_version"},
      {"h2_preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505, "unsupported_version"},
      {"http_110", line("GET / HTTP/1.10"), 400, "bad_version"},
      {"leading_zero", line("GET / HTTP/01.1"), 400, "bad_version"},
      {"leading_zero_minor", line("GET / HTTP/1.01"), 400, "bad_version"},
      {"no_minor", line("GET / HTTP/1"), 400, "bad_version"},
      {"comma_version", line("GET / HTTP/1,1"), 400, "bad_version"},
      {"space_version", line("GET / HTTP /1.1"), 400, "bad_version"},
      {"lower_case_http", line("GET / http/1.1"), 400, "bad_version"},
      {"https_version", line("GET / HTTPS/1.1"), 400, "bad_version"},
      {"plus_version", line("GET / HTTP/+1.1"), 400, "bad_version"},
      {"letter_version", line("GET / HTTP/1.x"), 400, "bad_version"},
      {"fragment", target("/a#b"), 400, "bad_target"},
      {"fragment_in_query", target("/a?b#c"), 400, "bad_target"},
      {"eight_bit", target("/caf\xc3\xa9"), 400, "bad_target"},
      {"eight_bit_query", target("/?q=\xff"), 400, "bad_target"},
      {"relative", target("index.html"), 400, "bad_target"},
      {"query_only", target("?a=b"), 400, "bad_target"},
      {"asterisk_get", target("*"), 400, "asterisk_target"},
      {"asterisk_options", line("OPTIONS * HTTP/1.1"), 0, ""},
      {"asterisk_more", line("OPTIONS *a HTTP/1.1"), 400, "bad_target"},
      {"asterisk_query", line("OPTIONS *?a HTTP/1.1"), 400, "bad_target"},
      {"authority_form", target("a.example:80"), 405, "method_not_allowed"},
      {"connect", line("CONNECT a.example:443 HTTP/1.1"), 405, "method_not_allowed"},
      {"connect_path", line("CONNECT / HTTP/1.1"), 405, "method_not_allowed"},
      {"trace", line("TRACE / HTTP/1.1"), 405, "method_not_allowed"},
      {"unknown_method", line("PROPFIND / HTTP/1.1"), 0, ""},
      {"lower_case_method", line("get / HTTP/1.1"), 0, ""},
      {"odd_token_method", line("M-SEARCH!#$%&'*+.^_`|~0 / HTTP/1.1"), 0, ""},
      {"method_32", line(std::string(32, 'A') + " / HTTP/1.1"), 0, ""},
      {"method_33", line(std::string(33, 'A') + " / HTTP/1.1"), 501, "method_too_long"},
      {"method_9000", line(std::string(9000, 'A') + " / HTTP/1.1"), 501, "method_too_long"},
      {"method_with_colon", line("GE:T / HTTP/1.1"), 400, "bad_method"},
      {"method_quoted", line("\"GET\" / HTTP/1.1"), 400, "bad_method"},
      {"method_bracket", line("GET[] / HTTP/1.1"), 400, "bad_method"},
      {"method_eight_bit", line("G\xc3\xa9T / HTTP/1.1"), 400, "bad_method"},
      {"target_8192", target("/" + std::string(8191, 'a')), 0, ""},
      {"target_8193", target("/" + std::string(8192, 'a')), 414, "uri_too_long"},
      {"target_endless", "GET /" + std::string(20000, 'a'), 414, "uri_too_long"},
      {"query_too_long", target("/?" + std::string(8192, 'a')), 414, "uri_too_long"},
  };
  return cases;
}

const std::vector<RequestCase>& field_cases() {
  static const std::vector<RequestCase> cases = {
      {"space_before_colon", get("X-A : b\r\n"), 400, "space_before_colon"},
      {"tab_before_colon", get("X-A\t: b\r\n"), 400, "space_before_colon"},
      {"space_before_colon_te", post("Transfer-Encoding : chunked\r\n"), 400, "space_before_colon"},
      {"space_before_colon_host", "GET / HTTP/1.1\r\nHost : a\r\n\r\n", 400, "space_before_colon"},
      {"space_before_colon_cl", post("Content-Length : 5\r\n"), 400, "space_before_colon"},
      {"space_in_name", get("X A: b\r\n"), 400, "bad_field_name"},
      {"fold_space", get("X: a\r\n b\r\n"), 400, "obs_fold"},
      {"fold_tab", get("X: a\r\n\tb\r\n"), 400, "obs_fold"},
      {"fold_te", post("Transfer-Encoding:\r\n chunked\r\n"), 400, "obs_fold"},
      {"fold_blank", get("X: a\r\n \r\n"), 400, "obs_fold"},
      {"fold_first_line", "GET / HTTP/1.1\r\n Host: a\r\n\r\n", 400, "obs_fold"},
      {"empty_name", get(": b\r\n"), 400, "bad_field_name"},
      {"space_name", get("X: a\r\n : b\r\n"), 400, "obs_fold"},
      {"no_colon", get("X-A\r\n"), 400, "missing_colon"},
      {"name_slash", get("X/A: b\r\n"), 400, "bad_field_name"},
      {"name_parenthesis", get("X(A): b\r\n"), 400, "bad_field_name"},
      {"name_comma", get("X,A: b\r\n"), 400, "bad_field_name"},
      {"name_quoted", get("\"X\": b\r\n"), 400, "bad_field_name"},
      {"name_brace", get("{X}: b\r\n"), 400, "bad_field_name"},
      {"name_eight_bit", get("X\xc3\xa9: b\r\n"), 400, "bad_field_name"},
      {"name_nbsp", post("\xa0Transfer-Encoding: chunked\r\n"), 400, "bad_field_name"},
      {"name_at", get("X@A: b\r\n"), 400, "bad_field_name"},
      {"name_all_tchar", get("!#$%&'*+-.^_`|~09azAZ: b\r\n"), 0, ""},
      {"empty_value", get("X-A:\r\n"), 0, ""},
      {"only_space_value", get("X-A:  \t \r\n"), 0, ""},
      {"colon_in_value", get("X-A: b:c\r\n"), 0, ""},
      {"hundred_fields", get(many_fields(99)), 0, ""},
      {"hundred_and_one", get(many_fields(100)), 431, "too_many_fields"},
      {"thousand_fields", get(many_fields(1000)), 431, "too_many_fields"},
      {"field_16k", get("X: " + std::string(16 * 1024 - 3, 'v') + "\r\n"), 0, ""},
      {"field_over_16k", get("X: " + std::string(16 * 1024 - 2, 'v') + "\r\n"), 431, "field_too_large"},
      {"name_over_16k", get(std::string(17000, 'n') + ": v\r\n"), 431, "field_too_large"},
      {"field_endless", "GET / HTTP/1.1\r\nX: " + std::string(40000, 'v'), 431, "field_too_large"},
      {"head_over_32k", get("A: " + std::string(15000, 'v') + "\r\nB: " + std::string(15000, 'v') + "\r\nC: " +
                            std::string(3000, 'v') + "\r\n"), 431, "head_too_large"},
      {"head_endless", "GET / HTTP/1.1\r\nA: " + std::string(16000, 'v') + "\r\nB: " + std::string(16000, 'v') +
                           "\r\nC: " + std::string(3000, 'v'), 431, "head_too_large"},
  };
  return cases;
}

const std::vector<RequestCase>& host_cases() {
  static const std::vector<RequestCase> cases = {
      {"name", host(" a.example"), 0, ""},
      {"no_space", host("a.example"), 0, ""},
      {"port", host(" a.example:8080"), 0, ""},
      {"ipv4", host(" 192.0.2.1:80"), 0, ""},
      {"ipv6", host(" [2001:db8::1]"), 0, ""},
      {"ipv6_port", host(" [::1]:8443"), 0, ""},
      {"underscore", host(" my_service"), 0, ""},
      {"trailing_dot", host(" a.example."), 0, ""},
      {"missing", "GET / HTTP/1.1\r\n\r\n", 400, "missing_host"},
      {"missing_12", "GET / HTTP/1.2\r\n\r\n", 400, "missing_host"},
      {"missing_10", "GET / HTTP/1.0\r\n\r\n", 0, ""},
      {"twice", "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400, "duplicate_host"},
      {"twice_equal", "GET / HTTP/1.1\r\nHost: a\r\nhost: a\r\n\r\n", 400, "duplicate_host"},
      {"twice_10", "GET / HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n", 400, "duplicate_host"},
      {"empty", host(""), 400, "bad_host"},
      {"blank", host("   "), 400, "bad_host"},
      {"empty_10", "GET / HTTP/1.0\r\nHost:\r\n\r\n", 400, "bad_host"},
      {"list", host(" a, b"), 400, "bad_host"},
      {"comma", host(" a,b"), 400, "bad_host"},
      {"space", host(" a b"), 400, "bad_host"},
      {"tab", host(" a\tb"), 400, "bad_host"},
      {"user", host(" user@a"), 400, "bad_host"},
      {"user_password", host(" u:p@a"), 400, "bad_host"},
      {"path", host(" a/b"), 400, "bad_host"},
      {"query", host(" a?b"), 400, "bad_host"},
      {"fragment", host(" a#b"), 400, "bad_host"},
      {"scheme", host(" http://a"), 400, "bad_host"},
      {"backslash", host(" a\\b"), 400, "bad_host"},
      {"eight_bit", host(" caf\xc3\xa9.example"), 400, "bad_host"},
      {"percent", host(" a%2eb"), 400, "bad_host"},
      {"quoted", host(" \"a\""), 400, "bad_host"},
      {"semicolon", host(" a;b"), 400, "bad_host"},
      {"two_ports", host(" a:80:81"), 400, "bad_host"},
      {"empty_port", host(" a:"), 400, "bad_host"},
      {"port_zero", host(" a:0"), 400, "bad_host"},
      {"port_65535", host(" a:65535"), 0, ""},
      {"port_65536", host(" a:65536"), 400, "bad_host"},
      {"port_huge", host(" a:99999999999999999999"), 400, "bad_host"},
      {"port_letters", host(" a:http"), 400, "bad_host"},
      {"port_sign", host(" a:+80"), 400, "bad_host"},
      {"port_negative", host(" a:-1"), 400, "bad_host"},
      {"port_alone", host(" :80"), 400, "bad_host"},
      {"leading_dot", host(" .a"), 400, "bad_host"},
      {"double_dot", host(" a..b"), 400, "bad_host"},
      {"bare_ipv6", host(" ::1"), 400, "bad_host"},
      {"open_bracket", host(" [::1"), 400, "bad_host"},
      {"empty_bracket", host(" []"), 400, "bad_host"},
      {"bad_ipv6", host(" [:::1]"), 400, "bad_host"},
      {"ipv4_bracket", host(" [192.0.2.1]"), 400, "bad_host"},
      {"zone", host(" [fe80::1%25eth0]"), 400, "bad_host"},
      {"ipvfuture", host(" [v1.a]"), 400, "bad_host"},
      {"after_bracket", host(" [::1]x"), 400, "bad_host"},
      {"bracket_empty_port", host(" [::1]:"), 400, "bad_host"},
      {"too_long", host(" " + std::string(256, 'a')), 400, "bad_host"},
      {"absolute", target("http://b.example/x"), 0, ""},
      {"absolute_https", target("HTTPS://b.example:444/x?y"), 0, ""},
      {"absolute_no_path", target("http://b.example"), 0, ""},
      {"absolute_query", target("http://b.example?x"), 0, ""},
      {"absolute_bad_host_field", "GET http://b.example/ HTTP/1.1\r\nHost: a b\r\n\r\n", 400, "bad_host"},
      {"absolute_missing_host", "GET http://b.example/ HTTP/1.1\r\n\r\n", 400, "missing_host"},
      {"absolute_user", target("http://u@b.example/"), 400, "bad_authority"},
      {"absolute_empty", target("http:///x"), 400, "bad_authority"},
      {"absolute_port", target("http://b:99999/x"), 400, "bad_authority"},
      {"absolute_backslash", target("http://b\\c/"), 400, "bad_authority"},
      {"absolute_fragment", target("http://b#c"), 400, "bad_authority"},
      {"absolute_one_slash", target("http:/b"), 400, "bad_target"},
      {"ftp", target("ftp://b/x"), 400, "bad_target"},
      {"file", target("file:///etc/passwd"), 400, "bad_target"},
      {"javascript", target("javascript:alert(1)"), 400, "bad_target"},
  };
  return cases;
}

const std::vector<RequestCase>& length_cases() {
  static const std::vector<RequestCase> cases = {
      {"zero", post("Content-Length: 0\r\n"), 0, ""},
      {"five", post("Content-Length: 5\r\n"), 0, ""},
      {"zeros", post("Content-Length: 0005\r\n"), 0, ""},
      {"largest", post("Content-Length: 9223372036854775807\r\n"), 0, ""},
      {"too_large", post("Content-Length: 9223372036854775808\r\n"), 400, "bad_content_length"},
      {"twenty_digits", post("Content-Length: 18446744073709551621\r\n"), 400, "bad_content_length"},
      {"wraps", post("Content-Length: 00000000000000000000005\r\n"), 400, "bad_content_length"},
      {"twice", post("Content-Length: 5\r\nContent-Length: 6\r\n"), 400, "duplicate_content_length"},
      {"twice_equal", post("Content-Length: 5\r\ncontent-length: 5\r\n"), 400, "duplicate_content_length"},
      {"list", post("Content-Length: 5, 5\r\n"), 400, "bad_content_length"},
      {"list_tight", post("Content-Length: 5,5\r\n"), 400, "bad_content_length"},
      {"list_differs", post("Content-Length: 5, 6\r\n"), 400, "bad_content_length"},
      {"trailing_comma", post("Content-Length: 5,\r\n"), 400, "bad_content_length"},
      {"empty", post("Content-Length:\r\n"), 400, "bad_content_length"},
      {"blank", post("Content-Length: \t\r\n"), 400, "bad_content_length"},
      {"plus", post("Content-Length: +5\r\n"), 400, "bad_content_length"},
      {"minus", post("Content-Length: -5\r\n"), 400, "bad_content_length"},
      {"hex", post("Content-Length: 0x5\r\n"), 400, "bad_content_length"},
      {"octal_like", post("Content-Length: 0o5\r\n"), 400, "bad_content_length"},
      {"decimal", post("Content-Length: 5.0\r\n"), 400, "bad_content_length"},
      {"exponent", post("Content-Length: 5e0\r\n"), 400, "bad_content_length"},
      {"underscore", post("Content-Length: 1_0\r\n"), 400, "bad_content_length"},
      {"inner_space", post("Content-Length: 1 0\r\n"), 400, "bad_content_length"},
      {"quoted", post("Content-Length: \"5\"\r\n"), 400, "bad_content_length"},
      {"semicolon", post("Content-Length: 5;a\r\n"), 400, "bad_content_length"},
      {"letters", post("Content-Length: abc\r\n"), 400, "bad_content_length"},
      {"eight_bit_digit", post("Content-Length: \xef\xbc\x95\r\n"), 400, "bad_content_length"},
      {"on_get", get("Content-Length: 5\r\n"), 0, ""},
      {"bad_on_get", get("Content-Length: x\r\n"), 400, "bad_content_length"},
  };
  return cases;
}

const std::vector<RequestCase>& coding_cases() {
  const std::string te = "Transfer-Encoding: ";
  static const std::vector<RequestCase> cases = {
      {"chunked", post(te + "chunked\r\n"), 0, ""},
      {"upper_case", post("TRANSFER-ENCODING: ChUnKeD\r\n"), 0, ""},
      {"outer_space", post("Transfer-Encoding: \t chunked \t\r\n"), 0, ""},
      {"with_length", post(te + "chunked\r\nContent-Length: 5\r\n"), 400, "length_and_transfer_encoding"},
      {"length_first", post("Content-Length: 5\r\n" + te + "chunked\r\n"), 400, "length_and_transfer_encoding"},
      {"with_length_zero", post("Content-Length: 0\r\n" + te + "chunked\r\n"), 400, "length_and_transfer_encoding"},
      {"identity_with_length", post("Content-Length: 5\r\n" + te + "identity\r\n"), 400, "length_and_transfer_encoding"},
      {"http_10", "POST / HTTP/1.0\r\nHost: a\r\n" + te + "chunked\r\n\r\n", 400, "transfer_encoding_in_http_10"},
      {"http_10_length", "POST / HTTP/1.0\r\nHost: a\r\n" + te + "chunked\r\nContent-Length: 5\r\n\r\n", 400,
       "transfer_encoding_in_http_10"},
      {"twice", post(te + "chunked\r\n" + te + "chunked\r\n"), 400, "duplicate_transfer_encoding"},
      {"twice_identity", post(te + "chunked\r\n" + te + "identity\r\n"), 400, "duplicate_transfer_encoding"},
      {"split_list", post(te + "gzip\r\n" + te + "chunked\r\n"), 400, "duplicate_transfer_encoding"},
      {"chunked_chunked", post(te + "chunked, chunked\r\n"), 400, "bad_transfer_encoding"},
      {"chunked_not_last", post(te + "chunked, gzip\r\n"), 400, "bad_transfer_encoding"},
      {"chunked_identity", post(te + "chunked, identity\r\n"), 400, "bad_transfer_encoding"},
      {"gzip_chunked", post(te + "gzip, chunked\r\n"), 501, "unknown_transfer_coding"},
      {"identity_chunked", post(te + "identity, chunked\r\n"), 501, "unknown_transfer_coding"},
      {"gzip", post(te + "gzip\r\n"), 400, "bad_transfer_encoding"},
      {"identity", post(te + "identity\r\n"), 400, "bad_transfer_encoding"},
      {"unknown", post(te + "blegh\r\n"), 400, "bad_transfer_encoding"},
      {"xchunked", post(te + "xchunked\r\n"), 400, "bad_transfer_encoding"},
      {"chunkedx", post(te + "chunkedx\r\n"), 400, "bad_transfer_encoding"},
      {"chunk", post(te + "chunk\r\n"), 400, "bad_transfer_encoding"},
      {"empty", post("Transfer-Encoding:\r\n"), 400, "bad_transfer_encoding"},
      {"comma", post(te + ",\r\n"), 400, "bad_transfer_encoding"},
      {"leading_comma", post(te + ", chunked\r\n"), 400, "bad_transfer_encoding"},
      {"trailing_comma", post(te + "chunked,\r\n"), 400, "bad_transfer_encoding"},
      {"quoted", post(te + "\"chunked\"\r\n"), 400, "bad_transfer_encoding"},
      {"single_quoted", post(te + "'chunked'\r\n"), 400, "bad_transfer_encoding"},
      {"parameter", post(te + "chunked;q=1\r\n"), 400, "bad_transfer_encoding"},
      {"parameter_spaced", post(te + "chunked ; a=b\r\n"), 400, "bad_transfer_encoding"},
      {"space_separated", post(te + "gzip chunked\r\n"), 400, "bad_transfer_encoding"},
      {"inner_tab", post(te + "chu\tnked\r\n"), 400, "bad_transfer_encoding"},
      {"vtab", post("Transfer-Encoding:\vchunked\r\n"), 400, "control_byte"},
      {"nul_end", post(te + "chunked\0\r\n"s), 400, "nul"},
      {"eight_bit", post(te + "\xa0" "chunked\r\n"), 400, "bad_transfer_encoding"},
      {"kelvin", post(te + "chun\xe2\x84\xaa" "ed\r\n"), 400, "bad_transfer_encoding"},
      {"cow", post(te + "cow, chunked\r\n"), 501, "unknown_transfer_coding"},
      {"hidden_in_fold", post("X: a\r\n " + te + "chunked\r\n"), 400, "obs_fold"},
      {"underscore_name", post("Transfer_Encoding: chunked\r\nContent-Length: 5\r\n"), 0, ""},
      {"on_get", get(te + "chunked\r\n"), 0, ""},
  };
  return cases;
}

const std::vector<RequestCase>& path_cases() {
  static const std::vector<RequestCase> cases = {
      {"plain", target("/a/b.c;d=e,f!$&'()*+:@-_~"), 0, ""},
      {"dot_segments", target("/a/./b/../c"), 0, ""},
      {"above_root", target("/.."), 400, "path_above_root"},
      {"above_root_slash", target("/../"), 400, "path_above_root"},
      {"above_root_later", target("/a/../../b"), 400, "path_above_root"},
      {"above_root_encoded", target("/%2e%2e/etc"), 400, "path_above_root"},
      {"above_root_mixed", target("/.%2E/etc"), 400, "path_above_root"},
      {"above_root_slashes", target("//../a"), 400, "path_above_root"},
      {"encoded_slash", target("/a%2fb"), 400, "encoded_slash"},
      {"encoded_slash_upper", target("/a%2Fb"), 400, "encoded_slash"},
      {"encoded_traversal", target("/a/..%2f..%2fb"), 400, "encoded_slash"},
      {"encoded_backslash", target("/a%5cb"), 400, "encoded_backslash"},
      {"encoded_backslash_upper", target("/a%5Cb"), 400, "encoded_backslash"},
      {"backslash", target("/a\\b"), 400, "backslash"},
      {"backslash_traversal", target("/a/..\\..\\b"), 400, "backslash"},
      {"backslash_after_escape", target("/%41\\b"), 400, "backslash"},
      {"percent_nul", target("/a%00"), 400, "percent_control"},
      {"percent_cr", target("/a%0d"), 400, "percent_control"},
      {"percent_lf", target("/a%0A"), 400, "percent_control"},
      {"percent_crlf", target("/%0d%0aX:y"), 400, "percent_control"},
      {"percent_tab", target("/a%09"), 400, "percent_control"},
      {"percent_del", target("/a%7f"), 400, "percent_control"},
      {"percent_bad", target("/a%zz"), 400, "bad_percent"},
      {"percent_half", target("/a%4"), 400, "bad_percent"},
      {"percent_bare", target("/a%"), 400, "bad_percent"},
      {"percent_u", target("/a%u002f"), 400, "bad_percent"},
      {"percent_sign", target("/a%+1"), 400, "bad_percent"},
      {"double_encoded", target("/a%252e%252e/b"), 0, ""},
      {"overlong_dot", target("/%c0%ae%c0%ae/"), 400, "overlong_utf8"},
      {"overlong_slash", target("/a%C0%AFb"), 400, "overlong_utf8"},
      {"overlong_slash_3", target("/a%e0%80%afb"), 400, "overlong_utf8"},
      {"overlong_slash_4", target("/a%f0%80%80%afb"), 400, "overlong_utf8"},
      {"utf8", target("/caf%C3%A9/%e2%82%ac"), 0, ""},
      {"dot_parameter", target("/a/..;/b"), 400, "dot_parameter"},
      {"dot_parameter_single", target("/a/.;x/b"), 400, "dot_parameter"},
      {"dot_parameter_encoded", target("/a/%2e%2e;/b"), 400, "dot_parameter"},
      {"three_dots", target("/a/.../b"), 0, ""},
      {"angle", target("/<script>"), 400, "bad_target"},
      {"quote", target("/\"a\""), 400, "bad_target"},
      {"query_nul", target("/?a=%00"), 400, "percent_control"},
      {"query_lf", target("/?a=%0a"), 400, "percent_control"},
      {"query_crlf", target("/?a=%0d%0aSet-Cookie:x"), 400, "percent_control"},
      {"query_bad_percent", target("/?a=%g1"), 400, "bad_percent"},
      {"query_half_percent", target("/?a=%"), 400, "bad_percent"},
      {"query_slashes", target("/?a=//../%2f%5C\\{}|^[]\"<>`?"), 0, ""},
      {"query_empty", target("/?"), 0, ""},
      {"options_path", line("OPTIONS /a HTTP/1.1"), 0, ""},
  };
  return cases;
}

const std::vector<RequestCase>& connection_cases() {
  static const std::vector<RequestCase> cases = {
      {"close", get("Connection: close\r\n"), 0, ""},
      {"empty_members", get("Connection: , close,,\r\n"), 0, ""},
      {"nominates_host", get("Connection: close, Host\r\n"), 0, ""},
      {"not_a_token", get("Connection: clo se\r\n"), 400, "bad_connection"},
      {"quoted", get("Connection: \"close\"\r\n"), 400, "bad_connection"},
      {"second_broken", get("Connection: close\r\nConnection: a;b\r\n"), 400, "bad_connection"},
      {"expect", post("Expect: 100-continue\r\nContent-Length: 5\r\n"), 0, ""},
      {"expect_upper", post("Expect: 100-Continue\r\nContent-Length: 5\r\n"), 0, ""},
      {"expect_other", post("Expect: 200-maybe\r\nContent-Length: 5\r\n"), 417, "unknown_expectation"},
      {"expect_list", post("Expect: 100-continue, x\r\n"), 417, "unknown_expectation"},
      {"expect_twice", post("Expect: 100-continue\r\nExpect: x\r\n"), 417, "unknown_expectation"},
      {"expect_empty", post("Expect:\r\n"), 417, "unknown_expectation"},
      {"expect_other_on_get", get("Expect: y\r\n"), 417, "unknown_expectation"},
      {"expect_10", "POST / HTTP/1.0\r\nExpect: y\r\nContent-Length: 5\r\n\r\n", 0, ""},
      {"upgrade_h2c", get("Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AA\r\n"), 0, ""},
  };
  return cases;
}

std::vector<RequestCase> all_request_cases() {
  std::vector<RequestCase> all;
  for (const auto* cases : {&byte_cases(), &request_line_cases(), &field_cases(), &host_cases(), &length_cases(),
                            &coding_cases(), &path_cases(), &connection_cases()})
    all.insert(all.end(), cases->begin(), cases->end());
  return all;
}

}  // namespace gatehouse::http
