// What the Python side needs of the rest of the port program: set once, before the first interpreter. In a
// process that the port program is no part of, all of it is empty.
//
// Thread safety: constant after set_context.
#pragma once

#include <string>

#include "python/attachment.h"
#include "python/runtime.h"
#include "table/table.h"

namespace pyport::python {

struct Context {
  table::Table* table = nullptr;
  Sink* sink = nullptr;
  std::string node{};        // name of the Erlang node
  std::string table_path{};  // the table's file; empty when it has none
  SharedUse use{};           // of the table; made by set_context
};

// REQUIRES: called once, before any interpreter exists; context.table is not null.
void set_context(Context context);
const Context& context();

}  // namespace pyport::python
