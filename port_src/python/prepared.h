// Several values on their way into the table, pickled before the first of them is stored.
//
// Thread safety: REQUIRES an attached thread state, but for Prepared::blob.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "python/nesting.h"
#include "python/pickle_parts.h"
#include "python/ref.h"
#include "value/stored.h"

namespace pyport::python {

// A value, and the key that it gets, if it gets one.
struct Prepared {
  Ref key{};
  table::KeyView view{};
  Bytes plain{};  // its pickle, when it is plain
  Nested nested{};
  std::optional<PickleParts> parts{};
  std::string type{};

  Result<table::NewBlob> blob(table::Table& table) const {
    if (nested.kind == Nested::Kind::child) return value::store_child(table, nested.stored);
    return parts ? parts->store(table, type) : value::store_plain(table, plain);
  }
};

// Fills a list of them. What it made a child is taken back if stored() is not said.
class PrepareAll {
 public:
  PrepareAll(PyObject* self, std::vector<Prepared>& all) : self_(self), all_(all) {}
  ~PrepareAll() REQUIRES(attached);
  PrepareAll(const PrepareAll&) = delete;
  PrepareAll& operator=(const PrepareAll&) = delete;

  // False with an exception set. These throw std::bad_alloc.
  bool add(PyObject* key, PyObject* value) REQUIRES(attached);
  bool add_value(PyObject* value, const Place& place = {}) REQUIRES(attached);
  void stored() { stored_ = true; }

 private:
  bool prepare(Prepared& one, PyObject* value, const Place& place) REQUIRES(attached);

  PyObject* const self_;
  std::vector<Prepared>& all_;
  bool stored_ = false;
};

}  // namespace pyport::python
