// _erlang.log: from Python's output and logging to the sink.
//
// Thread safety: REQUIRES an attached thread state, and lets go of it while the sink takes the lines.
#pragma once

#include "python/gil.h"

namespace pyport::python {

// Longer texts are sent in pieces, cut between characters.
inline constexpr Py_ssize_t kMaxLogBytes = Py_ssize_t{64} * 1024;

// log(stream, level, logger, text). Characters that UTF-8 cannot tell are written as \udcXX.
PyObject* log_function(PyObject* module, PyObject* const* args, Py_ssize_t count) REQUIRES(attached);

}  // namespace pyport::python
