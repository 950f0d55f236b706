// Inside SharedDict: the object and the operations that its type is made of.
//
// Thread safety: REQUIRES an attached thread state.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/result.h"
#include "python/attachment.h"
#include "python/gil.h"
#include "python/ref.h"
#include "table/table.h"

namespace pyport::python {

// Constant after construction.
struct SharedDictObject {
  PyObject_HEAD PyObject* etf;  // bytes: the handle's term; null when no Erlang node made the dict
  table::Handle handle;
  SharedUse use;  // never null; as the object lives, so does the mapping
};

inline SharedDictObject& shared_dict(PyObject* self) { return *reinterpret_cast<SharedDictObject*>(self); }

// Sets the Python exception for a failed table operation: RuntimeError for a destroyed dict or one of
// another node, MemoryError for a full table.
PyObject* raise_for(PyObject* self, const Error& error) REQUIRES(attached);
// The node that made the dict, empty when none did.
std::string node_of(PyObject* self) REQUIRES(attached);

// The value of a key, found and unpickled; `missing` (borrowed) when the key is not there, and when
// `missing` is null a KeyError. Large buffers are read in place, unless it is to have its own.
PyObject* dict_get(PyObject* self, PyObject* key, PyObject* missing, bool own = false) REQUIRES(attached);
// These give 0, or -1 with an exception set.
//
// `ttl`: nanoseconds that the value lives, 0 for ever; without it as the dict says.
int dict_set(PyObject* self, PyObject* key, PyObject* value, const std::optional<std::uint64_t>& ttl = {})
    REQUIRES(attached);
int dict_delete(PyObject* self, PyObject* key) REQUIRES(attached);
// 1, 0 or -1
int dict_contains(PyObject* self, PyObject* key) REQUIRES(attached);
Py_ssize_t dict_length(PyObject* self) REQUIRES(attached);
// A list of the keys in insertion order, with their stamp if that is asked for.
Ref dict_keys(PyObject* self, table::Stamp* stamp = nullptr) REQUIRES(attached);
// What the table tells of the dict, as a dict of ints.
PyObject* dict_info(PyObject* self) REQUIRES(attached);
PyObject* dict_destroy(PyObject* self) REQUIRES(attached);
PyObject* dict_repr(PyObject* self) REQUIRES(attached);

// What makes it a mapping (shared_dict_mapping.cc). Null with an exception set.
//
// Without a fallback (null) a missing key is a KeyError.
PyObject* dict_pop(PyObject* self, PyObject* key, PyObject* fallback) REQUIRES(attached);
PyObject* dict_popitem(PyObject* self) REQUIRES(attached);
PyObject* dict_setdefault(PyObject* self, PyObject* key, PyObject* value) REQUIRES(attached);
// Stores the value if the key is not there. 1 when it was stored, 0 when not, -1.
int dict_put_new(PyObject* self, PyObject* key, PyObject* value, const std::optional<std::uint64_t>& ttl = {})
    REQUIRES(attached);
// The same if the key has this version, 0 for one that is not there.
int dict_put_if(PyObject* self, PyObject* key, PyObject* value, table::Stamp version,
                const std::optional<std::uint64_t>& ttl) REQUIRES(attached);
// Deletes the key if it has this version. 1, 0 or -1.
int dict_delete_if(PyObject* self, PyObject* key, table::Stamp version) REQUIRES(attached);
// Gives back what dead processes held in the table. False with an exception set.
bool dict_sweep(PyObject* self) REQUIRES(attached);
// False with an exception set.
bool dict_clear(PyObject* self) REQUIRES(attached);
// == and !=
PyObject* dict_compare(PyObject* self, PyObject* other, int operation) REQUIRES(attached);
// left | right, at least one of them a SharedDict: a plain dict.
PyObject* dict_or(PyObject* left, PyObject* right) REQUIRES(attached);

}  // namespace pyport::python
