#include "server/hang_up.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <system_error>

#include "python/thread.h"
#include "server/process.h"

namespace pyport::server {

HangUpWatch::HangUpWatch(int in) : stop_(eventfd(0, EFD_CLOEXEC)) {
  if (stop_ == -1) return;
  try {
    thread_ = std::thread([this, in] { run(in); });
  } catch (const std::system_error&) {
  }
}

HangUpWatch::~HangUpWatch() {
  if (thread_.joinable()) {
    (void)eventfd_write(stop_, 1);
    thread_.join();
  }
  if (stop_ != -1) close(stop_);
}

void HangUpWatch::run(int in) const {
  python::leave_signals_to_others();
  for (;;) {
    // Without events asked for, only the end of the pipe is told.
    pollfd watched[] = {{in, 0, 0}, {stop_, POLLIN, 0}};
    if (poll(watched, 2, -1) == -1) continue;
    if (watched[1].revents != 0) return;
    if (watched[0].revents != 0) leave(kExitDone);
  }
}

}  // namespace pyport::server
