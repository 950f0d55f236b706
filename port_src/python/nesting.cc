#include "python/nesting.h"

#include <utility>

#include "python/attachments.h"
#include "python/context.h"
#include "python/dict_key.h"
#include "python/letting_go.h"
#include "python/new_handle.h"
#include "python/pickle.h"
#include "python/raise.h"
#include "python/shared_dict.h"
#include "python/shared_dict_many.h"
#include "python/shared_dict_store.h"
#include "python/table_type.h"
#include "value/stored.h"

namespace pyport::python {
namespace {

using table::Adoption;
using table::Expect;
using table::Handle;
using table::Table;

// The class of SharedLists; borrowed. Null with an exception set.
PyObject* list_class(const ModuleState& state) REQUIRES(attached) {
  if (state.shared_list != nullptr) return state.shared_list;
  const Ref module = Ref::steal(PyImport_ImportModule("erlang._shared_list"));
  if (!module) return nullptr;
  // Importing may have asked for it as well.
  PyObject* const found = PyObject_GetAttrString(module.get(), "SharedList");
  if (state.shared_list == nullptr) {
    state.shared_list = found;
  } else {
    Py_XDECREF(found);
  }
  return state.shared_list;
}

// What the table keeps of a child, and what other readers unpickle. Empty with an exception set.
Bytes stored_child(PyObject* self, const Handle& child, std::string node) REQUIRES(attached) {
  const SharedDictObject& parent = shared_dict(self);
  if (node.empty()) node = node_of(self);
  const Ref named = Ref::steal(make_shared_dict(Py_TYPE(self), parent.use, child, node));
  const Ref pickle = named ? dump_object(state_of(self), named.get(), parent.use) : Ref();
  return pickle ? value::child_value(child, !node.empty(), bytes_view(pickle.get())) : Bytes();
}

// The value there names this very child.
bool lies_there(Table& table, const Handle& parent, const Handle& child, const Place& place) {
  if (place.among != nullptr) return std::erase(*place.among, child) != 0;
  if (place.key == nullptr && !place.index) return false;
  const Result<table::Blob> there =
      place.key != nullptr ? table.get(parent, *place.key) : table.get_at(parent, *place.index);
  return there.ok() && *there && table::child_in(there->tag(), there->bytes()) == child;
}

// Whether it is a child from now on, and whether it was made so just now.
struct Adopted {
  Result<Adoption> outcome;
  bool is_child;
};

Adopted adopt(Table& table, const Handle& child, const Handle& parent, const Place& place) {
  Result<Adoption> outcome = table.adopt(child, parent);
  const bool is_child =
      outcome.ok() && (*outcome == Adoption::adopted ||
                       (*outcome == Adoption::already && lies_there(table, parent, child, place)));
  return {std::move(outcome), is_child};
}

}  // namespace

Ref dict_under(const ModuleState& state, PyObject* value) {
  PyTypeObject* const type = Py_TYPE(value);
  if (type == state.shared_dict_type) return Ref::borrow(value);
  // The name spares most the import.
  if (std::string_view(type->tp_name) != "SharedList") return Ref();
  if (reinterpret_cast<PyObject*>(type) != list_class(state)) {
    PyErr_Clear();
    return Ref();
  }
  return Ref::steal(PyObject_GetAttrString(value, "_dict"));
}

Ref as_user_sees(const ModuleState& state, Ref dict) {
  if (!dict || !is_list_handle(shared_dict(dict.get()).handle)) return dict;
  PyObject* const type = list_class(state);
  return type == nullptr ? Ref() : Ref::steal(PyObject_CallOneArg(type, dict.get()));
}

Nested nest(PyObject* self, PyObject* value, const Place& place) {
  const Ref dict = dict_under(state_of(self), value);
  if (!dict) return {PyErr_Occurred() == nullptr ? Nested::Kind::ordinary : Nested::Kind::failed};
  const SharedDictObject& below = shared_dict(dict.get());
  const SharedDictObject& above = shared_dict(self);
  if (below.use->attachment != above.use->attachment) return {};
  Table* const table = table_of(above.use);
  if (table == nullptr) return {Nested::Kind::failed};
  const Adopted adopted = [&]() REQUIRES(attached) {
    const Detached scope;
    return adopt(*table, below.handle, above.handle, place);
  }();
  if (adopted.outcome.ok() && *adopted.outcome == Adoption::cycle) {
    PyErr_SetString(PyExc_ValueError, "a cycle: this one would lie in itself");
    return {Nested::Kind::failed};
  }
  if (!adopted.is_child) return {};
  Nested nested{Nested::Kind::child, stored_child(self, below.handle, node_of(dict.get())), below.handle,
                *adopted.outcome == Adoption::adopted};
  if (!nested.stored.empty()) return nested;
  take_back(self, nested);
  return {Nested::Kind::failed};
}

void take_back(PyObject* self, const Nested& nested) {
  if (nested.kind == Nested::Kind::child && nested.adopted) take_child(self, nested.child);
}

void take_child(PyObject* self, const Handle& child) {
  PyObject* const raised = PyErr_GetRaisedException();
  if (Table* const table = table_of(shared_dict(self).use)) {
    const Detached scope;
    (void)table->disown(child, shared_dict(self).handle);
  } else {
    PyErr_Clear();
  }
  PyErr_SetRaisedException(raised);
}

Ref load_child(PyObject* self, ByteSpan bytes) {
  const auto child = table::child_in(table::kChildTag, bytes);
  if (!child) return Ref::steal(raise(make_error(Errc::corrupt, "a value")));
  return as_user_sees(state_of(self), Ref::steal(make_shared_dict(Py_TYPE(self), shared_dict(self).use,
                                                                  *child, node_of(self))));
}

namespace {

// The nested one that a value is, if it is of that kind and lives; null without an exception: it has been
// destroyed.
Ref living(PyObject* self, PyObject* key, Ref value, bool is_list) REQUIRES(attached) {
  if (!value) return Ref();
  const Ref dict = dict_under(state_of(self), value.get());
  if (!dict || is_list_handle(shared_dict(dict.get()).handle) != is_list) {
    PyErr_Format(PyExc_TypeError, "the value of key %R is no %s, but %T", key,
                 is_list ? "SharedList" : "SharedDict", value.get());
    return Ref();
  }
  const SharedDictObject& found = shared_dict(dict.get());
  Table* const table = table_of(found.use);
  if (table == nullptr) return Ref();
  const bool alive = [&]() REQUIRES(attached) {
    const Detached scope;
    return table->alive(found.handle);
  }();
  return alive ? std::move(value) : Ref();
}

// Makes a child and puts it there. True: it is there; false: another came first, or an exception is set.
bool put_child(PyObject* self, const table::KeyView& key, const Handle& child, const Expect& expect)
    REQUIRES(attached) {
  const Bytes stored = stored_child(self, child, {});
  if (stored.empty()) return false;
  const auto put = on_table(self, [&](Table& table, const Handle& parent) -> Result<bool> {
    table::NewDict wanted;
    wanted.owner = table::DictOwner::parent;
    wanted.parent = parent;
    wanted.is_list = is_list_handle(child);
    Status made = with_room(table, [&] { return table.create(child, wanted); });
    if (!made) return std::move(made).error();
    Result<bool> done = with_room(table, [&]() -> Result<bool> {
      Result<table::NewBlob> blob = value::store_child(table, stored);
      if (!blob) return blob.error();
      return table.put_if(parent, key, *std::move(blob), expect);
    });
    if (!done.ok() || !*done) table.destroy({&child, 1});
    return done;
  });
  return put && **put;
}

}  // namespace

PyObject* dict_nest(PyObject* self, PyObject* key, bool is_list) {
  const auto view = key_view(key);
  if (!view) return nullptr;
  for (;;) {
    auto found =
        on_table(self, [&](Table& table, const Handle& handle) { return table.get_stamped(handle, *view); });
    if (!found) return nullptr;
    Expect expect = Expect::absent();
    if ((*found)->blob) {
      const LettingGo guard((*found)->blob);
      expect = Expect::stamped((*found)->stamp);
      Ref value = living(self, key, load_blob(self, (*found)->blob), is_list);
      if (value || PyErr_Occurred() != nullptr) return value.release();
    }
    const Handle child = random_handle(is_list);
    if (put_child(self, *view, child, expect)) {
      Ref dict = Ref::steal(make_shared_dict(Py_TYPE(self), shared_dict(self).use, child, node_of(self)));
      return as_user_sees(state_of(self), std::move(dict)).release();
    }
    if (PyErr_Occurred() != nullptr) return nullptr;
  }
}

SharedUse use_for_new(const ModuleState& state, PyObject* given) {
  if (given != nullptr && given != Py_None) {
    if (Py_IS_TYPE(given, state.table_type)) return use_of_table(given);
    if (const Ref dict = dict_under(state, given)) return shared_dict(dict.get()).use;
    if (PyErr_Occurred() == nullptr)
      PyErr_Format(PyExc_TypeError, "a Table, or what lies in one, is needed, not %T", given);
    return nullptr;
  }
  if (context().use) return context().use;
  std::size_t count = 0;
  const std::shared_ptr<Attachment> only = Attachments::instance().only(count);
  if (only) return std::make_shared<TableUse>(only);
  PyErr_SetString(PyExc_RuntimeError,
                  count == 0 ? "this process has attached to no table: make one by Table.create()"
                             : "this process has attached to several tables: say which one");
  return nullptr;
}

std::string node_of_table(const SharedUse& use) {
  const bool of_node = context().use && context().use->attachment == use->attachment;
  return of_node ? context().node : std::string();
}

Ref new_dict(const ModuleState& state, PyObject* given, bool is_list) {
  const SharedUse use = use_for_new(state, given);
  Table* const table = use ? table_of(use) : nullptr;
  if (table == nullptr) return Ref();
  const Handle handle = random_handle(is_list);
  table::NewDict wanted;
  wanted.owner = table::DictOwner::process;
  wanted.is_list = is_list;
  const Status made = [&]() REQUIRES(attached) {
    const Detached scope;
    return with_room(*table, [&] { return table->create(handle, wanted); });
  }();
  if (!made) return Ref::steal(raise(made.error()));
  return Ref::steal(make_shared_dict(state.shared_dict_type, use, handle, node_of_table(use)));
}

}  // namespace pyport::python
