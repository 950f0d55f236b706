// An extension module that is made in one step: its init function gives the module itself.
#include <Python.h>
#include <stdlib.h>

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT, "single_phase", NULL, -1, NULL, NULL, NULL, NULL, NULL};

PyMODINIT_FUNC PyInit_single_phase(void) {
  setenv("PYPORT_EXTENSION_RAN", "yes", 1);
  return PyModule_Create(&definition);
}
