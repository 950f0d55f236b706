#include "table/process_identity.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "table/block.h"

namespace pyport::table {
namespace {

constexpr int kStartBits = 44;  // 5,000 years
constexpr std::uint64_t kStartMask = (std::uint64_t{1} << kStartBits) - 1;

struct Stat {
  char state = '?';
  std::uint64_t threads = 0;
  std::uint64_t start_time = 0;
};

// The fields after the name, which stands in parentheses and may hold anything, parentheses too: the third
// is the state, the 20th the number of threads, the 22nd the time of the start.
std::optional<Stat> parse(const char* text) {
  const char* at = std::strrchr(text, ')');
  if (at == nullptr || at[1] != ' ') return std::nullopt;
  at += 2;
  Stat stat;
  stat.state = *at;
  for (int field = 3; field < 22; ++field) {
    if (field == 20) stat.threads = std::strtoull(at, nullptr, 10);
    at = std::strchr(at, ' ');
    if (at == nullptr) return std::nullopt;
    ++at;
  }
  stat.start_time = std::strtoull(at, nullptr, 10);
  return stat;
}

enum class Found : std::uint8_t { yes, no, unknown };

Found read_stat(const char* path, Stat& stat) {
  const int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return errno == ENOENT || errno == ESRCH ? Found::no : Found::unknown;
  char text[1024];
  const ssize_t size = read(fd, text, sizeof text - 1);
  const int error = errno;
  close(fd);
  if (size <= 0) return size < 0 && error == ESRCH ? Found::no : Found::unknown;
  text[size] = 0;
  const auto parsed = parse(text);
  if (!parsed) return Found::unknown;
  stat = *parsed;
  return Found::yes;
}

}  // namespace

std::uint64_t start_word(const ProcessIdentity& process) {
  const std::uint64_t start = process.start_time & kStartMask;
  return start | (std::uint64_t{mix(start ^ (std::uint64_t{process.pid} << 32) ^ 0x9d) | 1} << kStartBits);
}

std::optional<ProcessIdentity> identity_of(std::uint32_t pid, std::uint64_t word) {
  const ProcessIdentity process{pid, word & kStartMask};
  if (start_word(process) != word) return std::nullopt;
  return process;
}

std::optional<ProcessIdentity> this_process() {
  Stat stat;
  if (read_stat("/proc/self/stat", stat) != Found::yes) return std::nullopt;
  return ProcessIdentity{static_cast<std::uint32_t>(getpid()), stat.start_time};
}

bool may_be_alive(const ProcessIdentity& process) {
  char path[64];
  std::snprintf(path, sizeof path, "/proc/%u/stat", process.pid);
  Stat stat;
  const Found found = read_stat(path, stat);
  if (found != Found::yes) return found == Found::unknown;
  if ((stat.start_time & kStartMask) != (process.start_time & kStartMask)) return false;
  // A zombie whose first thread alone has ended still runs.
  return (stat.state != 'Z' && stat.state != 'X') || stat.threads > 1;
}

std::uint64_t pid_namespace() {
  struct stat found {};
  return stat("/proc/self/ns/pid", &found) == 0 ? static_cast<std::uint64_t>(found.st_ino) : 0;
}

}  // namespace pyport::table
