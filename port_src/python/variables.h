// The variables that come with eval and exec: globals of the namespace while the job runs.
//
// Thread safety: the worker's thread alone, attached.
#pragma once

#include <vector>

#include "python/gil.h"
#include "python/ref.h"

namespace pyport::python {

class Variables {
 public:
  // Binds the items of the dict `variables`. False with an exception set; restore() undoes what was bound.
  bool bind(PyObject* globals, PyObject* variables) REQUIRES(attached);

  // Puts back what each name was before, but for those that `code` bound anew or deleted. `code` may be
  // null: it never ran. REQUIRES: no exception is set; leaves none.
  void restore(PyObject* globals, PyObject* code) REQUIRES(attached);

 private:
  struct Bound {
    Ref name;
    Ref value;
    Ref before;  // null: there was none
  };
  std::vector<Bound> bound_;
};

}  // namespace pyport::python
