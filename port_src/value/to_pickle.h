// ETF -> pickle protocol 5, in C++ without a Python object, after the conversion table in
// docs/design.md. The output is read by CPython's pickle.loads.
//
// Thread safety: pure functions over their arguments.
#pragma once

#include "base/bytes.h"
#include "base/result.h"

namespace pyport::value {

struct Pickled {
  bool plain = true;  // false when a {py_object, _, _} is inside
};

// Appends to `out` a complete pickle (PROTO 5 ... STOP) of the term at `term`.
// `term` has no version byte and REQUIRES: it passed etf::validate (as part of a frame); bytes after the term
// are ignored. Errc::bad_term with path and detail (an identifier of docs/protocol.md) when it has no Python
// form; `out` is then as it was.
Result<Pickled> to_pickle(ByteSpan term, Bytes& out);

}  // namespace pyport::value
