// The name of a type as Erlang sees it: module.qualname, without "builtins.".
#pragma once

#include <string>

#include "python/gil.h"

namespace pyport::python {

// Never fails: what cannot be told is "?". Leaves no exception set.
std::string type_name(PyTypeObject* type) REQUIRES(attached);

}  // namespace pyport::python
