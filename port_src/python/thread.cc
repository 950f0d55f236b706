#include "python/thread.h"

#include <pthread.h>
#include <signal.h>

#include <memory>
#include <string>
#include <system_error>

namespace pyport::python {
namespace {

struct Start {
  const char* name;
  std::function<void()> body;
};

void* run(void* argument) {
  const std::unique_ptr<Start> start(static_cast<Start*>(argument));
  pthread_setname_np(pthread_self(), start->name);
  start->body();
  return nullptr;
}

}  // namespace

void leave_signals_to_others() {
  sigset_t all;
  sigfillset(&all);
  for (const int own : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGABRT, SIGSYS}) sigdelset(&all, own);
  for (int signal = SIGRTMIN; signal <= SIGRTMAX; ++signal) sigdelset(&all, signal);
  pthread_sigmask(SIG_BLOCK, &all, nullptr);
}

Status start_thread(const char* name, std::size_t stack_bytes, std::function<void()> body) {
  auto start = std::make_unique<Start>(Start{name, std::move(body)});
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, stack_bytes);
  pthread_attr_setdetachstate(&attributes, PTHREAD_CREATE_DETACHED);
  pthread_t thread;
  const int failure = pthread_create(&thread, &attributes, run, start.get());
  pthread_attr_destroy(&attributes);
  if (failure != 0) {
    return make_error(Errc::bad_config,
                      std::string("interpreters: no thread: ") + std::generic_category().message(failure));
  }
  (void)start.release();  // run() has it
  return ok_status();
}

}  // namespace pyport::python
