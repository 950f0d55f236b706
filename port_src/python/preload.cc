#include "python/preload.h"

#include "python/python_api.h"

namespace pyport::python {
namespace {

// The modules are the built-in ones and those in the folder of shared modules, as far as they
// belong to the standard library (its own test modules do not). Left out: user interfaces that keep
// process-wide state, and refuse interpreters with their own GIL anyway.
constexpr char kPreload[] = R"(
def preload():
    import sys
    import posix
    unwanted = {'_tkinter', '_curses', '_curses_panel', 'readline', 'nis', 'faulthandler', '_dbm', '_gdbm'}
    names = set(sys.builtin_module_names)
    for folder in sys.path:
        if folder.endswith('lib-dynload'):
            try:
                names.update(file.partition('.')[0] for file in posix.listdir(folder) if file.endswith('.so'))
            except OSError:
                pass
    for name in sorted((names & sys.stdlib_module_names) - unwanted):
        try:
            __import__(name)
        except Exception:
            pass
preload()
del preload
)";

}  // namespace

void preload_standard_library() {
  if (PyRun_SimpleString(kPreload) != 0) PyErr_Clear();
}

}  // namespace pyport::python
