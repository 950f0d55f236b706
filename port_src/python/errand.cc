#include "python/errand.h"

#include <utility>

#include "python/ref.h"

namespace pyport::python {
namespace {

enum class Stage : std::uint8_t { new_one, under_way, given_up };

}  // namespace

// What stage it is at changes with the GIL held.
struct Errand {
  PyObject_HEAD PyObject* function;
  Stage stage;

  static PyObject* run(PyObject* self, PyObject* const* args, Py_ssize_t count, PyObject* names)
      REQUIRES(attached);
};

bool Errands::raise_if_given_up(PyObject* dict) {
  if (current_->stage != Stage::given_up) return false;
  PyErr_SetString(state_of(dict).interrupted, "nobody waits for this operation any more");
  return true;
}

namespace {

Errand& errand(PyObject* self) { return *reinterpret_cast<Errand*>(self); }

PyObject* create(PyTypeObject* type, PyObject* args, PyObject*) REQUIRES(attached) {
  PyObject* function = nullptr;
  if (!PyArg_ParseTuple(args, "O:Errand", &function)) return nullptr;
  PyObject* const self = type->tp_alloc(type, 0);
  if (self != nullptr) errand(self).function = Py_NewRef(function);
  return self;
}

int traverse(PyObject* self, visitproc visit, void* arg) {
  Py_VISIT(Py_TYPE(self));
  Py_VISIT(errand(self).function);
  return 0;
}

int clear(PyObject* self) REQUIRES(attached) {
  Py_CLEAR(errand(self).function);
  return 0;
}

void dealloc(PyObject* self) REQUIRES(attached) {
  PyTypeObject* const type = Py_TYPE(self);
  PyObject_GC_UnTrack(self);
  clear(self);
  type->tp_free(self);
  Py_DECREF(type);
}

// True when it had begun: whoever wants to know how it ends has to wait for it.
PyObject* give_up(PyObject* self, PyObject*) REQUIRES(attached) {
  return PyBool_FromLong(std::exchange(errand(self).stage, Stage::given_up) == Stage::under_way ? 1 : 0);
}

}  // namespace

PyObject* Errand::run(PyObject* self, PyObject* const* args, Py_ssize_t count, PyObject* names) {
  Errand& mine = errand(self);
  if (mine.stage != Stage::new_one) {
    PyErr_SetString(state_of(self).interrupted, "this errand was run before, or given up");
    return nullptr;
  }
  mine.stage = Stage::under_way;
  const Errand* const before = std::exchange(Errands::current_, &mine);
  PyObject* const outcome = PyObject_Vectorcall(mine.function, args, static_cast<std::size_t>(count), names);
  Errands::current_ = before;
  return outcome;
}

namespace {

PyMethodDef kMethods[] = {
    {"run", reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(Errand::run)),
     METH_FASTCALL | METH_KEYWORDS,
     "run($self, /, *args, **names)\n--\n\nCalls the function. Raises Interrupted if it was given up "
     "before."},
    {"give_up", give_up, METH_NOARGS,
     "give_up($self, /)\n--\n\nNobody waits for it any more. True when it had begun; else it never will."},
    {nullptr, nullptr, 0, nullptr}};

PyType_Slot kSlots[] = {
    {Py_tp_doc, const_cast<char*>("Errand(function)\n--\n\nA call that may be given up.")},
    {Py_tp_new, reinterpret_cast<void*>(create)},
    {Py_tp_dealloc, reinterpret_cast<void*>(dealloc)},
    {Py_tp_traverse, reinterpret_cast<void*>(traverse)},
    {Py_tp_clear, reinterpret_cast<void*>(clear)},
    {Py_tp_methods, kMethods},
    {0, nullptr}};

PyType_Spec kSpec = {"_erlang.Errand", sizeof(Errand), 0,
                     Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_IMMUTABLETYPE, kSlots};

}  // namespace

bool add_errand(PyObject* module, ModuleState& state) {
  state.errand_type = reinterpret_cast<PyTypeObject*>(PyType_FromModuleAndSpec(module, &kSpec, nullptr));
  return state.errand_type != nullptr &&
         PyModule_AddObjectRef(module, "Errand", reinterpret_cast<PyObject*>(state.errand_type)) == 0;
}

}  // namespace pyport::python
