#include "python/interrupter.h"

#include <utility>

#include "python/thread.h"

namespace pyport::python {

Status Interrupter::start() {
  return start_thread("py-interrupter", kHelperStack, [this] { run(); });
}

void Interrupter::request(Serial serial) {
  {
    MutexLock lock(mutex_);
    requested_ = serial;  // an older one has ended since: jobs run one at a time
  }
  wanted_.notify_one();
}

Serial Interrupter::next() {
  MutexLock lock(mutex_);
  while (requested_ == 0) wanted_.wait(mutex_);
  return std::exchange(requested_, 0);
}

void Interrupter::interrupt(PyThreadState* state, Serial serial) {
  const Attached scope(state);
  if (running_.serial != serial) return;
  PyThreadState_SetAsyncExc(thread_, exception_);
  waits_.stop_of_thread(thread_);
}

void Interrupter::run() {
  leave_signals_to_others();
  PyThreadState* const state = PyThreadState_New(interpreter_);  // of this thread
  for (;;) interrupt(state, next());
}

}  // namespace pyport::python
