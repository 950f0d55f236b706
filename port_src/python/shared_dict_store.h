// What operations of SharedDict are made of: one on the table with the GIL let go, and a value on its way
// into the table.
//
// Thread safety: REQUIRES an attached thread state.
#pragma once

#include <optional>
#include <string>
#include <type_traits>
#include <utility>

#include "python/errand.h"
#include "python/nesting.h"
#include "python/pickle_parts.h"
#include "python/pickle_place.h"
#include "python/plain_writer.h"
#include "python/scalar_pickle.h"
#include "python/shared_dict_object.h"
#include "python/table_use.h"
#include "python/type_name.h"
#include "value/stored.h"

namespace pyport::python {

template <class Operation>
using ResultOf = std::invoke_result_t<Operation, table::Table&, const table::Handle&>;

// One table operation with the GIL let go. Nothing, with an exception set, when the table is not to be had or
// the operation fails.
template <class Operation>
std::optional<ResultOf<Operation>> on_table(PyObject* self, const Operation& operation) REQUIRES(attached) {
  const SharedDictObject& dict = shared_dict(self);
  table::Table* const table = table_of(dict.use);
  if (table == nullptr || Errands::given_up(self)) return std::nullopt;
  auto result = [&]() REQUIRES(attached) {
    const Detached scope;
    return operation(*table, dict.handle);
  }();
  if (result.ok()) return {std::move(result)};
  raise_for(self, result.error());
  return std::nullopt;
}

inline Result<table::NewBlob> blob_of(table::Table& table, const ScalarPickle& pickle) {
  Result<table::BlobWriter> writer = table.allocate(pickle.size());
  if (!writer) return writer.error();
  pickle.write(writer->bytes());
  return std::move(*writer).finish(value::kPlain);
}

// What with_blobs does with SharedDicts and SharedLists.
struct Nesting {
  Place place{};
  const bool* kept = nullptr;  // after `use`: whether the value was stored; null: it was, if that gives true
  bool by_reference = false;   // none becomes a child
};

// Pickles the value, which may run code that uses the same dict, and calls use(make) -> bool attached, where
// make(Table&) -> Result<NewBlob> may be called detached, and more than once. False, with an exception set,
// when the value cannot be pickled, and what `use` gives.
template <class Use>
bool with_blobs(PyObject* self, PyObject* value, const Use& use, const Nesting& nesting = {})
    REQUIRES(attached) {
  using table::Table;
  if (const auto scalar = ScalarPickle::of(value))
    return use([&](Table& table) { return blob_of(table, *scalar); });
  if (const auto plain = dump_plain(value))
    return use([&](Table& table) { return value::store_plain(table, *plain); });
  const Nested nested = nesting.by_reference ? Nested{} : nest(self, value, nesting.place);
  if (nested.kind == Nested::Kind::failed) return false;
  if (nested.kind == Nested::Kind::child) {
    const bool done = use([&](Table& table) { return value::store_child(table, nested.stored); });
    if (!done || (nesting.kept != nullptr && !*nesting.kept)) take_back(self, nested);
    return done;
  }
  const auto parts = PickleParts::of(state_of(self), value, shared_dict(self).use);
  if (!parts) {
    tell_place(state_of(self), value);
    return false;
  }
  const std::string type = type_name(Py_TYPE(value));
  return use([&](Table& table) { return parts->store(table, type); });
}

// Calls put(Table&, const Handle&, NewBlob) with a blob of `make`, detached, and once more with another when
// room was short. Nothing, with an exception set, when it fails.
template <class Make, class Put>
auto store(PyObject* self, const Make& make, const Put& put) REQUIRES(attached) {
  using Stored = decltype(put(std::declval<table::Table&>(), std::declval<const table::Handle&>(),
                              std::declval<table::NewBlob>()));
  return on_table(self, [&](table::Table& table, const table::Handle& handle) {
    return with_room(table, [&]() -> Stored {
      Result<table::NewBlob> blob = make(table);
      if (!blob) return blob.error();
      return put(table, handle, *std::move(blob));
    });
  });
}

}  // namespace pyport::python
