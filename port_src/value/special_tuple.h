// The tuples that mean something else than a Python tuple: `{bytes, B}`, `{py_object, Type, Pickle}` and
// dict handles `{'$pyport_dict', Node, <<_:16/binary>>}`.
//
// Thread safety: pure function.
#pragma once

#include "base/bytes.h"

namespace pyport::value {

struct SpecialTuple {
  enum class Kind : std::uint8_t { none, bytes, object, handle };
  Kind kind = Kind::none;
  ByteSpan first;        // bytes: B; object: Type
  ByteSpan second;       // object: Pickle
  std::size_t size = 0;  // of the whole term
};

// `at` is at the tag of a tuple. Kind::none when its form is not exactly one of the above (a py_object
// whose Type is not UTF-8 too): such a tuple is a tuple. REQUIRES: validated ETF.
SpecialTuple special_tuple(const std::uint8_t* at);

}  // namespace pyport::value
