// The main interpreter: starts CPython in this process, isolated from the user's environment.
//
// No job runs in it. It loads the C modules of the standard library before the first interpreter with
// its own GIL is made: CPython is not safe against unguarded parallel first imports of them.
//
// Thread safety: once a process; the calling thread becomes what CPython calls the main thread.
#pragma once

#include <string>

#include "base/result.h"
#include "python/python_home.h"

namespace pyport::python {

// Leaves no thread state attached. Errc::bad_config when CPython does not start.
Status start_main_interpreter(const PythonHome& home);

}  // namespace pyport::python
