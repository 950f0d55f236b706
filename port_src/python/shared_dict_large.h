// The values of a SharedDict that are read where they lie.
//
// Thread safety: REQUIRES an attached thread state.
#pragma once

#include "python/gil.h"
#include "python/ref.h"
#include "table/blob.h"
#include "value/stored.h"

namespace pyport::python {

// What becomes of the buffers of a value.
enum class BufferUse : std::uint8_t {
  in_place,      // read-only, in the table
  own,           // the reader's own, writable where the writer's were
  own_constant,  // the reader's own, read-only
};

// The value of a blob of the tag value::kBuffers, which it takes. Null with an exception set.
Ref load_in_place(PyObject* self, table::Blob& blob) REQUIRES(attached);
// The same with buffers of its own, which are not in the table.
Ref load_copied(PyObject* self, const value::StoredView& stored, BufferUse use) REQUIRES(attached);

// SharedDict.view(key). Null with an exception set.
PyObject* dict_view(PyObject* self, PyObject* key) REQUIRES(attached);

}  // namespace pyport::python
