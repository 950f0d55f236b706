// Operations that are to be done at once or not at all, for the threads of event loops.
//
// Such an operation waits for no lock that others hold longer than a moment, copies no large value and runs
// no Python code, neither of a pickle nor of its arguments. What it cannot do so it refuses: TimeoutError,
// and nothing is changed.
//
// Thread safety: REQUIRES an attached thread state.
#pragma once

#include <cstddef>
#include <cstdint>

#include "python/gil.h"
#include "table/cell.h"
#include "table/patience.h"
#include "value/stored.h"

namespace pyport::python {

// Is it a plain value of few parts and few bytes? No Python code is run.
bool is_small(PyObject* value) REQUIRES(attached);

// True when the operation that this thread is in is to be done at once.
inline bool is_at_once() { return table::Impatient::here(); }

// A value of this tag is plain: no Python code is run when it is loaded.
inline bool is_plain(std::uint32_t tag) { return tag == value::kPlain || tag == table::kCellTag; }

// The operation would take long: gives null with the exception set.
std::nullptr_t refuse() REQUIRES(attached);

}  // namespace pyport::python
