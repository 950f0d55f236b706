#include "python/dict_key.h"

#include "base/utf8.h"
#include "python/pickle.h"

namespace pyport::python {
namespace {

std::optional<table::KeyView> text_key(PyObject* key) REQUIRES(attached) {
  Py_ssize_t size = 0;
  const char* const text = PyUnicode_AsUTF8AndSize(key, &size);
  if (text == nullptr) return std::nullopt;  // UnicodeEncodeError, a ValueError
  return as_bytes({text, static_cast<std::size_t>(size)});
}

std::optional<table::KeyView> int_key(PyObject* key) REQUIRES(attached) {
  int overflow = 0;
  const long long value = PyLong_AsLongLongAndOverflow(key, &overflow);
  if (overflow != 0) {
    PyErr_SetString(PyExc_OverflowError, "SharedDict keys that are int must fit into 64 bits");
    return std::nullopt;
  }
  if (value == -1 && PyErr_Occurred() != nullptr) return std::nullopt;
  return std::int64_t{value};
}

}  // namespace

std::optional<table::KeyView> key_view(PyObject* key) {
  if (PyUnicode_Check(key)) return text_key(key);
  if (PyBytes_Check(key)) return bytes_view(key);
  if (PyLong_Check(key) && !PyBool_Check(key)) return int_key(key);
  PyErr_Format(PyExc_TypeError, "SharedDict keys must be str, bytes or int, not %T", key);
  return std::nullopt;
}

Ref key_object(const table::Key& key) {
  if (const auto* number = std::get_if<std::int64_t>(&key)) return Ref::steal(PyLong_FromLongLong(*number));
  const std::string& text = std::get<std::string>(key);
  const auto size = static_cast<Py_ssize_t>(text.size());
  if (is_utf8(as_bytes(text))) return Ref::steal(PyUnicode_DecodeUTF8(text.data(), size, nullptr));
  return Ref::steal(PyBytes_FromStringAndSize(text.data(), size));
}

}  // namespace pyport::python
