// Making an interpreter with its own GIL.
//
// Thread safety: one at a time. The calling thread becomes the interpreter's worker: a thread state
// belongs to the thread that made it.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "base/result.h"
#include "python/python_api.h"

namespace pyport::python {

// A new interpreter with `front` in front of its sys.path; its thread state, detached. It is never
// ended. REQUIRES: no thread state attached; the main interpreter is started.
// Errc::bad_config when CPython cannot make it.
Result<PyThreadState*> make_interpreter(std::size_t id, const std::vector<std::string>& front);

}  // namespace pyport::python
