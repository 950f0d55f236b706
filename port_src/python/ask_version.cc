#include "python/ask_version.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>

extern char** environ;

namespace pyport::python {
namespace {

constexpr char kQuestion[] =
    "import sys, sysconfig\n"
    "t = 't' if sysconfig.get_config_var('Py_GIL_DISABLED') else ''\n"
    "print('%d.%d%s' % (sys.version_info[0], sys.version_info[1], t))\n";
constexpr std::size_t kMaxAnswer = 64;

// Starts the executable with standard output into `out`. Returns its pid or -1.
pid_t spawn(const std::string& executable, int out) {
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
  std::string program = executable, isolated = "-I", command = "-c", question = kQuestion;
  char* const argv[] = {program.data(), isolated.data(), command.data(), question.data(), nullptr};
  pid_t pid = -1;
  if (posix_spawn(&pid, program.c_str(), &actions, nullptr, argv, environ) != 0) pid = -1;
  posix_spawn_file_actions_destroy(&actions);
  return pid;
}

// Reads up to a line end, end of file or the deadline.
std::string read_line(int from) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  std::string text;
  while (text.size() < kMaxAnswer && text.find('\n') == std::string::npos) {
    const auto left =
        std::chrono::duration_cast<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    pollfd ready{from, POLLIN, 0};
    if (left.count() <= 0 || poll(&ready, 1, static_cast<int>(left.count())) <= 0) return {};
    char buffer[kMaxAnswer];
    const ssize_t count = read(from, buffer, sizeof buffer);
    if (count <= 0) break;
    text.append(buffer, static_cast<std::size_t>(count));
  }
  return text.substr(0, text.find('\n'));
}

}  // namespace

std::optional<std::string> ask_version(const std::string& executable) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return std::nullopt;
  const pid_t pid = spawn(executable, ends[1]);
  close(ends[1]);
  std::string answer;
  if (pid > 0) {
    answer = read_line(ends[0]);
    kill(pid, SIGKILL);  // it has said all that is asked of it, or never will
    waitpid(pid, nullptr, 0);
  }
  close(ends[0]);
  if (answer.empty()) return std::nullopt;
  return answer;
}

}  // namespace pyport::python
