// A value of known size on its way into the table, part by part. A binary goes straight into its block; any
// other term is put together in a block, too, so that the table's limits hold for it, and pickled at the end.
//
// Thread safety: one object belongs to one thread at a time.
#pragma once

#include "base/bytes.h"
#include "base/result.h"
#include "base/utf8_check.h"
#include "table/table.h"

namespace pyport::value {

class LargeValue {
 public:
  enum class Form : std::uint8_t { text_or_bytes, bytes, term };

  // `table` must outlive it. Errc::table_full: there is no block of that size.
  static Result<LargeValue> begin(table::Table& table, std::uint64_t size, Form form);

  // Errc::bad_frame when it is more than was announced.
  Status add(ByteSpan part);
  // The value: a str when it is to be one and is valid UTF-8, else bytes; or what the term (with its version
  // byte) stands for. Errc::bad_frame when it is less than was announced; for terms Errc::bad_etf, and errors
  // as store_term.
  Result<table::NewBlob> finish() &&;

 private:
  LargeValue(table::Table& table, table::BlobWriter writer, std::size_t size, Form form)
      : table_(&table), writer_(std::move(writer)), size_(size), form_(form) {}
  Result<table::NewBlob> finish_term();

  table::Table* table_;
  table::BlobWriter writer_;
  std::size_t size_;
  Form form_;
  std::size_t filled_ = 0;
  Utf8Check text_;
};

}  // namespace pyport::value
