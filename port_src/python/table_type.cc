#include "python/table_type.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <new>
#include <utility>

#include "python/dict_name.h"
#include "python/nesting.h"
#include "python/new_handle.h"
#include "python/pickle.h"
#include "python/raise.h"
#include "python/ref.h"
#include "python/shared_dict.h"
#include "python/table_use.h"

namespace pyport::python {
namespace {

using table::Table;

// Constant after construction.
struct TableObject {
  PyObject_HEAD SharedUse use;  // never null
};

const SharedUse& use_of(PyObject* self) { return reinterpret_cast<TableObject*>(self)->use; }
const std::string& path_of(PyObject* self) { return use_of(self)->attachment->path(); }

Ref text_of(const std::string& path) REQUIRES(attached) {
  return Ref::steal(PyUnicode_DecodeFSDefaultAndSize(path.data(), static_cast<Py_ssize_t>(path.size())));
}

std::nullptr_t raise_errno(int number, const std::string& path) REQUIRES(attached) {
  const Ref name = text_of(path);
  errno = number;
  if (name) PyErr_SetFromErrnoWithFilenameObject(PyExc_OSError, name.get());
  return nullptr;
}

// The table says which file it is about.
std::nullptr_t raise_os_error(const Error& error) REQUIRES(attached) {
  PyErr_SetString(PyExc_OSError, error.detail.c_str());
  return nullptr;
}

// What the operating system says of the file, else what the table says.
std::nullptr_t raise_attach(const Error& error, const std::string& path) REQUIRES(attached) {
  const int file = ::open(path.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW);
  if (file < 0) return raise_errno(errno, path);
  close(file);
  return raise_os_error(error);
}

std::nullptr_t raise_create(const Error& error, const std::string& path) REQUIRES(attached) {
  if (error.code == Errc::exists) return raise_errno(EEXIST, path);
  if (error.code == Errc::table_full) {
    raise(error);
    return nullptr;
  }
  if (error.detail.starts_with("max_")) {
    PyErr_SetString(PyExc_ValueError, error.detail.c_str());
    return nullptr;
  }
  const std::string folder = path.substr(0, path.rfind('/') + 1);
  return access(folder.c_str(), W_OK | X_OK) == 0 ? raise_os_error(error) : raise_errno(errno, path);
}

// The path that a str or an os.PathLike means. Empty with an exception set.
std::string given_path(PyObject* given) REQUIRES(attached) {
  PyObject* encoded = nullptr;
  if (PyUnicode_FSConverter(given, &encoded) == 0) return {};
  const Ref bytes = Ref::steal(encoded);
  if (PyBytes_GET_SIZE(encoded) != 0) return table_path(as_text(bytes_view(encoded)));
  PyErr_SetString(PyExc_ValueError, "the name of a table must not be empty");
  return {};
}

// For PyArg_Parse's O&: None leaves the limit as it is.
int convert_limit(PyObject* object, void* limit) REQUIRES(attached) {
  if (object == Py_None) return 1;
  const unsigned long long value = PyLong_AsUnsignedLongLong(object);
  if (value == static_cast<unsigned long long>(-1) && PyErr_Occurred() != nullptr) return 0;
  if (value == 0) {
    PyErr_SetString(PyExc_ValueError, "a limit must be at least 1");
    return 0;
  }
  *static_cast<std::uint64_t*>(limit) = value;
  return 1;
}

PyObject* make(PyTypeObject* type, SharedUse use) REQUIRES(attached) {
  PyObject* const self = type->tp_alloc(type, 0);
  if (self != nullptr) new (&reinterpret_cast<TableObject*>(self)->use) SharedUse(std::move(use));
  return self;
}

void dealloc(PyObject* self) REQUIRES(attached) {
  PyTypeObject* const type = Py_TYPE(self);
  reinterpret_cast<TableObject*>(self)->use.~SharedUse();
  type->tp_free(self);
  Py_DECREF(type);
}

PyObject* create(PyObject* type, PyObject* args, PyObject* kwargs) REQUIRES(attached) {
  static const char* const kNames[] = {"path",          "max_table_bytes", "max_dict_bytes", "max_dict_keys",
                                       "max_key_bytes", "max_dicts",       nullptr};
  PyObject* given = Py_None;
  table::Limits limits;
  if (!PyArg_ParseTupleAndKeywords(args, kwargs, "|O$O&O&O&O&O&:create", const_cast<char**>(kNames), &given,
                                   convert_limit, &limits.max_table_bytes, convert_limit,
                                   &limits.max_dict_bytes, convert_limit, &limits.max_dict_keys,
                                   convert_limit, &limits.max_key_bytes, convert_limit, &limits.max_dicts))
    return nullptr;
  const std::string path =
      given == Py_None ? table_path("erlang-" + hex_of(random_handle()).substr(16)) : given_path(given);
  if (path.empty()) return nullptr;
  Result<std::shared_ptr<Attachment>> made = [&]() REQUIRES(attached) {
    const Detached scope;
    return Attachment::create(path, limits);
  }();
  if (!made) return raise_create(made.error(), path);
  return make(reinterpret_cast<PyTypeObject*>(type), std::make_shared<TableUse>(*std::move(made)));
}

PyObject* attach(PyObject* type, PyObject* given) REQUIRES(attached) {
  const std::string path = given_path(given);
  if (path.empty()) return nullptr;
  SharedUse use = attach_table(path);
  return use ? make(reinterpret_cast<PyTypeObject*>(type), std::move(use)) : nullptr;
}

PyObject* lasting_dict(PyObject* self, PyObject*) REQUIRES(attached) {
  const SharedUse& use = use_of(self);
  Table* const table = table_of(use);
  if (table == nullptr) return nullptr;
  const table::Handle handle = random_handle();
  const Status made = [&]() REQUIRES(attached) {
    const Detached scope;
    table->sweep();
    return with_room(*table, [&] { return table->create(handle); });
  }();
  if (!made) return raise(made.error());
  return make_shared_dict(state_of(self).shared_dict_type, use, handle, {});
}

PyObject* dicts(PyObject* self, PyObject*) REQUIRES(attached) {
  const SharedUse& use = use_of(self);
  const Table* const table = table_of(use);
  if (table == nullptr) return nullptr;
  const std::vector<table::Handle> handles = [&]() REQUIRES(attached) {
    const Detached scope;
    return table->handles();
  }();
  Ref list = Ref::steal(PyList_New(static_cast<Py_ssize_t>(handles.size())));
  for (std::size_t i = 0; list && i < handles.size(); ++i) {
    Ref dict = as_user_sees(
        state_of(self), Ref::steal(make_shared_dict(state_of(self).shared_dict_type, use, handles[i], {})));
    if (!dict) return nullptr;
    PyList_SET_ITEM(list.get(), static_cast<Py_ssize_t>(i), dict.release());
  }
  return list.release();
}

PyObject* info(PyObject* self, PyObject*) REQUIRES(attached) {
  Table* const table = table_of(use_of(self));
  if (table == nullptr) return nullptr;
  const table::TableStats stats = [&]() REQUIRES(attached) {
    const Detached scope;
    tidy(*table);
    return table->stats();
  }();
  return Py_BuildValue("{sKsKsKsKsKsKsKsKsK}", "dicts", stats.dicts, "keys", stats.keys, "bytes", stats.bytes,
                       "used", stats.used, "free", stats.free, "pinned", stats.pinned, "repairs",
                       stats.repairs, "processes", stats.processes, "file_bytes", stats.file_bytes);
}

PyObject* close_table(PyObject* self, PyObject*) REQUIRES(attached) {
  use_of(self)->closed = true;
  state_of(self).waits.stop_of_use(*use_of(self));
  Py_RETURN_NONE;
}

PyObject* enter(PyObject* self, PyObject*) REQUIRES(attached) {
  return table_of(use_of(self)) == nullptr ? nullptr : Py_NewRef(self);
}

PyObject* leave(PyObject* self, PyObject*) REQUIRES(attached) { return close_table(self, nullptr); }

PyObject* unlink_file(PyObject* self, PyObject*) REQUIRES(attached) {
  const std::string& path = path_of(self);
  if (unlink(path.c_str()) != 0) return raise_errno(errno, path);
  Py_RETURN_NONE;
}

PyObject* reduce(PyObject* self, PyObject*) REQUIRES(attached) {
  const Ref function =
      Ref::steal(PyObject_GetAttrString(reinterpret_cast<PyObject*>(Py_TYPE(self)), "attach"));
  const Ref path = text_of(path_of(self));
  return function && path ? Py_BuildValue("O(O)", function.get(), path.get()) : nullptr;
}

PyObject* repr(PyObject* self) REQUIRES(attached) {
  const Ref path = text_of(path_of(self));
  const char* const state = use_of(self)->closed ? ", closed" : "";
  return path ? PyUnicode_FromFormat("<Table %R%s>", path.get(), state) : nullptr;
}

PyObject* get_path(PyObject* self, void*) REQUIRES(attached) { return text_of(path_of(self)).release(); }

PyObject* get_closed(PyObject* self, void*) REQUIRES(attached) {
  return PyBool_FromLong(use_of(self)->closed);
}

constexpr char kDoc[] =
    "A table of SharedDicts in a file of shared memory, for all processes of the same user.\n\n"
    "Made by Table.create() or Table.attach(). It may be an Erlang node's. As a context manager it closes "
    "itself.";

PyMethodDef kMethods[] = {
    {"create", reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(create)),
     METH_VARARGS | METH_KEYWORDS | METH_CLASS,
     "create($type, /, path=None, *, max_table_bytes=8589934592, max_dict_bytes=None, max_dict_keys=None,\n"
     "       max_key_bytes=None, max_dicts=None)\n--\n\n"
     "Makes a table's file, mode 0600, and attaches to it.\n\n"
     "path: a name without a slash is a file in /dev/shm; without any, a random name is made up.\n"
     "The limits hold for all that attach; when one is reached, MemoryError tells which.\n\n"
     "Raises FileExistsError when there is such a file, MemoryError when there is no room for it, OSError\n"
     "when it cannot be made for another reason."},
    {"attach", attach, METH_O | METH_CLASS,
     "attach($type, path, /)\n--\n\nAttaches to a table's file that is there.\n\n"
     "Raises FileNotFoundError, PermissionError, or another OSError when the file is no table, is of "
     "another\n"
     "version or of another pid namespace, or when too many processes have attached."},
    {"dict", lasting_dict, METH_NOARGS,
     "dict($self, /)\n--\n\nA new, empty SharedDict. It lasts until somebody destroys it.\n\n"
     "Raises MemoryError when a limit of the table is reached."},
    {"dicts", dicts, METH_NOARGS, "dicts($self, /)\n--\n\nAll SharedDicts of the table, in no order."},
    {"info", info, METH_NOARGS,
     "info($self, /)\n--\n\nWhat the table holds, as a dict of ints: dicts, keys, bytes (of keys and "
     "values), used,\n"
     "free (bytes of the file), pinned (values that readers hold in place), repairs (what dead processes "
     "left),\n"
     "processes, file_bytes."},
    {"close", close_table, METH_NOARGS,
     "close($self, /)\n--\n\nEnds the use of the table by this object and by the SharedDicts that came from "
     "it: they raise\n"
     "ValueError from then on. The file stays, and so do other uses of it. The memory is unmapped with the\n"
     "last such object. Doing so again changes nothing."},
    {"unlink", unlink_file, METH_NOARGS,
     "unlink($self, /)\n--\n\nRemoves the file. Nobody can attach any more; those who have go on until they "
     "are done."},
    {"__enter__", enter, METH_NOARGS, nullptr},
    {"__exit__", leave, METH_VARARGS, nullptr},
    {"__reduce__", reduce, METH_NOARGS, "Pickles as the path: the copy attaches to the same file."},
    {nullptr, nullptr, 0, nullptr}};

PyGetSetDef kAttributes[] = {{"path", get_path, nullptr, "The absolute path of the file.", nullptr},
                             {"closed", get_closed, nullptr, "True after close().", nullptr},
                             {nullptr, nullptr, nullptr, nullptr, nullptr}};

PyType_Slot kSlots[] = {{Py_tp_doc, const_cast<char*>(kDoc)},
                        {Py_tp_dealloc, reinterpret_cast<void*>(dealloc)},
                        {Py_tp_methods, kMethods},
                        {Py_tp_getset, kAttributes},
                        {Py_tp_repr, reinterpret_cast<void*>(repr)},
                        {0, nullptr}};

PyType_Spec kSpec = {"erlang.Table", sizeof(TableObject), 0,
                     Py_TPFLAGS_DEFAULT | Py_TPFLAGS_IMMUTABLETYPE | Py_TPFLAGS_DISALLOW_INSTANTIATION,
                     kSlots};

}  // namespace

bool add_table_type(PyObject* module, ModuleState& state) {
  state.table_type = reinterpret_cast<PyTypeObject*>(PyType_FromModuleAndSpec(module, &kSpec, nullptr));
  return state.table_type != nullptr && PyModule_AddType(module, state.table_type) == 0;
}

SharedUse use_of_table(PyObject* table) { return use_of(table); }

SharedUse attach_table(const std::string& path) {
  Result<std::shared_ptr<Attachment>> made = [&]() REQUIRES(attached) {
    const Detached scope;
    return Attachment::open(path);
  }();
  if (!made) return raise_attach(made.error(), path);
  return std::make_shared<TableUse>(*std::move(made));
}

}  // namespace pyport::python
