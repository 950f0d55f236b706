#include "python/detached_wait.h"

#include <chrono>
#include <cmath>

namespace pyport::python {

std::optional<table::WaitLimit> wait_limit(PyObject* seconds) {
  constexpr double kForEver = 1e9;
  table::WaitLimit limit;
  if (seconds == Py_None) return limit;
  const double count = PyFloat_AsDouble(seconds);
  if (count == -1 && PyErr_Occurred() != nullptr) return std::nullopt;
  if (count < kForEver)
    limit.until = table::WaitClock::now() + std::chrono::nanoseconds(std::llround(std::fmax(count, 0) * 1e9));
  return limit;
}

}  // namespace pyport::python
