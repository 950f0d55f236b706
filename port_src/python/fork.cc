#include "python/fork.h"

#include <unistd.h>

#include <atomic>
#include <utility>

#include "python/ref.h"

namespace pyport::python {
namespace {

std::atomic<bool> forked{false};

// Set once, before the first fork; never destroyed.
std::function<void()>& callback_of_child() {
  static auto* const callback = new std::function<void()>;
  return *callback;
}

PyObject* begin_child(PyObject*, PyObject*) {
  forked.store(true);
  if (callback_of_child()) callback_of_child()();
  Py_RETURN_NONE;
}

PyMethodDef begin_child_method = {"begin_child", begin_child, METH_NOARGS, nullptr};

}  // namespace

bool call_in_forked_children(std::function<void()> callback) {
  callback_of_child() = std::move(callback);
  const Ref os = Ref::steal(PyImport_ImportModule("os"));
  const Ref function = Ref::steal(PyCFunction_New(&begin_child_method, nullptr));
  const Ref hook = os ? Ref::steal(PyObject_GetAttrString(os.get(), "register_at_fork")) : Ref();
  const Ref none = Ref::steal(PyTuple_New(0));
  const Ref named = Ref::steal(PyDict_New());
  if (!hook || !function || !none || !named) return false;
  if (PyDict_SetItemString(named.get(), "after_in_child", function.get()) != 0) return false;
  return static_cast<bool>(Ref::steal(PyObject_Call(hook.get(), none.get(), named.get())));
}

bool in_forked_child() { return forked.load(); }

void end_forked_child(bool good) { _exit(good ? 0 : 1); }

}  // namespace pyport::python
