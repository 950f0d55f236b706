// Extension modules for import_guard_test.cc: one file that is linked under the name of each.
#include <Python.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

static PyObject* answer(PyObject* self, PyObject* unused) {
  (void)self, (void)unused;
  return PyLong_FromLong(42);
}
static PyMethodDef functions[] = {{"answer", answer, METH_NOARGS, NULL}, {NULL, NULL, 0, NULL}};

// For the test to see whether any of this ran in its own process.
static void leave_mark(void) { setenv("PYPORT_EXTENSION_RAN", "yes", 1); }

static PyModuleDef_Slot own_gil[] = {{Py_mod_multiple_interpreters, Py_MOD_PER_INTERPRETER_GIL_SUPPORTED},
                                     {0, NULL}};
static PyModuleDef_Slot shared_gil[] = {
    {Py_mod_multiple_interpreters, Py_MOD_MULTIPLE_INTERPRETERS_SUPPORTED}, {0, NULL}};
static PyModuleDef_Slot none[] = {{0, NULL}};

#define DEFINITION(name, slots)            \
  static PyModuleDef name##_definition = { \
      PyModuleDef_HEAD_INIT, #name, NULL, 0, functions, slots, NULL, NULL, NULL};
DEFINITION(declares, own_gil)
DEFINITION(shares_gil, shared_gil)
DEFINITION(says_nothing, none)
DEFINITION(has_no_slots, NULL)

PyMODINIT_FUNC PyInit_declares(void) { return PyModuleDef_Init(&declares_definition); }
PyMODINIT_FUNC PyInit_shares_gil(void) {
  leave_mark();
  return PyModuleDef_Init(&shares_gil_definition);
}
PyMODINIT_FUNC PyInit_says_nothing(void) {
  leave_mark();
  return PyModuleDef_Init(&says_nothing_definition);
}
PyMODINIT_FUNC PyInit_has_no_slots(void) {
  leave_mark();
  return PyModuleDef_Init(&has_no_slots_definition);
}

// Ends the process in CPython 3.13 when an interpreter with a GIL of its own imports it.
PyMODINIT_FUNC PyInit_raises(void) {
  leave_mark();
  PyErr_SetString(PyExc_ImportError, "no luck\nat all");
  return NULL;
}

PyMODINIT_FUNC PyInit_crashes(void) {
  leave_mark();
  raise(SIGSEGV);
  return NULL;
}

PyMODINIT_FUNC PyInit_lies(void) {
  leave_mark();
  puts("declared");
  fflush(stdout);
  return PyModuleDef_Init(&says_nothing_definition);
}
