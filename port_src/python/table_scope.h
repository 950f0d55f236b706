// Which table the value belongs to that this thread pickles or unpickles just now.
//
// Inside a value of a table a dict of the same table goes by its handle alone, so that Erlang sees the handle
// and a reader needs no more than it has already. A pickle for anywhere else names the table's file.
//
// Thread safety: one object belongs to one thread, as a local variable.
#pragma once

#include "python/attachment.h"

namespace pyport::python {

class TableScope {
 public:
  // `use` outlives the scope.
  explicit TableScope(const SharedUse& use);
  ~TableScope();
  TableScope(const TableScope&) = delete;
  TableScope& operator=(const TableScope&) = delete;

  // Null outside of any scope.
  static const SharedUse& current();

 private:
  const SharedUse* const before_;
};

}  // namespace pyport::python
