// The operations of a SharedDict on many keys at once.
//
// Thread safety: REQUIRES an attached thread state.
#pragma once

#include <cstdint>

#include "base/bytes.h"
#include "python/gil.h"
#include "python/ref.h"
#include "python/shared_dict_large.h"
#include "table/expect.h"

namespace pyport::python {

// A dict of those of the keys, an iterable, that are there, all as they were at one moment. Null with an
// exception set.
PyObject* dict_get_many(PyObject* self, PyObject* keys) REQUIRES(attached);

// As dict.update: `other` (a mapping, an iterable of pairs, or null) and then `names` (a dict, or null) are
// stored, all at once or, after an error, not at all. False with an exception set.
bool dict_update(PyObject* self, PyObject* other, PyObject* names) REQUIRES(attached);

// The value that a pickle stored in this dict stands for; its buffers are copied. Null with an exception set.
Ref load_stored(PyObject* self, std::uint32_t tag, ByteSpan bytes, BufferUse use) REQUIRES(attached);
// The value of a blob, which is let go of afterwards; its buffers are read in place. Null with an exception
// set.
Ref load_blob(PyObject* self, table::Blob& blob) REQUIRES(attached);

// All of the dict at one moment as a plain dict, with its stamp if that is asked for. Null with an exception
// set.
Ref dict_to_dict(PyObject* self, table::Stamp* stamp = nullptr) REQUIRES(attached);

}  // namespace pyport::python
