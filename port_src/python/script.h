// Running a script file as `python FILE ARGV...` would.
//
// Thread safety: the worker's thread alone, attached.
#pragma once

#include "python/gil.h"
#include "python/runtime.h"

namespace pyport::python {

// Runs the file in the fresh module `main`, with sys.argv and sys.path[0] set meanwhile. False with an
// exception set, SystemExit among them unless its code is None or 0.
bool run_script(const RunJob& job, PyObject* main) REQUIRES(attached);

}  // namespace pyport::python
