// Making the interpreter that a worker runs its jobs in.
//
// Thread safety: one at a time. The calling thread becomes the interpreter's worker: a thread state
// belongs to the thread that made it.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "base/result.h"
#include "python/gil.h"
#include "python/python_api.h"

namespace pyport::python {

// A new interpreter with a GIL of its own; its thread state, detached. It is never ended.
// REQUIRES: no thread state attached; the host is started. Errc::bad_config when CPython cannot make it.
Result<PyThreadState*> make_interpreter();

// Puts `front` in front of the interpreter's sys.path and gives it its number. Errc::bad_config.
Status equip_interpreter(std::size_t id, const std::vector<std::string>& front) REQUIRES(attached);

}  // namespace pyport::python
