// A long piece of work in C++ that lets other threads, and with them event loops, have the GIL between its
// steps.
//
// Python code does that by itself; CPython's own C loops do not.
//
// Thread safety: one object belongs to one thread, as a local variable.
#pragma once

#include <cstddef>

#include "python/gil.h"

namespace pyport::python {

class Breath {
 public:
  // A step was done, of about so many objects. Others may run: borrowed references to what they know of may
  // be gone afterwards.
  void after(std::size_t objects) REQUIRES(attached) {
    objects_ += objects;
    if (objects_ < kObjects) return;
    objects_ = 0;
    const Detached scope;
  }

 private:
  static constexpr std::size_t kObjects = 16384;  // some 100 us

  std::size_t objects_ = 0;
};

}  // namespace pyport::python
