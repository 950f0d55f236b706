// SharedDicts and SharedLists in SharedDicts and SharedLists.
//
// One that is stored as a value, itself and not inside of another value, becomes a child: it ends with the
// dict that it lies in, if only a process would end it so far. Its value then says so (table/child_value.h).
// Others are stored as references, as they are inside of other values.
//
// Thread safety: REQUIRES an attached thread state.
#pragma once

#include <optional>

#include "base/bytes.h"
#include "python/attachment.h"
#include "python/gil.h"
#include "python/module.h"
#include "python/ref.h"
#include "table/table.h"

namespace pyport::python {

// The SharedDict that a value is, or that a SharedList is made of. Null without an exception: it is neither.
Ref dict_under(const ModuleState& state, PyObject* value) REQUIRES(attached);
// What the user sees of a SharedDict that was just made: itself, or a SharedList. Null with an exception set,
// as when `dict` is null.
Ref as_user_sees(const ModuleState& state, Ref dict) REQUIRES(attached);

// Where a value is about to be stored, when that may be where it is already: a key, an index of a list, or
// where one of these children is, which is used up.
struct Place {
  const table::KeyView* key = nullptr;
  std::optional<std::int64_t> index{};
  table::ChildList* among = nullptr;
};

// A value on its way into a dict.
struct Nested {
  enum class Kind : std::uint8_t { ordinary, failed, child };
  Kind kind = Kind::ordinary;  // failed: with an exception set; ordinary: stored as any other value is
  Bytes stored{};              // child: its value
  table::Handle child{};
  bool adopted = false;  // child: just now
};

// Makes it a child if it is to be one. ValueError when it would lie in itself.
Nested nest(PyObject* self, PyObject* value, const Place& place = {}) REQUIRES(attached);
// It was not stored: it is this process's again. Keeps an exception that is set.
void take_back(PyObject* self, const Nested& nested) REQUIRES(attached);
// The same of a child whose value was taken out of the dict.
void take_child(PyObject* self, const table::Handle& child) REQUIRES(attached);

// The value of a blob of the tag table::kChildTag. Null with an exception set.
Ref load_child(PyObject* self, ByteSpan bytes) REQUIRES(attached);

// SharedDict.nest and nest_list: the child under that key, which is made when it is not there. Null with an
// exception set: TypeError when the key has another value.
PyObject* dict_nest(PyObject* self, PyObject* key, bool is_list) REQUIRES(attached);

// The table of `given`: an erlang.Table, or a dict or list of it; null or None: the node's, or the only one
// that this process has attached to. Null with an exception set: RuntimeError when that cannot be told.
SharedUse use_for_new(const ModuleState& state, PyObject* given) REQUIRES(attached);
// The node whose table that is, as far as this process knows; empty: none's.
std::string node_of_table(const SharedUse& use) REQUIRES(attached);
// A new dict there that ends with this process. Null with an exception set.
Ref new_dict(const ModuleState& state, PyObject* given, bool is_list) REQUIRES(attached);

}  // namespace pyport::python
