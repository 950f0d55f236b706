#include "python/module.h"

#include "python/async_method.h"
#include "python/atom.h"
#include "python/context.h"
#include "python/errand.h"
#include "python/log_function.h"
#include "python/method.h"
#include "python/opaque.h"
#include "python/pickle.h"
#include "python/prepared_value.h"
#include "python/ref.h"
#include "python/shared_cell.h"
#include "python/shared_dict.h"
#include "python/snapshot_iterator.h"
#include "python/stored_buffer.h"
#include "python/table_type.h"
#include "python/transaction_functions.h"
#include "python/wait_stop.h"

namespace pyport::python {
namespace {

PyObject* object_function(PyObject* module, PyObject* const* args, Py_ssize_t count) REQUIRES(attached) {
  if (count != 2 || !PyUnicode_Check(args[0]) || !PyBytes_Check(args[1])) {
    PyErr_SetString(PyExc_TypeError, "object() takes a type name and bytes");
    return nullptr;
  }
  return load_object(module_state(module), args[1]);
}

PyMethodDef kFunctions[] = {
    {"dict", dict_function, METH_O, "dict(etf) -> SharedDict: the dict that a handle in ETF names."},
    {"pid", pid_function, METH_O, "pid(etf) -> Pid"},
    {"reference", reference_function, METH_O, "reference(etf) -> Reference"},
    {"term", term_function, METH_O, "term(etf) -> Term"},
    {"atom", atom_function, METH_O, "atom(text) -> Atom"},
    {"object", fast_method<object_function>(), METH_FASTCALL,
     "object(type, pickle): the object that was pickled."},
    {nullptr, nullptr, 0, nullptr}};

// Where there is somebody to listen.
PyMethodDef kPortFunctions[] = {
    {"log", fast_method<log_function>(), METH_FASTCALL,
     "log(stream, level, logger, text): sends text to Erlang's logger. stream: 0 stdout, 1 stderr, 2 log; "
     "level: 0 debug to 5 critical."},
    {nullptr, nullptr, 0, nullptr}};

// `_pickle` alone is what `pickle.dumps` and `pickle.loads` are; the module around it costs start-up time.
bool load_pickle(ModuleState& state) REQUIRES(attached) {
  const Ref pickle = Ref::steal(PyImport_ImportModule("_pickle"));
  if (!pickle) return false;
  state.dumps = PyObject_GetAttrString(pickle.get(), "dumps");
  state.loads = PyObject_GetAttrString(pickle.get(), "loads");
  state.protocol = PyLong_FromLong(5);
  state.buffer_callback = Py_BuildValue("(s)", "buffer_callback");
  state.buffers_keyword = Py_BuildValue("(s)", "buffers");
  return state.buffer_callback != nullptr && state.buffers_keyword != nullptr && state.dumps != nullptr &&
         state.loads != nullptr && state.protocol != nullptr;
}

constexpr char kInterruptedDoc[] =
    "Raised in Python code that Erlang no longer waits for: its call timed out, or its process is gone.\n\n"
    "Like KeyboardInterrupt it is no Exception, so that `except Exception` does not stop it.";

bool add_interrupted(PyObject* module, ModuleState& state) REQUIRES(attached) {
  state.interrupted =
      PyErr_NewExceptionWithDoc("erlang.Interrupted", kInterruptedDoc, PyExc_BaseException, nullptr);
  return state.interrupted != nullptr && PyModule_AddObjectRef(module, "Interrupted", state.interrupted) == 0;
}

bool find_functions(PyObject* module, ModuleState& state) REQUIRES(attached) {
  const struct {
    const char* name;
    PyObject** place;
  } wanted[] = {{"dict", &state.dict_function},
                {"pid", &state.pid_function},
                {"reference", &state.reference_function},
                {"term", &state.term_function},
                {"atom", &state.atom_function}};
  for (const auto& entry : wanted) {
    *entry.place = PyObject_GetAttrString(module, entry.name);
    if (*entry.place == nullptr) return false;
  }
  return true;
}

int execute(PyObject* module) REQUIRES(attached) {
  ModuleState& state = module_state(module);
  if (context().sink != nullptr && PyModule_AddFunctions(module, kPortFunctions) != 0) return -1;
  const bool made = load_pickle(state) && add_interrupted(module, state) && add_async_method(module, state) &&
                    add_errand(module, state) && add_shared_dict(module, state) &&
                    add_table_type(module, state) && add_opaque_types(module, state) &&
                    add_atom(module, state) && add_stored_buffer(module, state) &&
                    add_snapshot_iterator(module, state) && add_shared_cell(module, state) &&
                    add_wait_stop(module, state) && add_prepared_value(module, state) &&
                    add_transaction_functions(module) && find_functions(module, state);
  return made ? 0 : -1;
}

int traverse(PyObject* module, visitproc visit, void* arg) {
  auto& state = *static_cast<ModuleState*>(PyModule_GetState(module));
  Py_VISIT(state.dumps);
  Py_VISIT(state.loads);
  Py_VISIT(state.protocol);
  Py_VISIT(state.buffer_callback);
  Py_VISIT(state.buffers_keyword);
  Py_VISIT(state.interrupted);
  Py_VISIT(state.shared_dict_type);
  Py_VISIT(state.shared_cell_type);
  Py_VISIT(state.table_type);
  Py_VISIT(state.pid_type);
  Py_VISIT(state.reference_type);
  Py_VISIT(state.term_type);
  Py_VISIT(state.atom_type);
  Py_VISIT(state.stored_buffer_type);
  Py_VISIT(state.snapshot_iterator_type);
  Py_VISIT(state.async_method_type);
  Py_VISIT(state.async_class_method_type);
  Py_VISIT(state.bound_method_type);
  Py_VISIT(state.errand_type);
  Py_VISIT(state.keys_view);
  Py_VISIT(state.values_view);
  Py_VISIT(state.items_view);
  Py_VISIT(state.wait_stop_type);
  Py_VISIT(state.wait_function);
  Py_VISIT(state.wait_change_function);
  Py_VISIT(state.lock_class);
  Py_VISIT(state.prepared_value_type);
  Py_VISIT(state.transaction);
  Py_VISIT(state.transactions);
  Py_VISIT(state.transact);
  Py_VISIT(state.shared_list);
  Py_VISIT(state.watch_function);
  Py_VISIT(state.dict_function);
  Py_VISIT(state.pid_function);
  Py_VISIT(state.reference_function);
  Py_VISIT(state.term_function);
  Py_VISIT(state.atom_function);
  return 0;
}

int clear(PyObject* module) REQUIRES(attached) {
  auto& state = *static_cast<ModuleState*>(PyModule_GetState(module));
  Py_CLEAR(state.dumps);
  Py_CLEAR(state.loads);
  Py_CLEAR(state.protocol);
  Py_CLEAR(state.buffer_callback);
  Py_CLEAR(state.buffers_keyword);
  Py_CLEAR(state.interrupted);
  Py_CLEAR(state.shared_dict_type);
  Py_CLEAR(state.shared_cell_type);
  Py_CLEAR(state.table_type);
  Py_CLEAR(state.pid_type);
  Py_CLEAR(state.reference_type);
  Py_CLEAR(state.term_type);
  Py_CLEAR(state.atom_type);
  Py_CLEAR(state.stored_buffer_type);
  Py_CLEAR(state.snapshot_iterator_type);
  Py_CLEAR(state.async_method_type);
  Py_CLEAR(state.async_class_method_type);
  Py_CLEAR(state.bound_method_type);
  Py_CLEAR(state.errand_type);
  Py_CLEAR(state.keys_view);
  Py_CLEAR(state.values_view);
  Py_CLEAR(state.items_view);
  Py_CLEAR(state.wait_stop_type);
  Py_CLEAR(state.wait_function);
  Py_CLEAR(state.wait_change_function);
  Py_CLEAR(state.lock_class);
  Py_CLEAR(state.prepared_value_type);
  Py_CLEAR(state.transaction);
  Py_CLEAR(state.transactions);
  Py_CLEAR(state.transact);
  Py_CLEAR(state.shared_list);
  Py_CLEAR(state.watch_function);
  Py_CLEAR(state.dict_function);
  Py_CLEAR(state.pid_function);
  Py_CLEAR(state.reference_function);
  Py_CLEAR(state.term_function);
  Py_CLEAR(state.atom_function);
  state.names.clear();
  state.values.clear();
  state.known.clear();
  return 0;
}

void free_module(void* module) REQUIRES(attached) { clear(static_cast<PyObject*>(module)); }

PyModuleDef_Slot kSlots[] = {{Py_mod_exec, reinterpret_cast<void*>(execute)},
                             {Py_mod_multiple_interpreters, Py_MOD_PER_INTERPRETER_GIL_SUPPORTED},
                             {0, nullptr}};

PyModuleDef kDefinition = {PyModuleDef_HEAD_INIT,
                           "_erlang",
                           "What the package erlang is made of.",
                           sizeof(ModuleState),
                           kFunctions,
                           kSlots,
                           traverse,
                           clear,
                           free_module};

}  // namespace

PyObject* define_module() { return PyModuleDef_Init(&kDefinition); }

int register_module() { return PyImport_AppendInittab("_erlang", define_module); }

ModuleState& module_state(PyObject* module) { return *static_cast<ModuleState*>(PyModule_GetState(module)); }

ModuleState& state_of(PyObject* object) {
  return *static_cast<ModuleState*>(PyType_GetModuleState(Py_TYPE(object)));
}

}  // namespace pyport::python
