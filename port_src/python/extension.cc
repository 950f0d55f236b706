// The module `_erlang` as an extension file: cmake/PyportExtension.cmake builds it. In the port program the
// built-in one is found first.
#include "python/attachments.h"
#include "python/module.h"

namespace {

// A process that ends in order leaves its tables in order, as far as its objects went before: what it does
// not leave is given back by others, as after a kill.
void leave_tables() { pyport::python::Attachments::instance().forget_latest(); }

}  // namespace

PyMODINIT_FUNC PyInit__erlang() {
  static const int registered = Py_AtExit(leave_tables);
  (void)registered;  // without room for it the process just ends
  return pyport::python::define_module();
}
