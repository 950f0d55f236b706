// Attaching to and detaching from an interpreter, told to clang's thread-safety analysis.
//
// `attached` is a capability: a thread has it while its thread state is current, that is while it
// holds the GIL of an interpreter. Functions that touch Python objects say REQUIRES(attached); what
// waits, takes a lock or calls the table or the sink runs inside a Detached scope.
//
// Thread safety: a scope belongs to the thread that made it. Neither copied nor moved.
#pragma once

#include "base/thread_annotations.h"
#include "python/python_api.h"

namespace pyport::python {

class CAPABILITY("attached thread state") AttachedCapability {};
inline AttachedCapability attached;

// Makes `state` current again. While the process ends, CPython before 3.14 ends each daemon thread that wants
// that (pthread_exit), in the middle of C++ code that cannot be left so: the thread stays here instead, as
// it does in 3.14, until the process has ended.
void attach_again(PyThreadState* state);

// Makes `state` current for a scope. REQUIRES: made by this thread, and none is current.
class SCOPED_CAPABILITY Attached {
 public:
  explicit Attached(PyThreadState* state) ACQUIRE(attached) { PyEval_RestoreThread(state); }
  ~Attached() RELEASE() { PyEval_SaveThread(); }
  Attached(const Attached&) = delete;
  Attached& operator=(const Attached&) = delete;
};

// Lets go of the GIL for a scope, and takes it again at its end:
//
//   Result<table::Blob> found = [&] { Detached scope; return table.get(handle, key); }();
class SCOPED_CAPABILITY Detached {
 public:
  Detached() RELEASE(attached) : state_(PyEval_SaveThread()) {}
  ~Detached() RELEASE() { attach_again(state_); }
  Detached(const Detached&) = delete;
  Detached& operator=(const Detached&) = delete;

 private:
  PyThreadState* state_;
};

}  // namespace pyport::python
