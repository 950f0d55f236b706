#include "python/named_dicts.h"

#include <cmath>
#include <string>
#include <string_view>
#include <vector>

#include "python/context.h"
#include "python/module.h"
#include "python/nesting.h"
#include "python/new_handle.h"
#include "python/raise.h"
#include "python/ref.h"
#include "python/shared_dict.h"
#include "python/table_use.h"

namespace pyport::python {
namespace {

using table::Table;

constexpr double kNanoseconds = 1e9;
constexpr double kMostSeconds = 9e9;  // what 64 bits of nanoseconds have room for, and all that anybody needs

const ModuleState& state_of_type(PyObject* type) REQUIRES(attached) {
  return *static_cast<const ModuleState*>(PyType_GetModuleState(reinterpret_cast<PyTypeObject*>(type)));
}

// The name's UTF-8. Nothing with an exception set.
std::optional<std::string> name_of(PyObject* given) REQUIRES(attached) {
  if (!PyUnicode_Check(given)) {
    PyErr_Format(PyExc_TypeError, "the name of a dict is a str, not %T", given);
    return std::nullopt;
  }
  Py_ssize_t size = 0;
  const char* const utf8 = PyUnicode_AsUTF8AndSize(given, &size);
  if (utf8 == nullptr) return std::nullopt;
  std::string name(utf8, static_cast<std::size_t>(size));
  if (table::is_dict_name(name)) return name;
  PyErr_Format(PyExc_ValueError, "the name of a dict has 1 to 64 bytes, none of them a control character: %R",
               given);
  return std::nullopt;
}

bool is_size(PyObject* given, std::uint64_t& size) REQUIRES(attached) {
  if (given == nullptr || given == Py_None) return true;
  if (!PyLong_Check(given)) {
    PyErr_Format(PyExc_TypeError, "max_value_bytes must be None or an int, not %T", given);
    return false;
  }
  const unsigned long long value = PyLong_AsUnsignedLongLong(given);
  if (PyErr_Occurred() != nullptr || value == 0) {
    PyErr_Format(PyExc_ValueError, "max_value_bytes must be from 1 to 2**64 - 1, not %R", given);
    return false;
  }
  size = value;
  return true;
}

bool is_life(PyObject* ttl, PyObject* idle, table::NewDict& wanted) REQUIRES(attached) {
  const bool has_ttl = ttl != nullptr && ttl != Py_None;
  wanted.idle = idle != nullptr && idle != Py_None;
  if (has_ttl && wanted.idle) {
    PyErr_SetString(PyExc_ValueError, "the keys of a dict have a ttl or an idle time, not both");
    return false;
  }
  if (has_ttl) return is_lifetime(ttl, "ttl", wanted.ttl);
  return !wanted.idle || is_lifetime(idle, "idle", wanted.ttl);
}

PyObject* raise_missing(PyObject* name) REQUIRES(attached) {
  PyErr_Format(PyExc_KeyError, "no dict of the name %R", name);
  return nullptr;
}

// What an operation on the table of `given` gives, with the GIL let go.
template <class Operation>
auto on(const SharedUse& use, const Operation& operation) REQUIRES(attached) {
  using Found = std::optional<std::invoke_result_t<Operation, Table&>>;
  Table* const table = use ? table_of(use) : nullptr;
  if (table == nullptr) return Found();
  const Detached scope;
  return Found(operation(*table));
}

}  // namespace

bool is_lifetime(PyObject* seconds, const char* name, std::uint64_t& nanoseconds) {
  const double value = PyFloat_AsDouble(seconds);
  if (value == -1.0 && PyErr_Occurred() != nullptr) return false;
  if (!(value > 0)) {
    PyErr_Format(PyExc_ValueError, "%s must be a positive number of seconds, not %R", name, seconds);
    return false;
  }
  nanoseconds = value >= kMostSeconds ? 0 : static_cast<std::uint64_t>(std::ceil(value * kNanoseconds));
  return true;
}

PyObject* dict_from_name(PyObject* type, PyObject* args, PyObject* names) {
  static const char* const kNames[] = {"",     "create_if_missing", "ttl", "idle", "max_value_bytes", "table",
                                       nullptr};
  PyObject *given = nullptr, *ttl = nullptr, *idle = nullptr, *most = nullptr, *in = nullptr;
  int create = 0;
  if (!PyArg_ParseTupleAndKeywords(args, names, "O|p$OOOO:from_name", const_cast<char**>(kNames), &given,
                                   &create, &ttl, &idle, &most, &in))
    return nullptr;
  const auto name = name_of(given);
  table::NewDict wanted;
  if (!name || !is_life(ttl, idle, wanted) || !is_size(most, wanted.max_value_bytes)) return nullptr;
  const ModuleState& state = state_of_type(type);
  const SharedUse use = use_for_new(state, in);
  const table::Handle fresh = random_handle();
  const auto opened = on(use, [&](Table& table) {
    return with_room(
        table, [&] { return table.open(*name, create != 0 ? std::optional(wanted) : std::nullopt, fresh); });
  });
  if (!opened) return nullptr;
  if (!opened->ok())
    return opened->error().code == Errc::gone ? raise_missing(given) : raise(opened->error());
  return make_shared_dict(state.shared_dict_type, use, (*opened)->handle, node_of_table(use));
}

PyObject* dict_names(PyObject* type, PyObject* args, PyObject* names) {
  static const char* const kNames[] = {"table", nullptr};
  PyObject* in = nullptr;
  if (!PyArg_ParseTupleAndKeywords(args, names, "|$O:names", const_cast<char**>(kNames), &in)) return nullptr;
  const auto all = on(use_for_new(state_of_type(type), in), [](Table& table) { return table.names(); });
  if (!all) return nullptr;
  if (!all->ok()) return raise(all->error());
  Ref list = Ref::steal(PyList_New(0));
  for (const table::Named& named : **all) {
    const Ref name = list ? Ref::steal(PyUnicode_FromStringAndSize(
                                named.name.data(), static_cast<Py_ssize_t>(named.name.size())))
                          : Ref();
    if (!name || PyList_Append(list.get(), name.get()) != 0) return nullptr;
  }
  return list.release();
}

PyObject* dict_delete_name(PyObject* type, PyObject* args, PyObject* names) {
  static const char* const kNames[] = {"", "allow_missing", "table", nullptr};
  PyObject *given = nullptr, *in = nullptr;
  int allow_missing = 0;
  if (!PyArg_ParseTupleAndKeywords(args, names, "O|$pO:delete", const_cast<char**>(kNames), &given,
                                   &allow_missing, &in))
    return nullptr;
  const auto name = name_of(given);
  if (!name) return nullptr;
  const auto removed = on(use_for_new(state_of_type(type), in), [&](Table& table) {
    Result<bool> done = table.remove_name(*name);
    if (context().sink == nullptr) tidy(table);
    return done;
  });
  if (!removed) return nullptr;
  if (!removed->ok()) return raise(removed->error());
  if (!**removed && allow_missing == 0) return raise_missing(given);
  Py_RETURN_NONE;
}

}  // namespace pyport::python
