// Children that Python forks (os.fork, multiprocessing; isolation process only, other interpreters refuse
// it). Only the forking thread goes on in the child: nobody serves the node there.
//
// Thread safety: call_in_forked_children once a process; the rest from any thread.
#pragma once

#include <functional>

#include "python/gil.h"

namespace pyport::python {

// Calls `callback`, if there is one, in each child that Python code forks, before its code goes on. False
// with a Python exception set.
bool call_in_forked_children(std::function<void()> callback) REQUIRES(attached);

bool in_forked_child();
// What becomes of a child whose code comes to its end: there is no queue to go back to.
[[noreturn]] void end_forked_child(bool good);

}  // namespace pyport::python
