#include "python/log_function.h"

#include <string>
#include <string_view>

#include "python/context.h"
#include "python/module.h"
#include "python/pickle.h"
#include "python/ref.h"

namespace pyport::python {
namespace {

// The longest front of `text` that fits and ends between characters. REQUIRES: text is UTF-8.
std::string_view piece_of(std::string_view text) {
  auto size = static_cast<std::size_t>(kMaxLogBytes);
  if (text.size() <= size) return text;
  while ((static_cast<unsigned char>(text[size]) & 0xC0) == 0x80) --size;  // a continuation byte
  return text.substr(0, size);
}

Ref encoded(PyObject* text) REQUIRES(attached) {
  return Ref::steal(PyUnicode_AsEncodedString(text, "utf-8", "backslashreplace"));
}

void send(LogRecord record, std::string_view text) REQUIRES(attached) {
  const Detached scope;
  do {
    const std::string_view piece = piece_of(text);
    text.remove_prefix(piece.size());
    record.text = piece;
    context().sink->log(record);
  } while (!text.empty());
}

bool small_number(PyObject* object, long max, std::uint8_t& number) REQUIRES(attached) {
  const long value = PyLong_AsLong(object);
  if (value >= 0 && value <= max) {
    number = static_cast<std::uint8_t>(value);
    return true;
  }
  if (PyErr_Occurred() == nullptr) PyErr_SetString(PyExc_ValueError, "no such stream or level");
  return false;
}

}  // namespace

PyObject* log_function(PyObject* module, PyObject* const* args, Py_ssize_t count) {
  std::uint8_t stream = 0, level = 0;
  if (count != 4 || !PyUnicode_Check(args[2]) || !PyUnicode_Check(args[3])) {
    PyErr_SetString(PyExc_TypeError, "log() takes stream, level, logger and text");
    return nullptr;
  }
  if (!small_number(args[0], 2, stream) || !small_number(args[1], 5, level)) return nullptr;
  const Ref logger = encoded(args[2]), text = encoded(args[3]);
  if (!logger || !text) return nullptr;
  LogRecord record{static_cast<LogStream>(stream),
                   static_cast<LogLevel>(level),
                   std::string(as_text(bytes_view(logger.get()))),
                   module_state(module).interpreter,
                   {}};
  send(std::move(record), as_text(bytes_view(text.get())));
  Py_RETURN_NONE;
}

}  // namespace pyport::python
