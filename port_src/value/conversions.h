// Which objects become Erlang's usual forms instead of {py_object, Type, Pickle}: docs/values.md has the
// table.
//
// Thread safety: values.
#pragma once

#include <cstdint>

namespace pyport::value {

// A set of Conversion.
using Conversions = std::uint8_t;

enum Conversion : Conversions {
  kConvertNothing = 0,
  kConvertSets = 1,
  kConvertDatetimes = 2,
  kConvertDecimals = 4,
  kConvertUuids = 8,
  kConvertNumpy = 16,
  kConvertAll = 31,
};

}  // namespace pyport::value
