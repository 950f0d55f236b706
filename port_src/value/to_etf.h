// Pickle (protocols 2 to 5) of plain data -> ETF, in C++ without a Python object.
//
// The pickle may come from anywhere: opcodes, lengths, memo indices, nesting and output are
// bounded and checked, nothing recurses, nothing is executed.
//
// Plain data is None, bool, int, float, str, bytes, list, tuple and dict (exactly these types, nested,
// shared or not) and what the functions of `_erlang` make: handles, pids, references, other opaque
// terms, atoms, and objects that Erlang passed on ({py_object, _, _}). Plain says that the value has an
// Erlang form in principle; a single value may still fail on the way: a str with a lone surrogate, two
// keys that become one, depth over 512, an int or atom too large for Erlang, or bytes that are not the
// opaque term they claim to be. Those are errors of to_etf, and is_plain stays true.
//
// Thread safety: pure functions over their arguments (scratch memory is kept per thread).
#pragma once

#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "value/conversions.h"

namespace pyport::value {

enum class NoneAtom : std::uint8_t { none, nil, undefined };

struct ToEtfOptions {
  NoneAtom none = NoneAtom::none;
  std::size_t max_bytes = std::size_t{64} << 20;  // of output; beyond it Errc::frame_too_large
  Conversions convert = kConvertNothing;
};

// True when the pickle is plain data, false when it is anything else that pickle may still be able to
// load. Cycles are not plain, nor are bytes after the pickle's end.
bool is_plain(ByteSpan pickle);

// Appends to `out` the term (no version byte) that the `pickle` stands for, which is plain or, with
// options.convert, made of what is to be converted.
// Errc::bad_term with path and detail (duplicate_key, surrogate, depth, too_large, bad_external; cycle or
// bad_pickle when it is not plain) or frame_too_large (n is what was reached); `out` is then as it was.
Status to_etf(ByteSpan pickle, const ToEtfOptions& options, Bytes& out);

// Appends `{py_object, Type, Pickle}` (no version byte). Errc::frame_too_large; `out` is then as it was.
Status object_to_etf(std::string_view type, ByteSpan pickle, const ToEtfOptions& options, Bytes& out);

// Appends the term of a pickle that is not plain: converted when options.convert is enough for all that is in
// it, else as object_to_etf. Errors as to_etf; `out` is then as it was.
Status opaque_to_etf(std::string_view type, ByteSpan pickle, const ToEtfOptions& options, Bytes& out);

}  // namespace pyport::value
