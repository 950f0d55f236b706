#include "python/wait_stop.h"

#include <new>

#include "python/attachment.h"

namespace pyport::python {
namespace {

struct WaitStopObject {
  PyObject_HEAD table::WaitStop stop;
  unsigned forks;  // at which it was made: its lock is of no use to a child
};

WaitStopObject& wait_stop(PyObject* self) { return *reinterpret_cast<WaitStopObject*>(self); }

PyObject* create(PyTypeObject* type, PyObject* args, PyObject* names) REQUIRES(attached) {
  static const char* const kNames[] = {nullptr};
  if (!PyArg_ParseTupleAndKeywords(args, names, ":WaitStop", const_cast<char**>(kNames))) return nullptr;
  PyObject* const self = type->tp_alloc(type, 0);
  if (self == nullptr) return nullptr;
  new (&wait_stop(self).stop) table::WaitStop;
  wait_stop(self).forks = Attachment::forks();
  return self;
}

void dealloc(PyObject* self) REQUIRES(attached) {
  PyTypeObject* const type = Py_TYPE(self);
  wait_stop(self).stop.~WaitStop();
  type->tp_free(self);
  Py_DECREF(type);
}

PyObject* stop(PyObject* self, PyObject*) REQUIRES(attached) {
  if (wait_stop(self).forks == Attachment::forks()) wait_stop(self).stop.stop();
  Py_RETURN_NONE;
}

PyObject* stopped(PyObject* self, void*) REQUIRES(attached) {
  return PyBool_FromLong(wait_stop(self).stop.stopped());
}

PyMethodDef kMethods[] = {
    {"stop", stop, METH_NOARGS,
     "stop($self, /)\n--\n\nEnds the wait that was given this, and each that will be. From any thread."},
    {nullptr, nullptr, 0, nullptr}};

PyGetSetDef kAttributes[] = {{"stopped", stopped, nullptr, "True after stop().", nullptr},
                             {nullptr, nullptr, nullptr, nullptr, nullptr}};

PyType_Slot kSlots[] = {{Py_tp_doc, const_cast<char*>("By which one thread ends a wait of another.")},
                        {Py_tp_new, reinterpret_cast<void*>(create)},
                        {Py_tp_dealloc, reinterpret_cast<void*>(dealloc)},
                        {Py_tp_methods, kMethods},
                        {Py_tp_getset, kAttributes},
                        {0, nullptr}};

PyType_Spec kSpec = {"_erlang.WaitStop", sizeof(WaitStopObject), 0,
                     Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE, kSlots};

}  // namespace

bool add_wait_stop(PyObject* module, ModuleState& state) {
  state.wait_stop_type = reinterpret_cast<PyTypeObject*>(PyType_FromModuleAndSpec(module, &kSpec, nullptr));
  return state.wait_stop_type != nullptr && PyModule_AddType(module, state.wait_stop_type) == 0;
}

table::WaitStop* wait_stop_of(const ModuleState& state, PyObject* object) {
  if (Py_IS_TYPE(object, state.wait_stop_type)) return &wait_stop(object).stop;
  PyErr_Format(PyExc_TypeError, "a WaitStop is needed, not %T", object);
  return nullptr;
}

}  // namespace pyport::python
