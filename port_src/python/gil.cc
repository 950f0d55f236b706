#include "python/gil.h"

#include <cxxabi.h>
#include <unistd.h>

namespace pyport::python {

void attach_again(PyThreadState* state) {
  try {
    PyEval_RestoreThread(state);
  } catch (const abi::__forced_unwind&) {
    for (;;) pause();
  }
}

}  // namespace pyport::python
