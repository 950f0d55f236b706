// The other end of module_definition.h: what the program does when it is started to look at one extension
// module, in a process that may crash or hang without harm.
//
// Thread safety: the whole of a process.
#pragma once

namespace pyport::python {

// The option that says so, before the arguments of probe_extension().
inline constexpr char kProbeOption[] = "--probe-extension";

// Arguments: the Python executable (may be empty), the extension's file, the module's full name.
// Writes one line to standard output and ends the process:
//
//   declared        its definition says Py_MOD_PER_INTERPRETER_GIL_SUPPORTED
//   not declared    it does not, or there is no definition, as the module is made in one step
//   <anything else> why there is no answer
//
// Loads the file and calls its init function, which for the modules that matter only returns the definition.
[[noreturn]] void probe_extension(int count, char** arguments);

}  // namespace pyport::python
