#include "gatehouse/runtime/process.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <functional>

#include "gatehouse/runtime/task.h"

namespace gatehouse::runtime {
namespace {

class ProcessTest : public testing::Test {
 protected:
  // Real children need real time; the loop turns until the condition holds, ten seconds at most.
  bool until(const std::function<bool()>& condition) {
    for (int turn = 0; turn < 10'000; ++turn) {
      if (condition()) return true;
      loop_.run_for_test(std::chrono::milliseconds(1));
    }
    return false;
  }

  std::unique_ptr<Process> spawn(std::vector<std::string> argv, std::map<std::string, std::string> environment = {}) {
    auto process = Process::spawn(loop_, {std::move(argv), std::move(environment), ""}, nullptr);
    EXPECT_TRUE(process.ok()) << (process.ok() ? "" : process.error().message);
    return process.ok() ? std::move(*process) : nullptr;
  }

  std::unique_ptr<Process> shell(const std::string& script) { return spawn({"sh", "-c", script}); }

  std::string read_all(Process& process) {
    std::string text;
    bool end = false;
    EXPECT_TRUE(until([&] {
      char buffer[4096];
      for (auto size = process.read_output(buffer); size; size = process.read_output(buffer)) {
        if (*size == 0) return end = true;
        text.append(buffer, *size);
      }
      return false;
    }));
    return text;
  }

  ExitStatus wait(Process& process) {
    EXPECT_TRUE(until([&] { return process.exited().has_value(); }));
    return process.exited().value_or(ExitStatus{-1, 0});
  }

  Loop loop_{system_clock()};
};

bool exists(int pid) { return ::kill(pid, 0) == 0 || errno != ESRCH; }

// A killed grandchild belongs to init, which may take its time to reap it (or, in a container, never does).
bool runs(int pid) {
  char state = 0;
  const std::string path = "/proc/" + std::to_string(pid) + "/stat";
  std::FILE* const file = std::fopen(path.c_str(), "r");
  if (file == nullptr) return false;
  char line[256] = {};
  const std::size_t size = std::fread(line, 1, sizeof line - 1, file);
  std::fclose(file);
  const std::string_view text(line, size);
  if (const auto end = text.rfind(')'); end != text.npos && end + 2 < text.size()) state = text[end + 2];
  return state != 'Z' && state != 'X' && state != 0;
}

std::size_t open_descriptors() {
  std::size_t count = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) ++count;
  return count;
}

int number(std::string_view text) {
  int value = -1;
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

TEST_F(ProcessTest, ReportsTheExitCode) {
  const auto process = shell("exit 3");
  const ExitStatus status = wait(*process);
  EXPECT_EQ(status.code, 3);
  EXPECT_EQ(status.signal, 0);
  EXPECT_EQ(status.to_string(), "exit code 3");
  EXPECT_EQ(live_processes(), 0u);
}

TEST_F(ProcessTest, ReportsTheSignal) {
  const auto process = shell("kill -9 $$");
  const ExitStatus status = wait(*process);
  EXPECT_EQ(status.signal, 9);
  EXPECT_EQ(status.to_string(), "signal 9 (Killed)");
}

TEST_F(ProcessTest, TheExitWakesTheWaiter) {
  Waiter waiter(loop_);
  TaskGroup group;
  bool woken = false;
  auto process = Process::spawn(loop_, {{"sh", "-c", "read line"}, {}, ""}, &waiter);
  ASSERT_TRUE(process.ok());
  group.spawn([](Waiter& w, Process& p, bool& done) -> Task<void> {
    while (!p.exited()) co_await w.wait();
    done = true;
  }(waiter, **process, woken));
  loop_.run_for_test(std::chrono::milliseconds(1));
  EXPECT_FALSE(woken);
  (*process)->close_stdin();
  EXPECT_TRUE(until([&] { return woken; }));
}

TEST_F(ProcessTest, AMissingProgramIsNamed) {
  auto process = Process::spawn(loop_, {{"gatehouse-no-such-program"}, {}, ""}, nullptr);
  ASSERT_FALSE(process.ok());
  EXPECT_EQ(process.error().slug, "spawn-failed");
  EXPECT_NE(process.error().message.find("gatehouse-no-such-program"), std::string::npos);
  EXPECT_NE(process.error().message.find("No such file or directory"), std::string::npos);
  EXPECT_EQ(live_processes(), 0u);
}

TEST_F(ProcessTest, AFailureOfExecItselfIsNamed) {
  auto missing = Process::spawn(loop_, {{"/nowhere/tool"}, {}, ""}, nullptr);
  ASSERT_FALSE(missing.ok());
  EXPECT_NE(missing.error().message.find("/nowhere/tool"), std::string::npos);
  EXPECT_NE(missing.error().message.find("No such file or directory"), std::string::npos);
  auto forbidden = Process::spawn(loop_, {{"/etc/passwd"}, {}, ""}, nullptr);
  ASSERT_FALSE(forbidden.ok());
  EXPECT_NE(forbidden.error().message.find("Permission denied"), std::string::npos);
  EXPECT_LE(::waitpid(-1, nullptr, WNOHANG), 0) << "a zombie is left";
}

TEST_F(ProcessTest, AMissingDirectoryIsNamed) {
  auto process = Process::spawn(loop_, {{"true"}, {}, "/nowhere"}, nullptr);
  ASSERT_FALSE(process.ok());
  EXPECT_NE(process.error().message.find("/nowhere"), std::string::npos);
}

TEST_F(ProcessTest, RefusesWhatCannotBePassedOn) {
  EXPECT_FALSE(Process::spawn(loop_, {{}, {}, ""}, nullptr).ok());
  EXPECT_FALSE(Process::spawn(loop_, {{"true", std::string("a\0b", 3)}, {}, ""}, nullptr).ok());
  EXPECT_FALSE(Process::spawn(loop_, {{"true"}, {{"A=B", "c"}}, ""}, nullptr).ok());
  EXPECT_FALSE(Process::spawn(loop_, {{"true"}, {{"", "c"}}, ""}, nullptr).ok());
}

TEST_F(ProcessTest, RunsInItsDirectory) {
  auto process = Process::spawn(loop_, {{"pwd"}, {}, "/proc"}, nullptr);
  ASSERT_TRUE(process.ok());
  EXPECT_EQ(read_all(**process), "/proc\n");
}

TEST_F(ProcessTest, EchoesAMebibyteWithBackPressure) {
  const auto process = spawn({"cat"});
  std::string sent;
  for (std::size_t i = 0; sent.size() < (1u << 20); ++i) sent += std::to_string(i) + "\n";
  std::string received;
  std::size_t written = 0;
  bool blocked = false, end = false;
  ASSERT_TRUE(until([&] {
    while (written < sent.size()) {
      const auto taken = process->write_input(std::string_view(sent).substr(written));
      if (taken < 0) return true;
      if (taken == 0) {
        blocked = true;
        EXPECT_FALSE(process->input_writable());
        break;
      }
      written += static_cast<std::size_t>(taken);
    }
    if (written == sent.size()) process->close_stdin();
    char buffer[16384];
    for (auto size = process->read_output(buffer); size; size = process->read_output(buffer)) {
      if (*size == 0) return end = true;
      received.append(buffer, *size);
    }
    return false;
  }));
  EXPECT_TRUE(end);
  EXPECT_TRUE(blocked) << "a pipe takes 64 KiB, so the test did not see back-pressure";
  EXPECT_EQ(received, sent);
  EXPECT_EQ(wait(*process).code, 0);
  EXPECT_EQ(process->write_input("x"), -1);
}

TEST_F(ProcessTest, ErrorsComeOnTheirOwnStream) {
  const auto process = shell("echo out; echo err >&2");
  EXPECT_EQ(read_all(*process), "out\n");
  char buffer[64];
  std::optional<std::size_t> size;
  ASSERT_TRUE(until([&] { return (size = process->read_errors(buffer)).has_value(); }));
  EXPECT_EQ(std::string_view(buffer, *size), "err\n");
}

TEST_F(ProcessTest, AWriteToAClosedPipeIsNoSignal) {
  const auto process = shell("exec <&-; echo closed; read line");
  EXPECT_EQ(read_all(*process).substr(0, 7), "closed\n");
  EXPECT_EQ(process->write_input("x"), -1);
}

TEST_F(ProcessTest, TheDestructorKillsChildAndGrandchild) {
  auto process = shell("sleep 1000 & echo $!; wait");
  std::string line;
  ASSERT_TRUE(until([&] {
    char buffer[64];
    if (const auto size = process->read_output(buffer)) line.append(buffer, *size);
    return line.find('\n') != std::string::npos;
  }));
  const int child = process->pid(), grandchild = number(line);
  ASSERT_GT(grandchild, 1);
  EXPECT_TRUE(runs(child));
  EXPECT_TRUE(runs(grandchild));
  process.reset();
  EXPECT_FALSE(exists(child)) << "not reaped";
  EXPECT_FALSE(exists(grandchild));
  EXPECT_EQ(live_processes(), 0u);
}

TEST_F(ProcessTest, TheGroupDiesWithItsLeader) {
  const auto process = shell("sleep 1000 >/dev/null & echo $!");
  const int grandchild = number(read_all(*process));
  ASSERT_GT(grandchild, 1);
  wait(*process);
  EXPECT_TRUE(until([&] { return !runs(grandchild); }));
}

// Starts a program that left its session, and says its number.
constexpr const char* kRunaway = "setsid sh -c 'echo $$; exec sleep 1000' & ";

std::string first_line(Process& process, const std::function<bool(const std::function<bool()>&)>& until) {
  std::string line;
  EXPECT_TRUE(until([&] {
    char buffer[64];
    if (const auto size = process.read_output(buffer)) line.append(buffer, *size);
    return line.find('\n') != std::string::npos;
  }));
  return line.substr(0, line.find('\n'));
}

TEST_F(ProcessTest, WhatLeftTheSessionDiesToo) {
  const auto turn = [this](const std::function<bool()>& condition) { return until(condition); };
  auto process = shell(std::string(kRunaway) + "wait");
  const int runaway = number(first_line(*process, turn));
  ASSERT_TRUE(runs(runaway));
  process.reset();
  EXPECT_FALSE(exists(runaway));
  const auto ending = shell(std::string(kRunaway) + "read line");
  const int orphan = number(first_line(*ending, turn));
  ASSERT_TRUE(runs(orphan));
  ending->close_stdin();
  EXPECT_EQ(wait(*ending).code, 1) << "the status is the program's own";
  EXPECT_FALSE(exists(orphan));
}

TEST_F(ProcessTest, NothingOutlivesADaemonThatIsKilled) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  spawn({"true"}).reset();  // the launcher is there before the fork
  const pid_t daemon = ::fork();
  if (daemon == 0) {
    const auto process = shell(std::string(kRunaway) + "wait");
    const auto turn = [this](const std::function<bool()>& condition) { return until(condition); };
    const int numbers[] = {process->pid(), number(first_line(*process, turn))};
    [[maybe_unused]] const auto written = ::write(ends[1], numbers, sizeof numbers);
    for (;;) ::pause();
  }
  int numbers[2] = {};
  ASSERT_EQ(::read(ends[0], numbers, sizeof numbers), static_cast<ssize_t>(sizeof numbers));
  EXPECT_TRUE(runs(numbers[0]));
  EXPECT_TRUE(runs(numbers[1]));
  ::kill(daemon, SIGKILL);
  ::waitpid(daemon, nullptr, 0);
  EXPECT_TRUE(until([&] { return !exists(numbers[0]) && !exists(numbers[1]); }));
  ::close(ends[0]);
  ::close(ends[1]);
}

pid_t only_child() {
  std::ifstream file("/proc/thread-self/children");
  pid_t child = -1;
  file >> child;
  return child;
}

TEST_F(ProcessTest, ALauncherThatWasKilledIsReplaced) {
  const auto survivor = shell("read line; exit 4");
  const pid_t launcher = only_child();
  ASSERT_GT(launcher, 1);
  ::kill(launcher, SIGKILL);
  siginfo_t info;
  ::waitid(P_PID, static_cast<id_t>(launcher), &info, WEXITED | WNOWAIT);
  EXPECT_EQ(wait(*shell("exit 5")).code, 5);
  survivor->close_stdin();
  EXPECT_EQ(wait(*survivor).code, 4) << "its keeper lives on";
}

TEST_F(ProcessTest, TerminateReachesTheGroupAndIgnoredSignalsAreReset) {
  const auto previous = ::signal(SIGTERM, SIG_IGN);
  const auto process = shell("sleep 1000");
  process->terminate();
  EXPECT_EQ(wait(*process).signal, SIGTERM);
  process->terminate();  // after the end: nothing happens
  process->kill();
  ::signal(SIGTERM, previous);
}

TEST_F(ProcessTest, TheSignalMaskIsReset) {
  sigset_t term, before;
  ::sigemptyset(&term);
  ::sigaddset(&term, SIGTERM);
  ::pthread_sigmask(SIG_BLOCK, &term, &before);
  const auto process = shell("sleep 1000");
  process->terminate();
  EXPECT_EQ(wait(*process).signal, SIGTERM);
  ::pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

TEST_F(ProcessTest, TheEnvironmentIsClean) {
  ::setenv("GATEHOUSE_TEST_SECRET", "x", 1);
  ::setenv("TZ", "UTC", 1);
  const auto process = spawn({"env"}, {{"MODE", "fast"}, {"LANG", "C.UTF-8"}});
  const std::string text = "\n" + read_all(*process);
  EXPECT_EQ(text.find("GATEHOUSE_TEST_SECRET"), std::string::npos);
  EXPECT_NE(text.find("\nMODE=fast\n"), std::string::npos);
  EXPECT_NE(text.find("\nLANG=C.UTF-8\n"), std::string::npos);
  EXPECT_NE(text.find("\nTZ=UTC\n"), std::string::npos);
  EXPECT_NE(text.find("\nPATH="), std::string::npos);
  ::unsetenv("GATEHOUSE_TEST_SECRET");
}

TEST_F(ProcessTest, TheChildHasItsOwnSessionAndOnlyThreeDescriptors) {
  const int leak = ::open("/dev/null", O_RDONLY);  // without O_CLOEXEC
  const auto process = shell("ls /proc/$$/fd; cut -d' ' -f6 /proc/$$/stat");
  const std::string text = read_all(*process);
  EXPECT_EQ(text, "0\n1\n2\n" + std::to_string(process->pid()) + "\n");
  ::close(leak);
}

TEST_F(ProcessTest, TwoHundredSpawnsLeakNoDescriptor) {
  spawn({"true"}).reset();
  const std::size_t before = open_descriptors();
  for (int i = 0; i < 100; ++i) {
    auto process = spawn({"true"});
    ASSERT_NE(process, nullptr);
    if (i % 2 == 0) wait(*process);
    EXPECT_FALSE(Process::spawn(loop_, {{"/nowhere/tool"}, {}, ""}, nullptr).ok());
  }
  EXPECT_EQ(open_descriptors(), before);
  EXPECT_EQ(live_processes(), 0u);
  EXPECT_LE(::waitpid(-1, nullptr, WNOHANG), 0) << "a zombie is left";
}

}  // namespace
}  // namespace gatehouse::runtime
