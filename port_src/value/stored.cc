#include "value/stored.h"

#include <algorithm>
#include <string>

#include "etf/tags.h"
#include "table/cell.h"
#include "value/special_tuple.h"
#include "value/stored_parts.h"
#include "value/to_pickle.h"

namespace pyport::value {
namespace {

constexpr std::size_t kTypeHeader = 2;

Result<table::NewBlob> store_opaque(table::Table& table, ByteSpan pickle, std::string_view type) {
  type = cut_type(type);
  auto writer = table.allocate(kTypeHeader + type.size() + pickle.size());
  if (!writer.ok()) return std::move(writer).error();
  auto at = writer->bytes().begin();
  *at++ = static_cast<std::uint8_t>(type.size() >> 8);
  *at++ = static_cast<std::uint8_t>(type.size());
  at = std::copy(type.begin(), type.end(), at);
  std::copy(pickle.begin(), pickle.end(), at);
  return (*std::move(writer)).finish(kOpaque);
}

constexpr std::size_t kChildHeader = sizeof(table::Handle) + 1;

StoredView view_child(ByteSpan bytes) {
  if (bytes.size() < kChildHeader) return {};
  const bool plain = bytes[kChildHeader - 1] != 0;
  return {plain, plain ? "" : "erlang.SharedDict", bytes.subspan(kChildHeader), {}, {}};
}

// Where pickles are written before they are copied into a block of their final size.
Bytes& pickle_scratch() {
  thread_local Bytes scratch;
  return scratch;
}

}  // namespace

StoredView view(std::uint32_t tag, ByteSpan bytes) {
  if (tag == kPlain || tag == table::kCellTag) return {true, {}, bytes, {}, {}};
  if (tag == kBuffers) return view_parts(bytes);
  if (tag == table::kChildTag) return view_child(bytes);
  if (tag != kOpaque || bytes.size() < kTypeHeader) return {};
  const std::size_t size = load_u16(bytes.data());
  if (size > bytes.size() - kTypeHeader) return {};
  return {false, as_text(bytes.subspan(kTypeHeader, size)), bytes.subspan(kTypeHeader + size), {}, {}};
}

Result<table::NewBlob> store_plain(table::Table& table, ByteSpan pickle) {
  auto writer = table.allocate(pickle.size());
  if (!writer.ok()) return std::move(writer).error();
  std::copy(pickle.begin(), pickle.end(), writer->bytes().begin());
  return (*std::move(writer)).finish(kPlain);
}

Result<table::NewBlob> store(table::Table& table, ByteSpan pickle, std::string_view type) {
  return is_plain(pickle) ? store_plain(table, pickle) : store_opaque(table, pickle, type);
}

Result<table::NewBlob> store_term(table::Table& table, ByteSpan term) {
  const bool tuple = term[0] == etf::kSmallTuple;
  const SpecialTuple object = tuple ? special_tuple(term.data()) : SpecialTuple{};
  if (object.kind == SpecialTuple::Kind::object && object.first.size() <= kMaxType) {
    return store_opaque(table, object.second, as_text(object.first));
  }
  constexpr std::size_t kKept = std::size_t{256} << 10;
  Bytes& pickle = pickle_scratch();
  pickle.clear();
  const auto pickled = to_pickle(term, pickle);
  if (!pickled.ok()) return pickled.error();
  auto blob = store_plain(table, pickle);
  if (pickle.capacity() > kKept) pickle = Bytes();
  return blob;
}

Bytes child_value(const table::Handle& child, bool plain, ByteSpan pickle) {
  Bytes value(child.bits.begin(), child.bits.end());
  value.push_back(plain ? 1 : 0);
  append(value, pickle);
  return value;
}

Result<table::NewBlob> store_child(table::Table& table, ByteSpan value) {
  auto writer = table.allocate(value.size());
  if (!writer.ok()) return std::move(writer).error();
  std::copy(value.begin(), value.end(), writer->bytes().begin());
  return (*std::move(writer)).finish(table::kChildTag);
}

Status append_value(const StoredView& stored, const ToEtfOptions& options, Bytes& out) {
  if (stored.pickle.empty()) return make_error(Errc::corrupt, "a value");
  if (stored.plain) return to_etf(stored.pickle, options, out);
  if (!stored.parts.empty()) return whole_to_etf(stored, options, out);
  return opaque_to_etf(stored.type, stored.pickle, options, out);
}

}  // namespace pyport::value
