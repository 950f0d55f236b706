#include "server/process_group.h"

#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

namespace pyport::server {
namespace {

// In a fork of `parent`, as one of its group, so that the group's id cannot come to mean another one. A look
// through /proc while the parent still lives would not do: its threads may start a process after the look.
[[noreturn]] void kill_when_gone(pid_t parent) {
  sigset_t parent_died;
  sigemptyset(&parent_died);
  sigaddset(&parent_died, SIGTERM);
  sigprocmask(SIG_BLOCK, &parent_died, nullptr);  // NOLINT(concurrency-mt-unsafe): one thread after a fork
  prctl(PR_SET_PDEATHSIG, SIGTERM);
  int signal_number = 0;
  while (getppid() == parent) sigwait(&parent_died, &signal_number);
  kill(0, SIGKILL);
  _exit(1);
}

}  // namespace

void leave_with_group(int status) {
  const pid_t self = getpid();
  // No handlers of fork(): they wait for locks that whoever ends may hold.
  const pid_t last = _Fork();
  if (last == 0) kill_when_gone(self);
  if (last == -1) kill(0, SIGKILL);
  _exit(status);
}

}  // namespace pyport::server
