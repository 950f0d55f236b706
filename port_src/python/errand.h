// Errand: a call that a thread makes for code of asyncio, and that it may be told to give up.
//
// The Python type `_erlang.Errand(function)`: run(*args, **names) calls the function, once. give_up() is
// called by another thread when nobody waits for the outcome any more; from then on the operations of the
// call on a table raise Interrupted, before they have changed anything. So what was given up is done entirely
// or not at all, and not at all if it had not come to its operation: to pickle a large value takes longer
// than to store it.
//
// Thread safety: REQUIRES an attached thread state. An errand may be used by threads of one interpreter.
#pragma once

#include "python/gil.h"
#include "python/module.h"

namespace pyport::python {

// Adds the type to the module. False with an exception set.
bool add_errand(PyObject* module, ModuleState& state) REQUIRES(attached);

class Errands {
 public:
  // True, with Interrupted set, when the call that this thread makes was given up. Before each operation on a
  // table.
  static bool given_up(PyObject* dict) REQUIRES(attached) {
    return current_ != nullptr && raise_if_given_up(dict);
  }

 private:
  friend struct Errand;
  static bool raise_if_given_up(PyObject* dict) REQUIRES(attached);

  inline static thread_local const struct Errand* current_ = nullptr;
};

}  // namespace pyport::python
