// Values that name a dict which ends with the one that they lie in: when such a value loses its place, the
// dict that it names ends.
//
//   | handle, 16 bytes | what the layer above has to say of it ... |     with the tag kChildTag
//
// Thread safety: values; one ChildList belongs to one thread.
#pragma once

#include <cstring>
#include <optional>
#include <vector>

#include "base/bytes.h"
#include "table/handle.h"

namespace pyport::table {

inline constexpr std::uint32_t kChildTag = 0xfffd;

// The dict that a value names; nothing when it is another value.
inline std::optional<Handle> child_in(std::uint32_t tag, ByteSpan bytes) {
  Handle child;
  if (tag != kChildTag || bytes.size() < child.bits.size()) return std::nullopt;
  std::memcpy(child.bits.data(), bytes.data(), child.bits.size());
  return child;
}

// What lost its place in one operation.
using ChildList = std::vector<Handle>;

}  // namespace pyport::table
