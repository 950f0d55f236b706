#include "python/host.h"

#include "python/gil.h"
#include "python/module.h"
#include "python/preload.h"

namespace pyport::python {
namespace {

Error failed(const PyStatus& status) {
  std::string why = status.err_msg != nullptr ? status.err_msg : "unknown failure";
  if (status.func != nullptr) why += std::string(" (") + status.func + ")";
  return make_error(Errc::bad_config, "python: cannot start Python: " + why);
}

// A PyConfig that is given back on every path.
class Config {
 public:
  Config() { PyConfig_InitIsolatedConfig(&config_); }
  ~Config() { PyConfig_Clear(&config_); }
  Config(const Config&) = delete;
  Config& operator=(const Config&) = delete;
  PyConfig* get() { return &config_; }
  PyConfig* operator->() { return &config_; }

 private:
  PyConfig config_;
};

PyStatus preinitialize() {
  PyPreConfig config;
  PyPreConfig_InitIsolatedConfig(&config);
  config.utf8_mode = 1;
  return Py_PreInitialize(&config);
}

// Isolated means: no environment variables, no user site, no signal handlers, no argv parsing.
PyStatus configure(Config& config, const PythonHome& home) {
  config->install_signal_handlers = 0;
  config->pathconfig_warnings = 0;
  PyStatus status = PyConfig_SetString(config.get(), &config->stdio_encoding, L"utf-8");
  if (PyStatus_Exception(status)) return status;
  status = PyConfig_SetString(config.get(), &config->stdio_errors, L"backslashreplace");
  if (PyStatus_Exception(status) || home.executable.empty()) return status;
  status = PyConfig_SetBytesString(config.get(), &config->program_name, home.executable.c_str());
  if (PyStatus_Exception(status)) return status;
  return PyConfig_SetBytesString(config.get(), &config->executable, home.executable.c_str());
}

PyStatus initialize(const PythonHome& home) {
  PyStatus status = preinitialize();
  if (PyStatus_Exception(status)) return status;
  Config config;
  status = configure(config, home);
  if (PyStatus_Exception(status)) return status;
  return Py_InitializeFromConfig(config.get());
}

}  // namespace

// Py_InitializeFromConfig attaches the main thread state.
Result<PyThreadState*> start_main_interpreter(const PythonHome& home) NO_THREAD_SAFETY_ANALYSIS {
  if (register_module() != 0) return make_error(Errc::bad_config, "python: no memory for the module table");
  const PyStatus status = initialize(home);
  if (PyStatus_Exception(status)) return failed(status);
  return PyEval_SaveThread();
}

Status start_host(const PythonHome& home) {
  const Result<PyThreadState*> state = start_main_interpreter(home);
  if (!state) return state.error();
  const Attached scope(*state);
  preload_standard_library();
  return ok_status();
}

}  // namespace pyport::python
