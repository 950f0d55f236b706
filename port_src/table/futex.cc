#include "table/futex.h"

#include <linux/futex.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>

namespace pyport::table {

FutexEnd futex_wait(const Half& word, std::uint32_t seen, std::chrono::nanoseconds time) {
  constexpr std::int64_t kSecond = 1000000000;
  const std::int64_t left = std::max<std::int64_t>(time.count(), 0);
  const timespec limit{left / kSecond, left % kSecond};
  const long result = syscall(SYS_futex, &word, FUTEX_WAIT, seen, &limit, nullptr, 0);
  return result < 0 && errno == EINTR ? FutexEnd::signalled : FutexEnd::woken;
}

void futex_wake_all(const Half& word) { syscall(SYS_futex, &word, FUTEX_WAKE, INT_MAX, nullptr, nullptr, 0); }

}  // namespace pyport::table
