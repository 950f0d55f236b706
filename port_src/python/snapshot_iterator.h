// Iterators over values and items of a SharedDict as they were at one moment: others may write meanwhile.
//
// A value is loaded when it is its turn. What the iterator holds of the table it lets go of at its end.
//
// Thread safety: REQUIRES an attached thread state.
#pragma once

#include "python/gil.h"
#include "python/module.h"

namespace pyport::python {

enum class SnapshotKind : std::uint8_t { values, items };

// Adds the type to the module. False with an exception set.
bool add_snapshot_iterator(PyObject* module, ModuleState& state) REQUIRES(attached);

// Over a SharedDict. Null with an exception set.
PyObject* iterate_snapshot(PyObject* dict, SnapshotKind kind) REQUIRES(attached);

}  // namespace pyport::python
