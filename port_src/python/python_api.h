// Python.h, included one way everywhere, and the versions that pyport is made for.
#pragma once

#ifndef PY_SSIZE_T_CLEAN
#define PY_SSIZE_T_CLEAN
#endif
#include <Python.h>

#if PY_VERSION_HEX < 0x030D0000
#error "pyport needs CPython 3.13 or newer: older ones crash under interpreters with a GIL each"
#endif
#ifdef Py_GIL_DISABLED
#error "pyport needs a CPython with the GIL"
#endif
