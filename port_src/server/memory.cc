#include "server/memory.h"

#include <sys/resource.h>

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <fstream>
#include <string>
#include <string_view>
#include <system_error>

namespace pyport::server {
namespace {

// A line of /proc/self/status: "RssAnon:   1234 kB", with a tab behind the colon.
bool read_line(std::string_view line, std::string_view name, std::uint64_t& bytes) {
  if (!line.starts_with(name)) return false;
  line.remove_prefix(std::min(line.find_first_of("0123456789"), line.size()));
  std::uint64_t kilobytes = 0;
  std::from_chars(line.data(), line.data() + line.size(), kilobytes);
  bytes = kilobytes << 10;
  return true;
}

Error refused(const std::string& why) { return make_error(Errc::bad_config, "max_memory: " + why); }

}  // namespace

MemoryInUse memory_in_use() {
  std::uint64_t anonymous = 0, files = 0, data = 0;
  std::ifstream status("/proc/self/status");
  std::string line;
  while (std::getline(status, line)) {
    (void)(read_line(line, "RssAnon:", anonymous) || read_line(line, "RssFile:", files) ||
           read_line(line, "VmData:", data));
  }
  return {anonymous + files, data};
}

Status limit_memory(std::uint64_t bytes) {
  if (bytes == 0) return ok_status();
  const std::uint64_t used = memory_in_use().data;
  if (used >= bytes) {
    return refused(std::to_string(bytes) + " is less than the " + std::to_string(used) +
                   " bytes in use after the start");
  }
  rlimit limit{};
  if (getrlimit(RLIMIT_DATA, &limit) != 0) return refused(std::generic_category().message(errno));
  limit.rlim_cur = bytes < limit.rlim_max ? bytes : limit.rlim_max;
  if (setrlimit(RLIMIT_DATA, &limit) != 0) return refused(std::generic_category().message(errno));
  return ok_status();
}

void lift_memory_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_DATA, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  (void)setrlimit(RLIMIT_DATA, &limit);
}

}  // namespace pyport::server
