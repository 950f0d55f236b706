#include "python/extension_probe.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <string>

#include "python/gil.h"
#include "python/ref.h"

namespace pyport::python {
namespace {

constexpr unsigned kLimit = 20;  // seconds; whoever asked waits for ten

[[noreturn]] void answer(int to, std::string text) {
  std::replace(text.begin(), text.end(), '\n', ' ');
  text += '\n';
  const ssize_t written = write(to, text.data(), text.size());
  _exit(written == static_cast<ssize_t>(text.size()) ? 0 : 1);
}

// Ends with whoever asked, leaves no core file, and is not held to the limits of a pool's process.
void limit_process() {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  alarm(kLimit);
  const rlimit none{0, 0};
  setrlimit(RLIMIT_CORE, &none);
  for (const auto what : {RLIMIT_DATA, RLIMIT_AS}) {
    rlimit limit{};
    if (getrlimit(what, &limit) != 0) continue;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(what, &limit);
  }
}

// The answer's descriptor: what the extension prints must not be taken for the answer.
int take_standard_output() {
  const int to = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
  const int nowhere = open("/dev/null", O_WRONLY | O_CLOEXEC);
  if (to < 0 || nowhere < 0 || dup2(nowhere, STDOUT_FILENO) < 0) _exit(1);
  return to;
}

bool start_python(const char* executable) {
  PyConfig config;
  PyConfig_InitIsolatedConfig(&config);
  config.site_import = 0;
  config.install_signal_handlers = 0;
  config.pathconfig_warnings = 0;
  PyStatus status = PyStatus_Ok();
  if (*executable != '\0') status = PyConfig_SetBytesString(&config, &config.program_name, executable);
  if (!PyStatus_Exception(status)) status = Py_InitializeFromConfig(&config);
  PyConfig_Clear(&config);
  return !PyStatus_Exception(status);
}

bool is_ascii(const std::string& name) {
  return std::all_of(name.begin(), name.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

std::string raised_text() REQUIRES(attached) {
  const Ref raised = Ref::steal(PyErr_GetRaisedException());
  if (!raised) return "made nothing";
  const Ref text = Ref::steal(PyObject_Str(raised.get()));
  const char* const utf8 = text ? PyUnicode_AsUTF8(text.get()) : nullptr;
  return std::string("raised ") + Py_TYPE(raised.get())->tp_name + ": " + (utf8 != nullptr ? utf8 : "?");
}

bool declares(const PyModuleDef& definition) {
  for (const PyModuleDef_Slot* slot = definition.m_slots; slot != nullptr && slot->slot != 0; ++slot) {
    if (slot->slot == Py_mod_multiple_interpreters)
      return slot->value == Py_MOD_PER_INTERPRETER_GIL_SUPPORTED;
  }
  return false;
}

std::string load_error() {
  const char* const text = dlerror();  // NOLINT(concurrency-mt-unsafe): the only thread
  return text != nullptr ? text : "cannot be loaded";
}

std::string look_up(const char* file, const std::string& module) REQUIRES(attached) {
  const std::string name = module.substr(module.rfind('.') + 1);
  if (!is_ascii(name)) return "its name is not ASCII";
  void* const library = dlopen(file, RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) return load_error();
  const auto init = reinterpret_cast<PyObject* (*)()>(dlsym(library, ("PyInit_" + name).c_str()));
  if (init == nullptr) return load_error();
  PyObject* const made = init();
  if (made == nullptr) return "its init function " + raised_text();
  if (!PyObject_TypeCheck(made, &PyModuleDef_Type)) return "not declared";
  return declares(*reinterpret_cast<PyModuleDef*>(made)) ? "declared" : "not declared";
}

}  // namespace

void probe_extension(int count, char** arguments) NO_THREAD_SAFETY_ANALYSIS {
  limit_process();
  const int to = take_standard_output();
  if (count != 3) answer(to, "wrong arguments");
  if (!start_python(arguments[0])) answer(to, "Python does not start");
  answer(to, look_up(arguments[1], arguments[2]));
}

}  // namespace pyport::python
