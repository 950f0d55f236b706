// Pickles whose large buffers stand beside them (protocol 5, PEP 574): arrays and the like are written from
// where they lie, and read where they lie.
//
// Thread safety: REQUIRES an attached thread state, but for what is said of PickleParts.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "python/attachment.h"
#include "python/gil.h"
#include "python/module.h"
#include "python/ref.h"
#include "table/table.h"
#include "value/in_band.h"

namespace pyport::python {

// A pickle and the buffers that it asks for, exported as long as this lives. store() is to be called
// detached.
class PickleParts {
 public:
  // Pickles the object as a value of the table `use`. Nothing, with an exception set, when that fails. May
  // run any Python code.
  static std::optional<PickleParts> of(const ModuleState& state, PyObject* object, const SharedUse& use)
      REQUIRES(attached);

  PickleParts(PickleParts&&) = default;
  PickleParts& operator=(PickleParts&&) = delete;
  ~PickleParts() REQUIRES(attached);

  // Stores the value, of a type of that name. Errors as value::store.
  Result<table::NewBlob> store(table::Table& table, std::string_view type) const;

 private:
  PickleParts() = default;
  bool add(PyObject* buffer) REQUIRES(attached);

  Ref pickle_;
  ByteSpan bytes_;                                    // of it
  std::vector<std::unique_ptr<Py_buffer>> exported_;  // what a Py_buffer is must not be moved
  std::vector<value::Buffer> buffers_;
};

// The object that a pickle of the table `use` stands for; `buffers` is a list of those it asks for. Null with
// an exception set. May run any Python code.
Ref load_parts(const ModuleState& state, ByteSpan pickle, PyObject* buffers, const SharedUse& use)
    REQUIRES(attached);

}  // namespace pyport::python
