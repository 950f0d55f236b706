// Integers among stored values: what a table has to know of them to add to them where they lie
// (table/cell.h).
//
// Thread safety: constant.
#pragma once

#include "table/cell.h"

namespace pyport::value {

// A cell is read as the pickle of its number: PROTO 5, LONG1 of eight bytes, STOP.
extern const table::NumberForm kNumbers;

}  // namespace pyport::value
