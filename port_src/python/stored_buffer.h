// Bytes of a value in a table as Python's buffers: read-only, where they lie, valid as long as something
// refers to them, whatever becomes of the key and of the dict.
//
// Thread safety: REQUIRES an attached thread state; a HeldValue is constant.
#pragma once

#include <memory>
#include <utility>

#include "python/attachment.h"
#include "python/gil.h"
#include "python/letting_go.h"
#include "python/module.h"
#include "python/ref.h"
#include "table/blob.h"

namespace pyport::python {

// A value that was found in a table, and the mapping that it lies in.
class HeldValue {
 public:
  HeldValue(table::Blob blob, SharedUse use) : use_(std::move(use)), blob_(std::move(blob)) {}

  const table::Blob& blob() const { return blob_; }

 private:
  const SharedUse use_;
  table::Blob blob_;
  const LettingGo guard_{blob_};  // after the blob, so that it goes first
};
using SharedHeldValue = std::shared_ptr<const HeldValue>;

// Adds the type to the module. False with an exception set.
bool add_stored_buffer(PyObject* module, ModuleState& state) REQUIRES(attached);

// A memoryview of `bytes`, which are part of the value. Null with an exception set.
Ref view_of(const ModuleState& state, SharedHeldValue held, ByteSpan bytes) REQUIRES(attached);

}  // namespace pyport::python
