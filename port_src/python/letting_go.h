// Lets go of a value that was found in the table, once Python has it.
//
// It may be pinned in the table, and to let go of that takes a lock of the table: this happens detached, and
// only when it is so. Small values are copies and cost nothing here.
//
// Thread safety: one object belongs to one thread, as a local variable.
#pragma once

#include <utility>

#include "python/attachment.h"
#include "python/gil.h"
#include "table/blob.h"

namespace pyport::python {

class LettingGo {
 public:
  // `blob` outlives it.
  explicit LettingGo(table::Blob& blob) : blob_(blob), forks_(blob.holds_block() ? Attachment::forks() : 0) {}
  ~LettingGo() REQUIRES(attached) {
    if (blob_.holds_block()) let_go();
  }
  LettingGo(const LettingGo&) = delete;
  LettingGo& operator=(const LettingGo&) = delete;

 private:
  void let_go() REQUIRES(attached) {
    if (Attachment::forks() != forks_) {
      // The value's own Python code forked while it was loaded: in the child the pin is the parent's.
      (void)new table::Blob(std::move(blob_));
      return;
    }
    const Detached scope;
    const table::Blob gone(std::move(blob_));
  }

  table::Blob& blob_;
  const unsigned forks_;
};

}  // namespace pyport::python
