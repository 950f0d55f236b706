// How a value lies in a blob: the pickle, and for values that are not plain the name of their type.
//
//   plain   (tag kPlain):   | pickle ...                       |
//   opaque  (tag kOpaque):  | u16 length | type name | pickle  |
//   buffers (tag kBuffers): | parts | type name | pickle | buffer, each at an address that kAlignment divides
//   |
//     parts: | u32 buffers | u16 length | 0 | u64 of pickle | for each buffer: u64 place, u64 size * 2 +
//     read-only |
//
//   child   (tag table::kChildTag): | handle, 16 bytes | u8 plain | pickle |   (table/child_value.h)
//
// Plain means that value::is_plain says so (value/to_etf.h). The pickle is read by pickle.loads, for the last
// form with the buffers besides; Erlang gets that as one pickle which has them inside.
//
// A blob lies in memory that other processes write to. Nothing read from it is trusted: a damaged one gives
// an error, or another value, but nothing outside of it is ever read.
//
// Thread safety: values; no shared state.
#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "table/blob.h"
#include "table/table.h"
#include "value/in_band.h"
#include "value/to_etf.h"

namespace pyport::value {

inline constexpr std::uint32_t kPlain = 0;
inline constexpr std::uint32_t kOpaque = 1;
inline constexpr std::uint32_t kBuffers = 2;

inline constexpr std::size_t kAlignment = 64;         // of buffers: of a cache line, and enough for AVX-512
inline constexpr std::size_t kLeastBuffer = 4 << 10;  // smaller ones stand in the pickle

struct StoredView {
  bool plain = true;
  std::string_view type;  // opaque only, e.g. "datetime.datetime"
  ByteSpan pickle;
  ByteSpan parts;  // kBuffers only, with `all`: what buffers_of() reads
  ByteSpan all;
};

// The parts of a stored value, a Blob or a NewBlob. Valid as long as `blob` is. A damaged one has an empty
// pickle, which no pickle is.
StoredView view(std::uint32_t tag, ByteSpan bytes);
inline StoredView view(const table::BlobBytes& blob) { return view(blob.tag(), blob.bytes()); }

// Stores a pickle that Python wrote; looks through it once to tell plain from opaque. `type` is the
// qualified name of the object's type, used when it is opaque (cut at 65535 bytes).
Result<table::NewBlob> store(table::Table& table, ByteSpan pickle, std::string_view type);

// The same of a pickle that asks for these buffers, of which the small ones are put into it. At least one has
// kLeastBuffer bytes, or what is stored is as by store().
Result<table::NewBlob> store_with_buffers(table::Table& table, ByteSpan pickle, std::string_view type,
                                          const std::vector<Buffer>& buffers);

// The buffers that the pickle of `stored` asks for, in order. Errc::corrupt.
Result<std::vector<Buffer>> buffers_of(const StoredView& stored);

// The content of a pickle that is nothing but bytes, a bytearray or a str (its UTF-8); nothing of any other.
std::optional<ByteSpan> content_of(ByteSpan pickle);

// The same of a pickle that is known to be plain.
Result<table::NewBlob> store_plain(table::Table& table, ByteSpan pickle);

// The value that names a child: its handle, and a pickle of it, plain or not.
Bytes child_value(const table::Handle& child, bool plain, ByteSpan pickle);
// Stores such a value.
Result<table::NewBlob> store_child(table::Table& table, ByteSpan value);

// Stores the ETF term (no version byte) at the front of `term`. REQUIRES: it passed etf::validate.
// A {py_object, Type, Pickle} becomes the opaque blob that it came from. Errc::bad_term, table_full.
Result<table::NewBlob> store_term(table::Table& table, ByteSpan term);

// Appends the stored value's term (no version byte): what Erlang reads. Errors as to_etf, and Errc::corrupt;
// `out` is then as it was. REQUIRES: blob is not empty.
Status append_value(const StoredView& stored, const ToEtfOptions& options, Bytes& out);
inline Status append_value(const table::BlobBytes& blob, const ToEtfOptions& options, Bytes& out) {
  return append_value(view(blob), options, out);
}

}  // namespace pyport::value
