// The namespaces of one interpreter: each a module object named __main__ with globals of its own.
//
// While a job runs, sys.modules['__main__'] is its namespace, so that classes which it defines can be
// pickled and found again.
//
// Thread safety: the worker's thread alone, attached.
#pragma once

#include <unordered_map>

#include "python/gil.h"
#include "python/ref.h"
#include "python/runtime.h"

namespace pyport::python {

class Namespaces {
 public:
  // False with an exception set.
  bool init() REQUIRES(attached);

  // The namespace's module, made on first use; null with an exception set.
  Ref module(NamespaceId ns) REQUIRES(attached);
  // An empty one that nobody else sees.
  Ref throwaway() REQUIRES(attached);
  void drop(NamespaceId ns) REQUIRES(attached);

  // Makes `module` the one that is called __main__; null: the interpreter's own.
  bool set_main(PyObject* module) REQUIRES(attached);

 private:
  Ref builtins_;
  Ref own_main_;
  std::unordered_map<NamespaceId, Ref> modules_;
};

}  // namespace pyport::python
