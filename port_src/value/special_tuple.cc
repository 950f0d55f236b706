#include "value/special_tuple.h"

#include "base/utf8.h"
#include "value/etf_atom.h"

namespace pyport::value {
namespace {

constexpr std::size_t kHandleBytes = 16;

bool binary_at(const std::uint8_t* at, ByteSpan& bytes) {
  if (*at != etf::kBinary) return false;
  bytes = {at + 5, load_u32(at + 1)};
  return true;
}

const std::uint8_t* end_of(ByteSpan bytes) { return bytes.data() + bytes.size(); }

}  // namespace

SpecialTuple special_tuple(const std::uint8_t* at) {
  using Kind = SpecialTuple::Kind;
  const std::uint8_t* const start = at;
  if (at[0] != etf::kSmallTuple || at[1] < 2 || at[1] > 3 || !is_atom_tag(at[2])) return {};
  const std::uint8_t arity = at[1];
  const AtomView tag = atom_at(at + 2);
  at += 2 + tag.size;
  SpecialTuple found;
  if (arity == 2 && tag.name == "bytes") {
    if (!binary_at(at, found.first)) return {};
    found.kind = Kind::bytes;
    found.size = static_cast<std::size_t>(end_of(found.first) - start);
  } else if (arity == 3 && tag.name == "py_object") {
    if (!binary_at(at, found.first) || !binary_at(end_of(found.first), found.second)) return {};
    if (!is_utf8(found.first)) return {};
    found.kind = Kind::object;
    found.size = static_cast<std::size_t>(end_of(found.second) - start);
  } else if (arity == 3 && tag.name == "$pyport_dict") {
    if (!is_atom_tag(*at)) return {};
    if (!binary_at(at + atom_at(at).size, found.first) || found.first.size() != kHandleBytes) return {};
    found.kind = Kind::handle;
    found.size = static_cast<std::size_t>(end_of(found.first) - start);
  }
  return found;
}

}  // namespace pyport::value
