#include "parse.h"

#include <charconv>

#include "gatehouse/base/timestamp.h"
#include "json.h"

namespace gatehouse::podman {

namespace {

constexpr std::size_t kMaxMessage = 2048;

Json parse(std::string_view text) { return Json::parse(text, nullptr, false); }

bool contains(std::string_view text, std::string_view part) { return text.find(part) != text.npos; }

// Podman answers 500 for most things; its cause says which.
bool is_conflict(int status, std::string_view text) {
  return status == 409 || contains(text, "already in use") || contains(text, "already exists") ||
         contains(text, "secret name in use") || contains(text, "already connected");
}
bool is_missing(std::string_view text) {
  return contains(text, "no such container") || contains(text, "no such image") || contains(text, "image not known") ||
         contains(text, "no such secret");
}

runtime::WallTime time_of(const Json& object, const char* key) {
  const auto parsed = parse_rfc3339(text_of(object, key));
  return parsed && *parsed > runtime::WallTime{} ? *parsed : runtime::WallTime{};  // the year 1: never
}

void read_state(const Json& state, Details& out) {
  out.status = text_of(state, "Status");
  out.pid = number_of(state, "Pid");
  out.monitor_pid = number_of(state, "ConmonPid");
  out.started = time_of(state, "StartedAt");
  out.finished = time_of(state, "FinishedAt");
  out.exit_code = static_cast<int>(number_of(state, "ExitCode"));
  out.out_of_memory = flag_of(state, "OOMKilled");
  out.stopped_by_user = flag_of(state, "StoppedByUser");
  out.error = text_of(state, "Error");
}

void read_host_config(const Json& host, Details& out) {
  out.restart_policy = text_of(member(host, "RestartPolicy"), "Name");
  out.read_only = flag_of(host, "ReadonlyRootfs");
  out.init = flag_of(host, "Init");
  out.shm_size = number_of(host, "ShmSize");
  for (const Json& option : member(host, "SecurityOpt"))
    if (option.is_string() && option.get<std::string>() == "no-new-privileges") out.no_new_privileges = true;
}

Labels networks_of(const Json& settings) {
  Labels out;
  const Json& networks = member(settings, "Networks");
  if (networks.is_object())
    for (const auto& [name, network] : networks.items()) out[name] = text_of(network, "IPAddress");
  return out;
}

}  // namespace

Error parse_error(int status, std::string_view body) {
  const Json json = parse(body);
  std::string message = text_of(json, "message");
  const std::string cause = text_of(json, "cause");
  if (message.empty()) message = cause.empty() ? "status " + std::to_string(status) : cause;
  if (message.size() > kMaxMessage) message.resize(kMaxMessage);
  const std::string all = cause + " " + message;
  if (status == 404 || is_missing(all)) return make_error("podman-not-found", std::move(message));
  if (is_conflict(status, all)) return make_error("podman-conflict", std::move(message));
  return make_error("podman-refused", std::move(message));
}

Result<Version> parse_version(std::string_view text) {
  Version out;
  for (int* part : {&out.major, &out.minor, &out.patch}) {
    const auto parsed = std::from_chars(text.data(), text.data() + text.size(), *part);
    if (parsed.ec != std::errc() || *part < 0) return bad_answer("a version");
    text.remove_prefix(static_cast<std::size_t>(parsed.ptr - text.data()));
    if (part != &out.patch && !text.starts_with('.')) return bad_answer("a version");
    if (part != &out.patch) text.remove_prefix(1);
  }
  return out;
}

Result<std::vector<Listed>> parse_list(std::string_view body) {
  const Json json = parse(body);
  if (!json.is_array()) return bad_answer("a list of containers");
  std::vector<Listed> out;
  for (const Json& one : json) {
    Listed listed{text_of(one, "Id"), labels_of(one, "Labels")};
    if (listed.id.empty()) return bad_answer("a list of containers");
    out.push_back(std::move(listed));
  }
  return out;
}

Result<Details> parse_details(std::string_view body) {
  const Json json = parse(body);
  Details out;
  out.id = text_of(json, "Id");
  out.name = text_of(json, "Name");
  read_state(member(json, "State"), out);
  if (out.id.empty() || out.name.empty() || out.status.empty()) return bad_answer("a container");
  const Json& config = member(json, "Config");
  out.labels = labels_of(config, "Labels");
  out.user = text_of(config, "User");
  out.networks = networks_of(member(json, "NetworkSettings"));
  read_host_config(member(json, "HostConfig"), out);
  return out;
}

Result<std::string> parse_created(std::string_view body) {
  std::string id = text_of(parse(body), "Id");
  if (id.empty()) return bad_answer("the id of a new container");
  return id;
}

Result<std::vector<NetworkInfo>> parse_networks(std::string_view body) {
  const Json json = parse(body);
  if (!json.is_array()) return bad_answer("a list of networks");
  std::vector<NetworkInfo> out;
  for (const Json& one : json) {
    NetworkInfo network{text_of(one, "name"), {}, labels_of(one, "labels")};
    if (network.name.empty()) return bad_answer("a list of networks");
    const Json& subnets = member(one, "subnets");
    if (subnets.is_array() && !subnets.empty()) network.subnet = text_of(subnets[0], "subnet");
    out.push_back(std::move(network));
  }
  return out;
}

Result<std::vector<std::string>> parse_volumes(std::string_view body) {
  const Json json = parse(body);
  if (!json.is_array() && !json.is_null()) return bad_answer("a list of volumes");
  std::vector<std::string> out;
  for (const Json& one : json) {
    out.push_back(text_of(one, "Name"));
    if (out.back().empty()) return bad_answer("a list of volumes");
  }
  return out;
}

Result<std::vector<std::string>> parse_secrets(std::string_view body) {
  const Json json = parse(body);
  if (!json.is_array() && !json.is_null()) return bad_answer("a list of secrets");
  std::vector<std::string> out;
  for (const Json& one : json) {
    out.push_back(text_of(member(one, "Spec"), "Name"));
    if (out.back().empty()) return bad_answer("a list of secrets");
  }
  return out;
}

Result<Labels> parse_secret_labels(std::string_view body) {
  const Json json = parse(body);
  if (text_of(member(json, "Spec"), "Name").empty()) return bad_answer("a secret");
  return labels_of(member(json, "Spec"), "Labels");
}

std::string image_id(std::string_view id) {
  constexpr std::string_view kAlgorithm = "sha256:";
  return id.starts_with(kAlgorithm) ? std::string(id) : std::string(kAlgorithm) + std::string(id);
}

Result<std::string> parse_image(std::string_view body) {
  const std::string id = text_of(parse(body), "Id");
  if (id.empty()) return bad_answer("an image");
  return image_id(id);
}

Result<ExecState> parse_exec(std::string_view body) {
  const Json json = parse(body);
  if (!member(json, "Running").is_boolean() || !member(json, "ExitCode").is_number_integer()) return bad_answer("the end of a program");
  return ExecState{flag_of(json, "Running"), static_cast<int>(number_of(json, "ExitCode"))};
}

Result<HealthRun> parse_health_run(std::string_view body) {
  const Json json = parse(body);
  const std::string status = text_of(json, "Status");
  if (status.empty()) return bad_answer("the result of a health command");
  HealthRun out{status == "healthy", {}};
  const Json& log = member(json, "Log");
  if (log.is_array() && !log.empty()) out.detail = text_of(log.back(), "Output");
  return out;
}

Result<PullProgress> parse_pull_line(std::string_view line) {
  const Json json = parse(line);
  if (!json.is_object()) return bad_answer("the progress of a pull");
  PullProgress out{text_of(json, "stream"), text_of(json, "id"), text_of(json, "error")};
  while (out.text.ends_with('\n')) out.text.pop_back();
  return out;
}

Result<Event> parse_event(std::string_view line) {
  const Json json = parse(line);
  if (!json.is_object()) return bad_answer("an event");
  Event out;
  out.type = text_of(json, "Type");
  out.action = text_of(json, "Action");
  const Json& actor = member(json, "Actor");
  out.id = text_of(actor, "ID");
  out.attributes = labels_of(actor, "Attributes");
  out.time_ns = number_of(json, "timeNano");
  if (!out.type.empty() && !out.action.empty()) return out;
  const std::string message = text_of(json, "message");
  if (message.empty()) return bad_answer("an event");
  return make_error("podman-refused", message);
}

// ---- streams

bool LineSplitter::feed(std::string_view bytes) {
  buffer_.erase(0, std::exchange(at_, 0));
  buffer_ += bytes;
  const std::size_t last = buffer_.rfind('\n');
  return buffer_.size() - (last == buffer_.npos ? 0 : last + 1) <= max_line_;
}

bool LineSplitter::next(std::string& line) {
  const std::size_t end = buffer_.find('\n', at_);
  if (end == buffer_.npos) return false;
  line = buffer_.substr(at_, end - at_);
  at_ = end + 1;
  return true;
}

Status LogReader::feed(std::string_view bytes, std::vector<LogLine>& out) {
  return frames_.feed(bytes, [&](bool error_stream, std::string_view piece) { take(error_stream, piece, out); });
}

Status FrameReader::take_header() {
  const auto byte = [&](std::size_t i) { return static_cast<std::size_t>(static_cast<std::uint8_t>(header_[i])); };
  if (byte(0) > 3 || byte(1) + byte(2) + byte(3) != 0) return bad_answer("a stream of frames");
  error_stream_ = byte(0) >= 2;
  left_ = byte(4) << 24 | byte(5) << 16 | byte(6) << 8 | byte(7);
  header_.clear();
  return {};
}

void LogReader::take(bool error_stream, std::string_view bytes, std::vector<LogLine>& out) {
  std::string& line = lines_[error_stream ? 1 : 0];
  while (!bytes.empty()) {
    const std::size_t end = bytes.find('\n');
    const std::size_t size = std::min(end == bytes.npos ? bytes.size() : end, max_line_ - line.size());
    line += bytes.substr(0, size);
    bytes.remove_prefix(size);
    if (bytes.empty()) return;  // of a full line, too: its end may be what comes next
    if (bytes.front() == '\n') bytes.remove_prefix(1);
    out.push_back({error_stream, std::exchange(line, {})});
  }
}

void LogReader::finish(std::vector<LogLine>& out) {
  for (const bool error_stream : {false, true})
    if (std::string& line = lines_[error_stream ? 1 : 0]; !line.empty()) out.push_back({error_stream, std::exchange(line, {})});
}

}  // namespace gatehouse::podman
