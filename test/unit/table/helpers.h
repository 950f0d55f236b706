// Short words for the tests of the table.
#pragma once

#include <gtest/gtest.h>

#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "table/audit.h"
#include "table/table.h"

namespace pyport::table {

inline Handle handle_no(std::uint64_t n) {
  Handle handle;
  std::memcpy(handle.bits.data(), &n, sizeof n);
  handle.bits.back() = static_cast<std::uint8_t>(n);
  return handle;
}

inline KeyView text_key(std::string_view text) { return as_bytes(text); }

inline std::unique_ptr<Table> new_table(const Limits& limits = {}) {
  Result<std::unique_ptr<Table>> table = Table::anonymous(limits);
  EXPECT_TRUE(table.ok()) << (table.ok() ? "" : table.error().detail);
  return table.ok() ? *std::move(table) : nullptr;
}

inline Result<NewBlob> blob_of(Table& table, std::string_view text, std::uint32_t tag = 0) {
  Result<BlobWriter> writer = table.allocate(text.size());
  if (!writer.ok()) return writer.error();
  if (!text.empty()) std::memcpy(writer->bytes().data(), text.data(), text.size());
  return std::move(*writer).finish(tag);
}

inline Status put_text(Table& table, const Handle& handle, const KeyView& key, std::string_view text,
                       std::uint32_t tag = 0) {
  Result<NewBlob> blob = blob_of(table, text, tag);
  if (!blob.ok()) return blob.error();
  return table.put(handle, key, *std::move(blob));
}

inline std::string text_of(const BlobBytes& blob) {
  return blob ? std::string(as_text(blob.bytes())) : std::string("(no blob)");
}

// What get gives, as text: the bytes, "(no blob)" for a missing key, "(gone)".
inline std::string text_at(const Table& table, const Handle& handle, const KeyView& key) {
  const Result<Blob> blob = table.get(handle, key);
  return blob.ok() ? text_of(*blob) : std::string("(gone)");
}

// Every block is accounted for. REQUIRES: nobody else is at work on the table.
inline testing::AssertionResult audited(const Table& table) {
  const AuditReport report = table.audit();
  if (report.clean()) return testing::AssertionSuccess();
  return testing::AssertionFailure() << audit_text(report);
}

template <class T>
bool is_gone(const Result<T>& result) {
  return !result.ok() && result.error().code == Errc::gone;
}

}  // namespace pyport::table
