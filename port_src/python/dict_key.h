// Keys of a SharedDict: str, bytes and 64-bit int <-> the table's keys.
//
// Thread safety: REQUIRES an attached thread state.
#pragma once

#include <optional>

#include "python/gil.h"
#include "python/ref.h"
#include "table/key.h"

namespace pyport::python {

// Valid as long as `key` lives. Nothing, with an exception set: TypeError for other types (bool too),
// OverflowError for an int beyond 64 bits, ValueError for a str with lone surrogates.
std::optional<table::KeyView> key_view(PyObject* key) REQUIRES(attached);

// str when the key's bytes are valid UTF-8, else bytes; int.
Ref key_object(const table::Key& key) REQUIRES(attached);

}  // namespace pyport::python
