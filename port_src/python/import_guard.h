// The import guard: an interpreter with a GIL of its own loads an extension module from outside the standard
// library only when the module is known to declare that it works there (module_definition.h). Others raise
// ImportError, which names the package and the pool option `isolation => process`, before any of their code
// runs.
//
// CPython has such a check, too, but asks after the module's init function has run, in the main
// interpreter; what that function raises there is then freed by the interpreter that imports, with an
// allocator that does not know it: the process ends (numpy does so).
//
// Thread safety: once an interpreter, by its worker.
#pragma once

#include <string>
#include <vector>

#include "python/gil.h"

namespace pyport::python {

// Sets the guard up in the attached interpreter. `allowed` names top-level packages that are loaded whatever
// they declare, CPython's own check included. False with a Python exception set when the package `erlang`
// cannot be imported. REQUIRES: the package is on sys.path.
bool install_import_guard(const std::vector<std::string>& allowed) REQUIRES(attached);

}  // namespace pyport::python
