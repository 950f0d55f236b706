#include "server/process_group.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <charconv>
#include <cstdio>
#include <cstring>
#include <set>
#include <string>
#include <string_view>
#include <system_error>

namespace pyport::server {
namespace {

// A group that forks faster than this many looks through /proc is killed with us in it.
constexpr int kMostRounds = 20;

// The process id that a folder of /proc is named after; 0 for other names.
pid_t process_of(const char* name) {
  pid_t pid = 0;
  const char* end = name + std::strlen(name);
  const auto [stop, error] = std::from_chars(name, end, pid);
  return error == std::errc() && stop == end ? pid : 0;
}

// State and group of a process, from /proc/<pid>/stat: "pid (name) state parent group ...". The name may
// hold any character, so the fields are counted from the last parenthesis.
bool read_stat(pid_t pid, char& state, pid_t& group) {
  const std::string path = "/proc/" + std::to_string(pid) + "/stat";
  const int fd = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd == -1) return false;
  char text[512];
  const ssize_t size = read(fd, text, sizeof text - 1);
  close(fd);
  if (size <= 0) return false;
  text[size] = 0;
  const char* fields = std::strrchr(text, ')');
  return fields != nullptr && std::sscanf(fields, ") %c %*d %d", &state, &group) == 2;
}

bool lives_in(pid_t group, pid_t pid) {
  char state = 0;
  pid_t its_group = 0;
  return read_stat(pid, state, its_group) && its_group == group && state != 'Z' && state != 'X';
}

// Kills the others that can be seen now, but for those in `killed`, and adds them to it. False when /proc
// cannot be read.
bool kill_others(pid_t self, std::set<pid_t>& killed) {
  DIR* processes = opendir("/proc");
  if (processes == nullptr) return false;
  while (const dirent* entry = readdir(processes)) {  // NOLINT(concurrency-mt-unsafe): a stream of our own
    const pid_t pid = process_of(entry->d_name);
    if (pid <= 0 || pid == self || killed.contains(pid) || !lives_in(self, pid)) continue;
    kill(pid, SIGKILL);
    killed.insert(pid);
  }
  closedir(processes);
  return true;
}

}  // namespace

void kill_process_group() {
  const pid_t self = getpid();
  std::set<pid_t> killed;
  for (int round = 0; round < kMostRounds; ++round) {
    const std::size_t before = killed.size();
    if (!kill_others(self, killed)) break;
    // What SIGKILL was sent to forks no more: a look that finds nothing new was the last one needed.
    if (killed.size() == before) return;
  }
  kill(0, SIGKILL);
}

}  // namespace pyport::server
