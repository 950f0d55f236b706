// The opcodes of pickles that hold a single value.
// Source: the documentation in CPython's pickletools.
#pragma once

#include <cstdint>

namespace pyport::python {

enum ScalarOp : std::uint8_t {
  kProto = 0x80,
  kFrame = 0x95,
  kStop = '.',
  kMemoize = 0x94,
  kNone = 'N',
  kTrue = 0x88,
  kFalse = 0x89,
  kInt1 = 'K',
  kInt2 = 'M',
  kInt4 = 'J',
  kLong1 = 0x8A,
  kFloat = 'G',
  kText1 = 0x8C,
  kText4 = 'X',
  kBytes1 = 'C',
  kBytes4 = 'B',
};

}  // namespace pyport::python
