#include "process_exec.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <optional>
#include <string_view>
#include <utility>

extern "C" {  // glibc 2.36 declares its functions without C linkage
#include <sys/pidfd.h>
}

namespace gatehouse::runtime::detail {
namespace {

constexpr const char* kInherited[] = {"PATH", "HOME", "LANG", "TZ", "TMPDIR"};
constexpr std::string_view kDefaultPath = "/usr/local/bin:/usr/bin:/bin";
constexpr int kFirstFreeFd = 4;  // 0, 1, 2 are the child's streams, 3 its report to us

struct Failure {
  enum Step : int { kNone, kDirectory, kExec } step = kNone;
  int error = 0;
};

struct ChildPlan {
  const char* path;
  char* const* argv;
  char* const* environment;
  const char* directory;  // or null
  int input, output, errors, report;
  pid_t parent;
};

[[noreturn]] void fail(Failure::Step step) noexcept {
  const Failure failure{step, errno};
  [[maybe_unused]] const ssize_t written = ::write(3, &failure, sizeof failure);
  ::_exit(127);
}

// Between fork and exec: async-signal-safe calls only, no allocation, no lock.
[[noreturn]] void run_child(const ChildPlan& plan) noexcept {
  // The death signal comes when the thread that forked ends; when the parent was faster than prctl, nobody would kill us.
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != plan.parent) ::_exit(127);
  ::setsid();
  ::dup2(plan.input, 0);
  ::dup2(plan.output, 1);
  ::dup2(plan.errors, 2);
  ::dup3(plan.report, 3, O_CLOEXEC);
  ::close_range(kFirstFreeFd, ~0U, 0);
  struct sigaction standard {};
  standard.sa_handler = SIG_DFL;
  for (int number = 1; number < NSIG; ++number) ::sigaction(number, &standard, nullptr);
  sigset_t none;
  ::sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  if (plan.directory != nullptr && ::chdir(plan.directory) != 0) fail(Failure::kDirectory);
  ::execve(plan.path, plan.argv, plan.environment);
  fail(Failure::kExec);
}

struct Pipe {
  UniqueFd read, write;
};

// A daemon that was started with closed standard streams gets pipes on 0 to 3: those would be overwritten in the child.
bool lift(UniqueFd& fd) {
  if (fd.get() >= kFirstFreeFd) return true;
  fd = UniqueFd(::fcntl(fd.get(), F_DUPFD_CLOEXEC, kFirstFreeFd));
  return static_cast<bool>(fd);
}

std::optional<Pipe> make_pipe() {
  std::array<int, 2> fds{};
  if (::pipe2(fds.data(), O_CLOEXEC) != 0) return std::nullopt;
  Pipe pipe{UniqueFd(fds[0]), UniqueFd(fds[1])};
  if (!lift(pipe.read) || !lift(pipe.write)) return std::nullopt;
  return pipe;
}

// O_NONBLOCK belongs to the open file, and the two ends of a pipe are two open files: the child's stay blocking.
void set_nonblocking(const UniqueFd& fd) { ::fcntl(fd.get(), F_SETFL, ::fcntl(fd.get(), F_GETFL) | O_NONBLOCK); }

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> result;
  result.reserve(texts.size() + 1);
  for (std::string& text : texts) result.push_back(text.data());
  result.push_back(nullptr);
  return result;
}

// Handlers of ours must not run in the child before it has reset them.
pid_t fork_with_signals_blocked(const ChildPlan& plan) {
  sigset_t all, before;
  ::sigfillset(&all);
  ::pthread_sigmask(SIG_SETMASK, &all, &before);
  const pid_t pid = ::fork();
  if (pid == 0) run_child(plan);
  const int error = errno;
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
  errno = error;
  return pid;
}

Failure read_report(const UniqueFd& report) {
  Failure failure;
  ssize_t size = 0;
  do {
    size = ::read(report.get(), &failure, sizeof failure);
  } while (size < 0 && errno == EINTR);
  if (size != static_cast<ssize_t>(sizeof failure)) return {};  // closed: the exec has happened
  return failure;
}

Error describe(const Failure& failure, const ProcessSettings& settings) {
  if (failure.step == Failure::kDirectory) {
    return system_error("spawn-failed", "cannot start '" + settings.argv[0] + "' in " + settings.directory, failure.error);
  }
  return system_error("spawn-failed", "cannot start '" + settings.argv[0] + "'", failure.error);
}

void reap(pid_t pid) {
  while (::waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
  }
}

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

struct Pipes {
  Pipe input, output, errors, report;
};

std::optional<Pipes> make_pipes() {
  auto input = make_pipe(), output = make_pipe(), errors = make_pipe(), report = make_pipe();
  if (!input || !output || !errors || !report) return std::nullopt;
  return Pipes{std::move(*input), std::move(*output), std::move(*errors), std::move(*report)};
}

Result<StartedChild> fork_and_exec(const ProcessSettings& settings, const std::string& path, Pipes pipes) {
  std::vector<std::string> arguments = settings.argv;
  std::vector<std::string> environment = child_environment(settings.environment);
  const std::vector<char*> argv = pointers(arguments);
  const std::vector<char*> envp = pointers(environment);
  const ChildPlan plan{path.c_str(), argv.data(), envp.data(),
                       settings.directory.empty() ? nullptr : settings.directory.c_str(), pipes.input.read.get(),
                       pipes.output.write.get(), pipes.errors.write.get(), pipes.report.write.get(), ::getpid()};
  const pid_t pid = fork_with_signals_blocked(plan);
  if (pid < 0) return system_error("spawn-failed", "cannot fork for '" + settings.argv[0] + "'", errno);
  pipes.report.write.reset();
  if (const Failure failure = read_report(pipes.report.read); failure.step != Failure::kNone) {
    reap(pid);
    return describe(failure, settings);
  }
  UniqueFd pidfd(::pidfd_open(pid, 0));
  if (!pidfd) {
    const int error = errno;
    ::kill(-pid, SIGKILL);
    reap(pid);
    return system_error("spawn-failed", "cannot watch '" + settings.argv[0] + "' (pidfd_open)", error);
  }
  StartedChild child{pid, std::move(pidfd),
                     {std::move(pipes.input.write), std::move(pipes.output.read), std::move(pipes.errors.read)}};
  set_nonblocking(child.pipes.input);
  set_nonblocking(child.pipes.output);
  set_nonblocking(child.pipes.errors);
  return child;
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
  auto pipes = make_pipes();
  if (!pipes) return system_error("spawn-failed", "cannot make pipes for '" + settings.argv[0] + "'", errno);
  return fork_and_exec(settings, *path, std::move(*pipes));
}

}  // namespace gatehouse::runtime::detail
