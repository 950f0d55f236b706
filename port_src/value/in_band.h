// A pickle whose buffers are kept apart (protocol 5, PEP 574), made whole: the buffers stand in it as bytes
// and bytearrays, as CPython's pickler writes them when it is given no buffer_callback.
//
// The pickle may come from anywhere: it is gone through once, within its bounds, and nothing is executed.
//
// Thread safety: pure functions.
#pragma once

#include <cstdint>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"

namespace pyport::value {

// Bytes that stand beside a pickle, in the order in which it asks for them.
struct Buffer {
  ByteSpan bytes;
  bool read_only = false;
};

// Appends to `out` the pickle with those buffers in it that have at most `largest` bytes; it asks for the
// others as before. Frames are left out: they only tell how much to read ahead. Errc::corrupt when it is no
// pickle, or does not ask for just these buffers; `out` is then as it was.
Status in_band(ByteSpan pickle, const std::vector<Buffer>& buffers, std::size_t largest, Bytes& out);

// At most so many bytes are appended when all buffers are put in.
std::size_t in_band_size(ByteSpan pickle, const std::vector<Buffer>& buffers);

}  // namespace pyport::value
