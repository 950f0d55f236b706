#include "server/node.h"

#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstring>

namespace pyport::server {
namespace {

constexpr int kLookEveryMs = 2;
constexpr int kStartTimeField = 22;  // of /proc/PID/stat, see proc(5)

// What is known of the node. Plain memory, as a signal handler reads it.
struct Node {
  pid_t pid = 0;
  unsigned long long start_time = 0;  // 0: not known
  int patience_ms = 0;
  char stat_file[64] = {};
  char table_file[PATH_MAX] = {};
};
Node node;
std::atomic<bool> remembered{false};

struct Seen {
  bool there = false;
  char state = '?';
  unsigned long long start_time = 0;
};

// The fields behind the name, which is in parentheses and may hold anything: ") S 1 2 ...".
void parse_stat(const char* text, Seen& seen) {
  const char* at = std::strrchr(text, ')');
  if (at == nullptr || at[1] == 0 || at[2] == 0) return;
  at += 2;
  seen.there = true;
  seen.state = *at;
  for (int field = 3; field < kStartTimeField; ++field) {
    at = std::strchr(at, ' ');
    if (at == nullptr) return;
    ++at;
  }
  while (*at >= '0' && *at <= '9') {
    seen.start_time = seen.start_time * 10 + static_cast<unsigned long long>(*at++ - '0');
  }
}

Seen look(const char* stat_file) {
  Seen seen;
  const int file = open(stat_file, O_RDONLY | O_CLOEXEC);
  if (file == -1) return seen;
  char text[1024];
  const ssize_t size = read(file, text, sizeof text - 1);
  close(file);
  if (size <= 0) return seen;
  text[size] = 0;
  parse_stat(text, seen);
  return seen;
}

// A process that nobody has waited for yet is dead, and so is one whose number another has now.
bool node_is_dead() {
  const Seen seen = look(node.stat_file);
  if (!seen.there) return kill(node.pid, 0) == -1 && errno == ESRCH;
  if (seen.state == 'Z' || seen.state == 'X') return true;
  return node.start_time != 0 && seen.start_time != node.start_time;
}

}  // namespace

void remember_node(pid_t pid, std::string_view table_file, std::chrono::milliseconds patience) {
  if (table_file.size() >= sizeof node.table_file) return;
  node.pid = pid;
  std::snprintf(node.stat_file, sizeof node.stat_file, "/proc/%d/stat", static_cast<int>(pid));
  node.start_time = look(node.stat_file).start_time;
  node.patience_ms = static_cast<int>(patience.count());
  std::memcpy(node.table_file, table_file.data(), table_file.size());
  node.table_file[table_file.size()] = 0;
  remembered.store(true);
}

void remove_table_of_dead_node(bool wait) noexcept {
  if (!remembered.load()) return;
  int left_ms = wait ? node.patience_ms : 0;
  while (access(node.table_file, F_OK) == 0) {
    if (node_is_dead()) {
      unlink(node.table_file);
      return;
    }
    if (left_ms <= 0) return;
    (void)poll(nullptr, 0, kLookEveryMs);
    left_ms -= kLookEveryMs;
  }
}

}  // namespace pyport::server
