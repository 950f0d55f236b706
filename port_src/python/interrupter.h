// Raises erlang.Interrupted in the job that an interpreter runs, from a thread of its own: it has to
// take the interpreter's GIL, which may take as long as Python code likes. One an interpreter, so that
// a stuck one does not hold up the others.
//
// The race that matters: the job ends and the next one begins between the wish to interrupt and the
// interrupt. So the serial of the running job is compared with the GIL held, and the worker changes it
// and clears what was raised too late with the GIL held too.
//
// A thread that waits for a change of a dict is woken.
//
// Thread safety: request() from any thread.
#pragma once

#include "base/mutex.h"
#include "python/gil.h"
#include "python/job_queue.h"
#include "python/waits.h"

namespace pyport::python {

// Of one interpreter, under its GIL: the job that may be interrupted now, or 0.
struct Interruptible {
  Serial serial GUARDED_BY(attached) = 0;
};

class Interrupter {
 public:
  // `exception` (borrowed) and `waits` live as long as the interpreter; `thread` is the worker's, as Python
  // calls it.
  Interrupter(PyInterpreterState* interpreter, unsigned long thread, PyObject* exception, Waits& waits,
              const Interruptible& running)
      : interpreter_(interpreter), thread_(thread), exception_(exception), waits_(waits), running_(running) {}

  // Starts the thread, which never ends. REQUIRES: *this is never destroyed afterwards.
  Status start();
  // Interrupts the job of this serial, if it runs still when its GIL is taken.
  void request(Serial serial);

 private:
  [[noreturn]] void run();
  Serial next();
  void interrupt(PyThreadState* state, Serial serial);

  PyInterpreterState* const interpreter_;
  const unsigned long thread_;
  PyObject* const exception_;
  Waits& waits_;
  const Interruptible& running_;
  Mutex mutex_;
  CondVar wanted_;
  Serial requested_ GUARDED_BY(mutex_) = 0;
};

}  // namespace pyport::python
