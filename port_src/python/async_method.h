// Methods with `.aio`, the same for code of asyncio: `sd.put(k, v)` and `await sd.put.aio(k, v)`.
//
// The table of methods of a type holds descriptors of our own in place of the builtin ones, which they wrap:
//
//   SharedDict.put      an AsyncMethod: called with the dict before the other arguments
//   sd.put              a BoundMethod: callable, with .aio, and else as a bound builtin method is
//   sd.put.aio          a bound Python function that gives a coroutine (erlang._aio)
//
// A call `sd.put(k, v)` makes no BoundMethod, as with builtin methods, and costs what it costs with those.
// Methods of a class that is written in Python, SharedList, get the same by the decorator _erlang.with_aio.
//
// What an operation that is awaited does on the event loop's own thread is what surely takes microseconds:
// those whose arguments are small plain values, and as far as nothing large and no lock of others comes in
// its way. Everything else goes to a thread (at_once.h).
//
// Thread safety: REQUIRES an attached thread state.
#pragma once

#include <cstdint>
#include <initializer_list>

#include "python/gil.h"
#include "python/module.h"

namespace pyport::python {

// What of a method may be tried on the event loop's thread (AsyncMethod.at_once).
enum class AtOnce : std::uint8_t {
  never,
  by_key,     // when its first argument is a small plain value
  by_values,  // when all of its arguments are
};

struct AtOnceMethod {
  const char* name;
  AtOnce at_once;
};

// Adds the two types to the module. False with an exception set.
bool add_async_method(PyObject* module, ModuleState& state) REQUIRES(attached);

// Gives the public methods of a new type `.aio`, and those listed; the others are never done at once.
// REQUIRES: no object of the type has been made. False with an exception set.
bool give_aio(const ModuleState& state, PyTypeObject* type, std::initializer_list<AtOnceMethod> at_once)
    REQUIRES(attached);

}  // namespace pyport::python
