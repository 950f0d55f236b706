#include "value/large_value.h"

#include <algorithm>

#include "etf/validate.h"
#include "value/pickle_op.h"
#include "value/stored.h"

namespace pyport::value {
namespace {

// PROTO 5, the opcode, its length; and STOP behind the content.
constexpr std::size_t kOpAt = 2;
constexpr std::size_t kLengthAt = 3;
constexpr std::size_t kContentAt = 11;
constexpr std::size_t kAround = kContentAt + 1;

}  // namespace

Result<LargeValue> LargeValue::begin(table::Table& table, std::uint64_t size, Form form) {
  if (size > table::kMaxBlobBytes - kAround) return make_error(Errc::table_full, "value size");
  Result<table::BlobWriter> writer = table.allocate(static_cast<std::size_t>(size) + kAround);
  if (!writer) return std::move(writer).error();
  return LargeValue(table, *std::move(writer), static_cast<std::size_t>(size), form);
}

Status LargeValue::add(ByteSpan part) {
  if (part.size() > size_ - filled_) return make_error(Errc::bad_frame, "more bytes than were announced");
  std::copy(part.begin(), part.end(),
            writer_.bytes().begin() + static_cast<std::ptrdiff_t>(kContentAt + filled_));
  filled_ += part.size();
  if (form_ == Form::text_or_bytes) text_.feed(part);
  return ok_status();
}

Result<table::NewBlob> LargeValue::finish() && {
  if (filled_ != size_) return make_error(Errc::bad_frame, "fewer bytes than were announced");
  if (form_ == Form::term) return finish_term();
  const auto bytes = writer_.bytes();
  const bool text = form_ == Form::text_or_bytes && text_.valid();
  bytes[0] = kProto;
  bytes[1] = 5;
  bytes[kOpAt] = text ? kBinUnicode8 : kBinBytes8;
  for (std::size_t i = 0; i < 8; ++i)
    bytes[kLengthAt + i] = static_cast<std::uint8_t>(std::uint64_t{size_} >> (8 * i));
  bytes[kContentAt + size_] = kStop;
  return std::move(writer_).finish(kPlain);
}

Result<table::NewBlob> LargeValue::finish_term() {
  const ByteSpan term = ByteSpan(writer_.bytes()).subspan(kContentAt, size_);
  if (Status good = etf::validate(term); !good) return std::move(good).error();
  return store_term(*table_, term.subspan(1));
}

}  // namespace pyport::value
