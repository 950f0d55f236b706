#include "python/python_api.h"
#include "python/runtime.h"

namespace pyport::python {

std::string Runtime::python_version() {
  // "3.13.5 (main, ...) [GCC ...]"
  const std::string version = Py_GetVersion();
  return version.substr(0, version.find(' '));
}

}  // namespace pyport::python
