// How a value lies in a blob: the pickle, and for values that are not plain the name of their type.
//
//   plain  (tag kPlain):  | pickle ...                       |
//   opaque (tag kOpaque): | u16 length | type name | pickle  |
//
// Plain means: made of None, bool, int, float, str, bytes, list, tuple, dict and pyport's own opaque
// terms, so that it has an Erlang form. The pickle of either is read by pickle.loads.
//
// Thread safety: values; no shared state.
#pragma once

#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "table/table.h"

namespace pyport::value {

inline constexpr std::uint32_t kPlain = 0;
inline constexpr std::uint32_t kOpaque = 1;

struct StoredView {
  bool plain = true;
  std::string_view type;  // opaque only, e.g. "datetime.datetime"
  ByteSpan pickle;
};

// The parts of a stored value. Valid as long as `blob` is.
StoredView view(const table::Blob& blob);

// Stores a pickle that Python wrote; looks through it once to tell plain from opaque. `type` is the
// qualified name of the object's type, used when it is opaque (cut at 65535 bytes).
Result<table::Blob> store(table::Table& table, ByteSpan pickle, std::string_view type);

}  // namespace pyport::value
