// The module `_erlang`: what the Python package `erlang` is made of. It is built into the port program, and
// built a second time as an extension file, for Python processes that the port program has no part in
// (extension.cc).
//
// It lives once an interpreter, with state of its own in each: no PyObject is static.
//
// Thread safety: REQUIRES an attached thread state but for register_module and define_module.
#pragma once

#include <cstddef>

#include "python/gil.h"
#include "python/known_values.h"
#include "python/name_cache.h"
#include "python/value_cache.h"
#include "python/waits.h"

namespace pyport::python {

struct ModuleState {
  std::size_t interpreter;    // from 1; 0 in the main interpreter
  PyObject* dumps;            // _pickle.dumps
  PyObject* loads;            // _pickle.loads
  PyObject* protocol;         // the int 5
  PyObject* buffer_callback;  // ("buffer_callback",)
  PyObject* buffers_keyword;  // ("buffers",)
  PyObject* interrupted;      // erlang.Interrupted

  PyTypeObject* shared_dict_type;
  PyTypeObject* shared_cell_type;
  PyTypeObject* table_type;
  PyTypeObject* pid_type;
  PyTypeObject* reference_type;
  PyTypeObject* term_type;
  PyTypeObject* atom_type;
  PyTypeObject* stored_buffer_type;
  PyTypeObject* snapshot_iterator_type;
  PyTypeObject* wait_stop_type;
  PyTypeObject* async_method_type;
  PyTypeObject* async_class_method_type;
  PyTypeObject* bound_method_type;
  PyTypeObject* errand_type;
  PyTypeObject* prepared_value_type;

  // The functions that pickles of our objects call, by which they reduce themselves.
  PyObject* dict_function;
  PyObject* pid_function;
  PyObject* reference_function;
  PyObject* term_function;
  PyObject* atom_function;

  // Of erlang._views; null until they are asked for.
  PyObject* keys_view;
  PyObject* values_view;
  PyObject* items_view;
  // Of erlang._wait; null until they are called.
  PyObject* wait_function;
  PyObject* wait_change_function;
  PyObject* lock_class;      // of erlang._lease
  PyObject* watch_function;  // of erlang._watch

  mutable Waits waits;
  // Of erlang._transaction; null until they are asked for.
  PyObject* transaction;
  PyObject* transactions;
  PyObject* transact;

  // Of erlang._shared_list; null until it is asked for.
  mutable PyObject* shared_list;

  // Of what does not change.
  mutable NameCache names;
  mutable ValueCache values;
  mutable KnownValues known;
};

// The module's definition, as an extension's init function gives it to the import system.
PyObject* define_module();

// Makes `_erlang` importable. REQUIRES: before Python is initialised. Non-zero: no memory.
int register_module();

ModuleState& module_state(PyObject* module) REQUIRES(attached);
// The state that an object of one of our types belongs to (none of them can be subclassed in Python).
ModuleState& state_of(PyObject* object) REQUIRES(attached);

}  // namespace pyport::python
