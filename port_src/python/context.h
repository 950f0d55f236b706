// What the Python side needs of the rest of the program: set once, before the first interpreter.
//
// Thread safety: constant after set_context.
#pragma once

#include <string>

#include "python/runtime.h"
#include "table/table.h"

namespace pyport::python {

struct Context {
  table::Table* table = nullptr;
  Sink* sink = nullptr;
  std::string node;  // name of the Erlang node
};

// REQUIRES: called once, before any interpreter exists.
void set_context(Context context);
const Context& context();

}  // namespace pyport::python
