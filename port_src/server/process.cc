#include "server/process.h"

#include <limits.h>
#include <malloc.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <cstdlib>
#include <exception>
#include <new>

#include "server/memory.h"
#include "server/node.h"
#include "server/process_group.h"

namespace pyport::server {
namespace {

constexpr int kMmapThreshold = 8 << 20;
constexpr int kTrimThreshold = 64 << 20;

bool leads_group() { return getpgrp() == getpid(); }

// Sent by the kernel when the parent ends. A real-time signal, since programs have uses of their own for
// the named ones; and no SIGKILL, which would leave Python's children behind.
int parent_death_signal() { return SIGRTMAX - 3; }

// Async-signal-safe: system calls only.
extern "C" void on_parent_death(int) {
  remove_table_of_dead_node(true);
  if (leads_group()) kill(0, SIGKILL);
  _exit(kExitDone);
}

// Without memory neither a reply nor an error can be made where this comes to. Other exceptions are bugs.
[[noreturn]] void on_terminate() {
  const auto no_memory = [] {
    try {
      if (const std::exception_ptr thrown = std::current_exception()) std::rethrow_exception(thrown);
    } catch (const std::bad_alloc&) {
      return true;
    } catch (...) {
    }
    return false;
  };
  if (no_memory()) leave_without_memory();
  abort();
}

void watch_parent() {
  struct sigaction action {};
  action.sa_handler = on_parent_death;
  sigaction(parent_death_signal(), &action, nullptr);
  prctl(PR_SET_PDEATHSIG, parent_death_signal());
}

}  // namespace

void prepare_process() {
  // glibc maps and unmaps each block above 128 KiB otherwise, which costs more than the conversion of the
  // value in it.
  mallopt(M_MMAP_THRESHOLD, kMmapThreshold);  // NOLINT(concurrency-mt-unsafe): one thread so far
  mallopt(M_TRIM_THRESHOLD, kTrimThreshold);  // NOLINT(concurrency-mt-unsafe)
  signal(SIGPIPE, SIG_IGN);
  watch_parent();
  std::set_terminate(on_terminate);
}

void leave_without_memory() {
  lift_memory_limit();
  constexpr char kWhy[] = "pyport: no memory is left\n";
  (void)!write(STDERR_FILENO, kWhy, sizeof kWhy - 1);
  leave(kExitMemory);
}

void leave(int status) {
  remove_table_of_dead_node(false);
  if (status == kExitDone) remove_table_of_dead_node(true);
  if (leads_group()) leave_with_group(status);
  _exit(status);
}

std::size_t allowed_cpus() {
  cpu_set_t allowed;
  if (sched_getaffinity(0, sizeof allowed, &allowed) != 0) return 1;
  const int count = CPU_COUNT(&allowed);
  return count > 0 ? static_cast<std::size_t>(count) : 1;
}

std::string program_folder() {
  char path[PATH_MAX];
  const ssize_t size = readlink("/proc/self/exe", path, sizeof path);
  if (size <= 0) return {};
  const std::string whole(path, static_cast<std::size_t>(size));
  return whole.substr(0, whole.rfind('/'));
}

}  // namespace pyport::server
