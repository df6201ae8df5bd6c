#include "process_exec.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <optional>
#include <string_view>
#include <utility>

namespace gatehouse::runtime::detail {
namespace {

constexpr const char* kInherited[] = {"PATH", "HOME", "LANG", "TZ", "TMPDIR"};
constexpr std::string_view kDefaultPath = "/usr/local/bin:/usr/bin:/bin";

struct Pipe {
  UniqueFd read, write;
};

std::optional<Pipe> make_pipe() {
  std::array<int, 2> fds{};
  if (::pipe2(fds.data(), O_CLOEXEC) != 0) return std::nullopt;
  return Pipe{UniqueFd(fds[0]), UniqueFd(fds[1])};
}

// O_NONBLOCK belongs to the open file, and the two ends of a pipe are two open files: the child's stay blocking.
void set_nonblocking(const UniqueFd& fd) { ::fcntl(fd.get(), F_SETFL, ::fcntl(fd.get(), F_GETFL) | O_NONBLOCK); }

bool is_executable_file(const std::string& path) {
  struct stat info {};
  return ::stat(path.c_str(), &info) == 0 && S_ISREG(info.st_mode) && ::access(path.c_str(), X_OK) == 0;
}

std::string search_path(const std::map<std::string, std::string>& extra) {
  if (const auto own = extra.find("PATH"); own != extra.end()) return own->second;
  const char* const inherited = std::getenv("PATH");
  return std::string(inherited != nullptr ? inherited : kDefaultPath);
}

bool has_nul(const ProcessSettings& settings) {
  const auto bad = [](const std::string& text) { return text.find('\0') != std::string::npos; };
  for (const std::string& argument : settings.argv) {
    if (bad(argument)) return true;
  }
  for (const auto& [name, value] : settings.environment) {
    if (name.empty() || name.find('=') != std::string::npos || bad(name) || bad(value)) return true;
  }
  return bad(settings.directory);
}

}  // namespace

std::vector<std::string> child_environment(const std::map<std::string, std::string>& extra) {
  std::map<std::string, std::string> variables = extra;
  for (const char* const name : kInherited) {
    if (const char* const value = std::getenv(name)) variables.try_emplace(name, value);
  }
  variables.try_emplace("PATH", kDefaultPath);
  std::vector<std::string> result;
  for (const auto& [name, value] : variables) result.push_back(name + "=" + value);
  return result;
}

Result<std::string> find_program(const std::string& program, const std::map<std::string, std::string>& extra) {
  if (program.find('/') != std::string::npos) return program;
  const std::string path = search_path(extra);
  for (std::size_t begin = 0; begin <= path.size();) {
    const std::size_t end = std::min(path.find(':', begin), path.size());
    const std::string candidate = path.substr(begin, end - begin) + "/" + program;
    if (candidate[0] == '/' && end > begin && is_executable_file(candidate)) return candidate;
    begin = end + 1;
  }
  Error error = system_error("spawn-failed", "cannot start '" + program + "'", ENOENT);
  error.help = "it is in no directory of PATH: " + path;
  return error;
}

Result<StartedChild> start_child(const ProcessSettings& settings) {
  if (settings.argv.empty() || settings.argv[0].empty()) return make_error("spawn-failed", "the command is empty");
  if (has_nul(settings)) {
    return make_error("spawn-failed", "cannot start '" + std::string(settings.argv[0].c_str()) +
                                          "': an argument, a variable or the directory holds a NUL byte, or a variable's name is empty or holds '='");
  }
  auto path = find_program(settings.argv[0], settings.environment);
  if (!path) return std::move(path).error();
  auto input = make_pipe(), output = make_pipe(), errors = make_pipe();
  if (!input || !output || !errors) return system_error("spawn-failed", "cannot make pipes for '" + settings.argv[0] + "'", errno);
  auto launched = launch({*std::move(path), settings.directory, settings.argv, child_environment(settings.environment)},
                         {input->read.get(), output->write.get(), errors->write.get()});
  if (!launched) return std::move(launched).error();
  StartedChild child{launched->pid, std::move(launched->control),
                     {std::move(input->write), std::move(output->read), std::move(errors->read)}};
  for (const UniqueFd* const pipe : {&child.pipes.input, &child.pipes.output, &child.pipes.errors}) set_nonblocking(*pipe);
  return child;
}

}  // namespace gatehouse::runtime::detail
