// Which Python installation to start: the option `python`, checked without starting Python.
//
// Thread safety: pure but for reading files and, as a last resort, running the executable once.
#pragma once

#include <string>

#include "base/result.h"

namespace pyport::python {

struct PythonHome {
  // From which CPython works out sys.prefix, pyvenv.cfg and sys.path; empty: CPython's own defaults.
  std::string executable;
};

// `option` is a venv folder, an executable, or empty for the installation that the linked libpython
// belongs to. Errc::bad_config (its detail begins with "python: ") when it is neither, or of another
// version than the linked libpython.
Result<PythonHome> find_python_home(const std::string& option);

}  // namespace pyport::python
