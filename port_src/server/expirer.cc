#include "server/expirer.h"

#include "python/thread.h"

namespace pyport::server {

Status Expirer::start() {
  return python::start_thread("expirer", python::kHelperStack, [this] { run(); });
}

void Expirer::run() {
  constexpr std::uint64_t kNanoseconds = std::chrono::nanoseconds(kLook).count();
  python::leave_signals_to_others();
  for (;;) {
    const std::uint64_t next = table_.expire();
    table_.wait_for_what_expires(next == 0 ? 0 : kNanoseconds);
  }
}

}  // namespace pyport::server
