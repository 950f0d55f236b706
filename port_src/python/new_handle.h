// Handles of dicts that Python makes.
//
// The first bit says that no Erlang process owns the dict: see py_handle.erl. The second, where the first is
// set, that it is a list: so whoever reads a handle knows what to make of it without asking the table.
//
// Thread safety: pure functions, but for the random numbers.
#pragma once

#include <cstdint>

#include "table/handle.h"

namespace pyport::python {

table::Handle random_handle(bool is_list = false);

inline bool is_list_handle(const table::Handle& handle) { return (handle.bits[0] & 0xc0) == 0xc0; }

}  // namespace pyport::python
