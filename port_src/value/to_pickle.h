// ETF -> pickle protocol 5, in C++ without a Python object, after the conversion table in
// docs/design.md. The output is read by CPython's pickle.loads.
//
// What has no Python type of its own becomes a call of one of the built-in module's functions, with the
// term's ETF (no version byte) as bytes: `_erlang.dict` (handles), `_erlang.pid`, `_erlang.reference`,
// `_erlang.term` (ports, funs, bitstrings, improper lists), and `_erlang.object(type, pickle)` for
// {py_object, Type, Pickle}.
//
// Thread safety: pure functions over their arguments (scratch memory is kept per thread).
#pragma once

#include "base/bytes.h"
#include "base/result.h"

namespace pyport::value {

struct Pickled {
  bool plain = true;  // false when a {py_object, _, _} is inside
};

// Appends to `out` a complete pickle (PROTO 5 ... STOP) of the term at `term`.
// `term` has no version byte and REQUIRES: it passed etf::validate (as part of a frame); bytes after the term
// are ignored. Errc::bad_term with path and detail (an identifier of docs/protocol.md: unhashable_key,
// duplicate_key, depth) when it has no Python form; `out` is then as it was.
Result<Pickled> to_pickle(ByteSpan term, Bytes& out);

}  // namespace pyport::value
