// First imports of the standard library's C modules, in the main interpreter.
#pragma once

#include "python/gil.h"

namespace pyport::python {

// Imports every C module of the standard library that this Python has and that a program may use
// in interpreters with their own GIL. Failures are ignored: a module that cannot be loaded here fails
// again, with its own message, where it is wanted.
void preload_standard_library() REQUIRES(attached);

}  // namespace pyport::python
