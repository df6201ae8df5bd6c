#include "gatehouse/jsonrpc/envelope.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <utility>

#include "json_cursor.h"
#include "json_text.h"

namespace gatehouse::jsonrpc {

namespace {

constexpr std::string_view kMetaPrefix = "io.modelcontextprotocol/";

// Compares a raw key (with quotes, perhaps with escapes) to plain names.
class Key {
 public:
  explicit Key(Raw raw) noexcept {
    text_ = raw.substr(1, raw.size() - 2);
    if (text_.find('\\') == std::string_view::npos) return;
    const std::optional<std::size_t> size = decode_into(raw, decoded_);
    text_ = size ? std::string_view(decoded_.data(), *size) : std::string_view();  // too long: none of ours
  }
  Key(const Key&) = delete;
  Key& operator=(const Key&) = delete;
  std::string_view text() const noexcept { return text_; }

 private:
  std::array<char, 96> decoded_;
  std::string_view text_;
};

// `name` is of lower-case letters; setting the bit 0x20 makes those of capitals, and of nothing else.
bool spelled_like(std::string_view key, std::string_view name) noexcept {
  return std::equal(key.begin(), key.end(), name.begin(), name.end(), [](char k, char n) { return (k | 0x20) == n; });
}

struct Interest {
  std::string_view key;
  Raw* slot;
};

// Walks one message and fills its envelope. A bad shape is noted and the walk goes on, so that the id is found.
class Scanner {
 public:
  Scanner(JsonCursor& cursor, ScanLimits limits, Envelope& out) : json_(cursor), limits_(limits), out_(out) {}

  bool message() {
    const bool object = json_.peek() == '{';
    const std::size_t start = json_.offset();
    const bool parsed = object ? json_.object([this](Raw key) { return top(key); }) : not_an_object();
    out_.bytes = json_.since(start);
    if (parsed) classify();
    return parsed;
  }

 private:
  bool not_an_object() {
    Raw ignored;
    shape("not_an_object");
    return json_.value(&ignored);
  }

  void shape(const char* problem) {
    if (*out_.problem != '\0') return;
    out_.problem = problem;
    out_.offset = json_.offset();
  }

  bool take(Raw* slot) {
    if (!slot->empty()) shape("duplicate_key");
    return json_.value(slot);
  }

  bool skip() {
    Raw ignored;
    return json_.value(&ignored);
  }

  template <std::size_t N>
  bool take_one_of(std::string_view key, const std::array<Interest, N>& interests) {
    for (const Interest& interest : interests)
      if (interest.key == key) return take(interest.slot);
    return skip();
  }

  bool top(Raw raw_key) {
    const Key key(raw_key);
    static constexpr std::array<std::string_view, 6> kNames = {"jsonrpc", "id", "method", "params", "result", "error"};
    const auto* name = std::find_if(kNames.begin(), kNames.end(), [&](auto n) { return spelled_like(key.text(), n); });
    if (name == kNames.end()) return skip();
    // "Method" beside "method" is read as the same key by some servers and not by us.
    if (*name != key.text()) shape("letter_case");
    const std::size_t index = static_cast<std::size_t>(name - kNames.begin());
    if ((seen_ & (1u << index)) != 0) {
      shape("duplicate_key");
      id_repeated_ = id_repeated_ || index == 1;
    }
    seen_ |= 1u << index;
    switch (index) {
      case 0: return json_.value(&jsonrpc_);
      case 1: return json_.value(&id_);
      case 2: return json_.value(&method_);
      case 3: return container(&out_.params, [this](Raw k) { return param(k); });
      case 4: return container(&out_.result, [this](Raw k) { return result(k); });
      default: return container(&out_.error, [this](Raw k) { return error(k); });
    }
  }

  template <class OnMember>
  bool container(Raw* slot, OnMember on_member) {
    if (json_.peek() != '{') return json_.value(slot);
    const std::size_t start = json_.offset();
    if (!json_.object(on_member)) return false;
    *slot = json_.since(start);
    return true;
  }

  bool param(Raw raw_key) {
    const Key key(raw_key);
    if (key.text() == "_meta") return meta();
    return take_one_of(key.text(), std::array<Interest, 6>{{{"name", &out_.name},
                                                            {"uri", &out_.uri},
                                                            {"taskId", &out_.task_id},
                                                            {"requestId", &out_.request_id},
                                                            {"progressToken", &out_.progress},
                                                            {"protocolVersion", &out_.protocol_version}}});
  }

  bool result(Raw raw_key) {
    const Key key(raw_key);
    if (key.text() == "_meta") return meta();
    return take_one_of(key.text(), std::array<Interest, 3>{{{"protocolVersion", &out_.protocol_version},
                                                            {"supportedVersions", &out_.supported_versions},
                                                            {"isError", &is_error_}}});
  }

  bool error(Raw raw_key) {
    const Key key(raw_key);
    return take_one_of(key.text(), std::array<Interest, 1>{{{"code", &code_}}});
  }

  bool meta() {
    if (std::exchange(meta_seen_, true)) shape("duplicate_key");
    Raw whole;
    return container(&whole, [this](Raw k) { return meta_member(k); });
  }

  bool meta_member(Raw raw_key) {
    const Key key(raw_key);
    std::string_view text = key.text();
    if (text == "progressToken") return take(&out_.progress_token);
    if (!text.starts_with(kMetaPrefix)) return skip();
    text.remove_prefix(kMetaPrefix.size());
    return take_one_of(text, std::array<Interest, 4>{{{"protocolVersion", &out_.meta_version},
                                                      {"clientCapabilities", &out_.meta_capabilities},
                                                      {"logLevel", &out_.meta_log_level},
                                                      {"subscriptionId", &out_.meta_subscription}}});
  }

  void take_id() {
    if (id_.empty() || id_repeated_) return;
    if (id_ == "null") {
      out_.id_null = true;
    } else if (id_.size() > limits_.max_id_bytes || !is_id(id_)) {
      shape("id");
    } else {
      out_.id = id_;
    }
  }

  void take_method() {
    if (method_.empty()) return;
    const std::string_view inner = method_.substr(1, method_.size() - 2);
    if (method_.front() != '"' || inner.empty()) return shape("method");
    out_.method = inner;
    if (inner.find('\\') == std::string_view::npos) return;
    std::optional<std::string> decoded = decode_string(method_);
    if (!decoded) return shape("method");
    out_.decoded_method = std::make_unique<std::string>(std::move(*decoded));
    out_.method = *out_.decoded_method;
  }

  void classify() {
    take_id();
    take_method();
    if (!is_id(out_.progress_token)) out_.progress_token = {};
    out_.is_error = is_error_ == "true";
    std::int64_t code = 0;
    const auto parsed = std::from_chars(code_.data(), code_.data() + code_.size(), code);
    if (!code_.empty() && parsed.ec == std::errc() && parsed.ptr == code_.data() + code_.size()) out_.error_code = code;
    out_.kind = kind();
    if (*out_.problem != '\0') out_.kind = Kind::kBadShape;
  }

  Kind kind() {
    const bool answers = !out_.result.empty() || !out_.error.empty();
    if (jsonrpc_ != "\"2.0\"") return shape("jsonrpc"), Kind::kBadShape;
    if (!method_.empty()) {
      if (answers) return shape("method_and_result"), Kind::kBadShape;
      if (!out_.params.empty() && out_.params.front() != '{' && out_.params != "null") shape("params");
      if (out_.id_null) shape("id");
      return id_.empty() ? Kind::kNotification : Kind::kRequest;
    }
    if (!answers) shape("method");
    if (!out_.result.empty() && !out_.error.empty()) shape("result_and_error");
    if (!out_.error.empty() && out_.error.front() != '{') shape("error");
    if (id_.empty()) shape("id");
    if (out_.id_null && out_.error.empty()) shape("id");
    return Kind::kResponse;
  }

  JsonCursor& json_;
  ScanLimits limits_;
  Envelope& out_;
  unsigned seen_ = 0;
  bool meta_seen_ = false;
  bool id_repeated_ = false;  // which one is meant? None is given back
  Raw jsonrpc_, id_, method_, code_, is_error_;
};

void bad_json(const JsonCursor& cursor, Envelope& out) {
  out = Envelope();
  out.problem = cursor.problem();
  out.offset = cursor.offset();
}

}  // namespace

Envelope scan(std::string_view bytes, ScanLimits limits) {
  Envelope out;
  JsonCursor cursor(bytes, limits.max_depth);
  if (cursor.peek() == '[') {
    Raw whole;
    if (cursor.value(&whole)) {
      out.kind = Kind::kBatch;
      if (whole.find_first_not_of(" \t\r\n", 1) == whole.size() - 1) out.kind = Kind::kBadShape, out.problem = "empty_batch";
    }
  } else {
    Scanner(cursor, limits, out).message();
  }
  if (!cursor.failed() && !cursor.at_end()) cursor.fail("trailing");
  if (cursor.failed()) bad_json(cursor, out);
  return out;
}

std::vector<Envelope> scan_batch(std::string_view bytes, ScanLimits limits) {
  std::vector<Envelope> out;
  JsonCursor cursor(bytes, limits.max_depth);
  cursor.array([&] {
    Envelope& element = out.emplace_back();
    if (out.size() <= limits.max_batch) return Scanner(cursor, limits, element).message() && element.message();
    element.kind = Kind::kBadShape;
    element.problem = "batch_size";
    return false;
  });
  return out;
}

std::string splice(std::string_view bytes, std::span<const Edit> edits) {
  std::vector<Edit> sorted;
  for (const Edit& edit : edits)
    if (!edit.slice.empty()) sorted.push_back(edit);
  std::sort(sorted.begin(), sorted.end(), [](const Edit& a, const Edit& b) { return a.slice.data() < b.slice.data(); });
  std::string out;
  out.reserve(bytes.size() + 32 * sorted.size());
  std::size_t from = 0;
  for (const Edit& edit : sorted) {
    const auto at = static_cast<std::size_t>(edit.slice.data() - bytes.data());
    out.append(bytes, from, at - from);
    out.append(edit.replacement);
    from = at + edit.slice.size();
  }
  out.append(bytes, from);
  return out;
}

}  // namespace gatehouse::jsonrpc
