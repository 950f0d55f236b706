#include "python/program_answer.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>

extern char** environ;

namespace pyport::python {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t kMaxAnswer = 1024;

// Starts the program with standard output into `out`. Returns its pid or -1.
pid_t spawn(const ProgramQuestion& question, int out) {
  std::vector<std::string> words{question.program};
  words.insert(words.end(), question.arguments.begin(), question.arguments.end());
  std::vector<char*> argv;
  argv.reserve(words.size() + 1);
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);

  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
  if (question.quiet) posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  pid_t pid = -1;
  if (posix_spawn(&pid, question.program.c_str(), &actions, nullptr, argv.data(), environ) != 0) pid = -1;
  posix_spawn_file_actions_destroy(&actions);
  return pid;
}

// Waits until there is something to read; false at the deadline. Signals do not end the wait.
bool wait_readable(int from, Clock::time_point deadline) {
  for (;;) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(deadline - Clock::now());
    if (left.count() <= 0) return false;
    pollfd ready{from, POLLIN, 0};
    const int count = poll(&ready, 1, static_cast<int>(left.count()));
    if (count > 0) return true;
    if (count < 0 && errno != EINTR) return false;
  }
}

// Empty when there was no whole line.
std::string read_line(int from, Clock::time_point deadline) {
  std::string text;
  while (text.size() < kMaxAnswer && wait_readable(from, deadline)) {
    char buffer[kMaxAnswer];
    const ssize_t count = read(from, buffer, sizeof buffer);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) break;
    text.append(buffer, static_cast<std::size_t>(count));
    if (const std::size_t end = text.find('\n'); end != std::string::npos) return text.substr(0, end);
  }
  return {};
}

}  // namespace

ProgramAnswer ask_program(const ProgramQuestion& question) {
  int ends[2];
  if (pipe2(ends, O_CLOEXEC) != 0) return {std::nullopt, Unanswered::not_started};
  const pid_t pid = spawn(question, ends[1]);
  close(ends[1]);
  ProgramAnswer answer{std::nullopt, Unanswered::not_started};
  if (pid > 0) {
    answer.why = Unanswered::silent;
    if (std::string line = read_line(ends[0], Clock::now() + question.limit); !line.empty())
      answer.line = std::move(line);
    kill(pid, SIGKILL);  // it has said all that is asked of it, or never will
    while (waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
    }
  }
  close(ends[0]);
  return answer;
}

}  // namespace pyport::python
