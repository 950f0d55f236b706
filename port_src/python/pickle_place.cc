#include "python/pickle_place.h"

#include <cstdint>
#include <utility>

#include "python/pickle.h"
#include "python/ref.h"

namespace pyport::python {
namespace {

constexpr int kMostTries = 10000;
constexpr std::size_t kMostDepth = 512;
constexpr std::size_t kMostText = 60;  // bytes of one key

std::string utf8_of(PyObject* text) REQUIRES(attached) {
  const Ref bytes = Ref::steal(PyUnicode_AsEncodedString(text, "utf-8", "replace"));
  PyErr_Clear();
  return bytes ? std::string(as_text(bytes_view(bytes.get()))) : "?";
}

std::string shortened(std::string text) {
  if (text.size() <= kMostText) return text;
  std::size_t size = kMostText;
  while (size > 0 && (static_cast<unsigned char>(text[size]) & 0xC0) == 0x80) --size;
  return text.substr(0, size) + "...";
}

std::string repr_of(PyObject* key) REQUIRES(attached) {
  const Ref text = Ref::steal(PyObject_Repr(key));
  PyErr_Clear();
  return text ? shortened(utf8_of(text.get())) : "?";
}

PathStep step_of(PyObject* key) REQUIRES(attached) {
  int overflow = 0;
  if (PyLong_CheckExact(key)) {
    const std::int64_t number = PyLong_AsLongLongAndOverflow(key, &overflow);
    if (overflow == 0) return number;
  }
  if (PyUnicode_CheckExact(key)) return shortened(utf8_of(key));
  return repr_of(key);
}

class Search {
 public:
  explicit Search(const ModuleState& state) : state_(state) {}

  PicklePlace run(PyObject* value) REQUIRES(attached) {
    for (Ref at = Ref::borrow(value); at && place_.path.size() < kMostDepth;) at = failing_part(at.get());
    return std::move(place_);
  }

 private:
  Ref failing_part(PyObject* container) REQUIRES(attached) {
    if (PyDict_CheckExact(container)) return failing_value(container);
    if (!PyList_CheckExact(container) && !PyTuple_CheckExact(container)) return Ref();
    // What is tried may change the list.
    for (Py_ssize_t i = 0; i < PySequence_Fast_GET_SIZE(container); ++i) {
      Ref part = Ref::borrow(PySequence_Fast_GET_ITEM(container, i));
      if (fails(part.get())) {
        place_.path.emplace_back(std::int64_t{i} + 1);
        place_.text += "[" + std::to_string(i) + "]";
        return part;
      }
      if (PyErr_Occurred() != nullptr) break;
    }
    return Ref();
  }

  Ref failing_value(PyObject* dict) REQUIRES(attached) {
    const Ref items = Ref::steal(PyDict_Items(dict));
    for (Py_ssize_t i = 0; items && i < PyList_GET_SIZE(items.get()); ++i) {
      PyObject* const pair = PyList_GET_ITEM(items.get(), i);
      if (fails(PyTuple_GET_ITEM(pair, 1))) {
        PyObject* const key = PyTuple_GET_ITEM(pair, 0);
        place_.path.push_back(step_of(key));
        place_.text += "[" + repr_of(key) + "]";
        return Ref::borrow(PyTuple_GET_ITEM(pair, 1));
      }
      if (PyErr_Occurred() != nullptr) break;
    }
    return Ref();
  }

  bool fails(PyObject* part) REQUIRES(attached) {
    if (++tries_ > kMostTries) return false;
    if (dump_object(state_, part)) return false;
    if (PyErr_ExceptionMatches(PyExc_Exception) == 0) return false;
    PyErr_Clear();
    return true;
  }

  const ModuleState& state_;
  PicklePlace place_;
  int tries_ = 0;
};

// The same arguments but for the first, the message.
bool set_message(PyObject* exception, PyObject* args, const std::string& more) REQUIRES(attached) {
  const Ref message = Ref::steal(PyUnicode_FromFormat("%U%s", PyTuple_GET_ITEM(args, 0), more.c_str()));
  const Ref rest = Ref::steal(PyTuple_GetSlice(args, 1, PyTuple_GET_SIZE(args)));
  const Ref first = message ? Ref::steal(PyTuple_Pack(1, message.get())) : Ref();
  const Ref all = first && rest ? Ref::steal(PySequence_Concat(first.get(), rest.get())) : Ref();
  return all && PyObject_SetAttrString(exception, "args", all.get()) == 0;
}

}  // namespace

PicklePlace find_unpicklable(const ModuleState& state, PyObject* value) { return Search(state).run(value); }

void tell_place(const ModuleState& state, PyObject* value) {
  if (PyErr_ExceptionMatches(PyExc_Exception) == 0) return;
  Ref raised = Ref::steal(PyErr_GetRaisedException());
  const PicklePlace place = find_unpicklable(state, value);
  if (PyErr_Occurred() != nullptr) return;
  const Ref args = Ref::steal(PyObject_GetAttrString(raised.get(), "args"));
  if (!place.text.empty() && args && PyTuple_CheckExact(args.get()) && PyTuple_GET_SIZE(args.get()) > 0 &&
      PyUnicode_Check(PyTuple_GET_ITEM(args.get(), 0)))
    set_message(raised.get(), args.get(), " (in the value at " + place.text + ")");
  PyErr_Clear();
  PyErr_SetRaisedException(raised.release());
}

}  // namespace pyport::python
