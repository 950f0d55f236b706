// How a value lies in a blob: the pickle, and for values that are not plain the name of their type.
//
//   plain  (tag kPlain):  | pickle ...                       |
//   opaque (tag kOpaque): | u16 length | type name | pickle  |
//
// Plain means that value::is_plain says so (value/to_etf.h). The pickle of either is read by pickle.loads.
//
// Thread safety: values; no shared state.
#pragma once

#include <string_view>

#include "base/bytes.h"
#include "base/result.h"
#include "table/table.h"
#include "value/to_etf.h"

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

// Stores the ETF term (no version byte) at the front of `term`. REQUIRES: it passed etf::validate.
// A {py_object, Type, Pickle} becomes the opaque blob that it came from. Errc::bad_term, table_full.
Result<table::Blob> store_term(table::Table& table, ByteSpan term);

// Appends the stored value's term (no version byte): what Erlang reads. Errors as to_etf; `out` is
// then as it was. REQUIRES: blob is not empty.
Status append_value(const table::Blob& blob, const ToEtfOptions& options, Bytes& out);

}  // namespace pyport::value
