// Short words for the tests of the table.
#pragma once

#include <gtest/gtest.h>

#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "table/table.h"

namespace pyport::table {

inline Handle handle_no(std::uint64_t n) {
  Handle handle;
  std::memcpy(handle.bits.data(), &n, sizeof n);
  handle.bits.back() = static_cast<std::uint8_t>(n);
  return handle;
}

inline KeyView text_key(std::string_view text) { return as_bytes(text); }

inline Blob blob_of(std::string_view text, std::uint32_t tag = 0) {
  Result<BlobWriter> writer = BlobWriter::make(text.size());
  if (!writer.ok()) return Blob();
  if (!text.empty()) std::memcpy(writer->bytes().data(), text.data(), text.size());
  return std::move(*writer).finish(tag);
}

inline std::string text_of(const Blob& blob) {
  return blob ? std::string(as_text(blob.bytes())) : std::string("(no blob)");
}

// What get gives, as text: the bytes, "(no blob)" for a missing key, "(gone)".
inline std::string text_at(const Table& table, const Handle& handle, const KeyView& key) {
  const Result<Blob> blob = table.get(handle, key);
  return blob.ok() ? text_of(*blob) : std::string("(gone)");
}

template <class T>
bool is_gone(const Result<T>& result) {
  return !result.ok() && result.error().code == Errc::gone;
}

}  // namespace pyport::table
