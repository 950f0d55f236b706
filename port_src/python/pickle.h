// Pickles of any objects: plain ones by our own code, others by pickle.dumps and pickle.loads, as the module
// state has them at hand.
//
// Thread safety: REQUIRES an attached thread state. Both may run any Python code.
#pragma once

#include "base/bytes.h"
#include "python/attachment.h"
#include "python/gil.h"
#include "python/module.h"
#include "python/ref.h"

namespace pyport::python {

// The pickle (protocol 5) as bytes, as a value of the table `use`; of the node's table when that is not
// given. Null with an exception set when the object has none.
Ref dump_object(const ModuleState& state, PyObject* object, const SharedUse& use) REQUIRES(attached);
Ref dump_object(const ModuleState& state, PyObject* object) REQUIRES(attached);

// The object that a pickle stands for. Null with an exception set.
PyObject* load_object(const ModuleState& state, PyObject* pickle) REQUIRES(attached);
// The same from memory that stays valid during the call.
Ref load_bytes(const ModuleState& state, ByteSpan pickle) REQUIRES(attached);
// The same of a value of the table `use`.
Ref load_bytes(const ModuleState& state, ByteSpan pickle, const SharedUse& use) REQUIRES(attached);

// The bytes of a bytes object; valid as long as the object lives.
ByteSpan bytes_view(PyObject* bytes) REQUIRES(attached);

}  // namespace pyport::python
