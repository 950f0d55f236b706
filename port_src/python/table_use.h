// From what a Python object holds of a table to the table itself, and what to do when that is full.
//
// Thread safety: any thread.
#pragma once

#include <type_traits>

#include "python/attachment.h"
#include "python/gil.h"
#include "table/patience.h"
#include "table/table.h"

namespace pyport::python {

// The table, for use in a Detached scope as long as `use` lives. Null with an exception set: ValueError when
// it has been closed, OSError when a forked child gets no place in it.
table::Table* table_of(const SharedUse& use) REQUIRES(attached);

// REQUIRES for the following: no thread state attached.

// Gives back what dead processes and destroyed dicts left: nobody else may do it where there is no Erlang
// node.
void tidy(table::Table& table);
// True when tidy() may help.
bool is_short_of_room(const Error& error);

// Runs a table operation; when room is short, once more after tidy().
template <class Operation>
std::invoke_result_t<Operation> with_room(table::Table& table, const Operation& operation) {
  std::invoke_result_t<Operation> done = operation();
  if (done.ok() || !is_short_of_room(done.error())) return done;
  if (table::Impatient::here()) return make_error(Errc::busy);  // tidying may take long
  tidy(table);
  return operation();
}

}  // namespace pyport::python
