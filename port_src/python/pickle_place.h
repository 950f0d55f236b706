// Where in a value the part is that cannot be pickled: pickle's own errors do not tell.
//
// Thread safety: REQUIRES an attached thread state. Runs the code again by which the parts pickle themselves.
#pragma once

#include <string>

#include "base/error.h"
#include "python/gil.h"
#include "python/module.h"

namespace pyport::python {

struct PicklePlace {
  Path path;         // as Erlang counts: from 1
  std::string text;  // as Python writes it: "['users'][3]['id']"
};

// Looks into lists, tuples and dicts as long as one of their values fails by itself, at most kMostTries times
// in all. Nothing is found when it is the value itself. REQUIRES: no exception is set. One may be set
// afterwards when it is more important: Interrupted, KeyboardInterrupt and the like.
PicklePlace find_unpicklable(const ModuleState& state, PyObject* value) REQUIRES(attached);

// Adds the place to the message of the exception that is set, when it has one that is a str.
void tell_place(const ModuleState& state, PyObject* value) REQUIRES(attached);

}  // namespace pyport::python
