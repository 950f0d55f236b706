// Whether an extension module declares that it works under a GIL per interpreter, found out without running
// any of its code in this process.
//
// That is in its module definition, which only its init function gives. A module that is made in one step
// does all its work in that function, so it is not called here: where the file does not even know
// PyModuleDef_Init there can be no definition; else a process of its own looks (extension_probe.h), once a
// version of the file.
//
// Thread safety: may be called from any thread. REQUIRES: no thread state attached, as it may wait.
#pragma once

#include <string>

namespace pyport::python {

enum class OwnGil {
  declared,
  not_declared,
  unknown,    // the look-up failed: `why` says how
  no_module,  // the file cannot be read or is no shared object, so loading it fails without harm
};

struct Declaration {
  OwnGil support = OwnGil::unknown;
  std::string why;  // unknown: valid UTF-8, one line
};

// `python` is the executable whose standard library the look-up starts with, or empty; `module` the full
// name. Takes some 30 ms for a file that is new to this process, at most ten seconds.
Declaration own_gil_declaration(const std::string& python, const std::string& file,
                                const std::string& module);

}  // namespace pyport::python
