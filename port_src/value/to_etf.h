// Pickle (protocols 2 to 5) of plain data -> ETF, in C++ without a Python object.
//
// The pickle may come from anywhere: opcodes, lengths, memo indices, nesting and output are
// bounded and checked, nothing recurses, nothing is executed.
//
// Thread safety: pure functions over their arguments.
#pragma once

#include <string_view>

#include "base/bytes.h"
#include "base/result.h"

namespace pyport::value {

enum class NoneAtom : std::uint8_t { none, nil, undefined };

struct ToEtfOptions {
  NoneAtom none = NoneAtom::none;
  std::size_t max_bytes = std::size_t{64} << 20;  // of output; beyond it Errc::frame_too_large
};

// True when the pickle is plain data (see value/stored.h), false when it is anything else that
// pickle may still be able to load. Cycles are not plain.
bool is_plain(ByteSpan pickle);

// Appends to `out` the term (no version byte) that the plain `pickle` stands for.
// Errc::bad_term with path and detail (duplicate_key, surrogate, depth, bad_pickle, bad_external) or
// frame_too_large; `out` is then as it was.
Status to_etf(ByteSpan pickle, const ToEtfOptions& options, Bytes& out);

// Appends `{py_object, Type, Pickle}` (no version byte).
Status object_to_etf(std::string_view type, ByteSpan pickle, const ToEtfOptions& options, Bytes& out);

}  // namespace pyport::value
