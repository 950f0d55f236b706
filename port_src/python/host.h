// The main interpreter: starts CPython in this process, isolated from the user's environment.
//
// With isolation interpreter no job runs in it: it is host to the interpreters with their own GIL, and loads
// the C modules of the standard library before the first of them is made, as CPython is not safe against
// unguarded parallel first imports of them. With isolation process it runs the jobs.
//
// Thread safety: once a process; the calling thread becomes what CPython calls the main thread.
#pragma once

#include <string>

#include "base/result.h"
#include "python/python_api.h"
#include "python/python_home.h"

namespace pyport::python {

// Starts CPython; the main interpreter's thread state, detached. Errc::bad_config when CPython does not
// start.
Result<PyThreadState*> start_main_interpreter(const PythonHome& home);

// The same for a main interpreter that is the host of others.
Status start_host(const PythonHome& home);

}  // namespace pyport::python
