// Walking over validated ETF without recursion: a term is finished when no announced term is left.
#include "etf/reader.h"
#include "etf/tags.h"

namespace pyport::etf {
namespace {

// Bytes of the atom (tag included) at `at`.
std::size_t atom_size(const std::uint8_t* at) {
  const bool small = at[0] == kSmallAtomUtf8 || at[0] == kSmallAtomLatin1;
  return small ? std::size_t{2} + at[1] : std::size_t{3} + load_u16(at + 1);
}

// Bytes of a reference with a word count: `creation` bytes of it come after the node.
std::size_t reference_size(const std::uint8_t* at, std::size_t creation) {
  return 3 + atom_size(at + 3) + creation + std::size_t{4} * load_u16(at + 1);
}

std::size_t export_size(const std::uint8_t* at) {
  const std::size_t module = atom_size(at + 1);
  return 1 + module + atom_size(at + 1 + module) + 2;
}

}  // namespace

TermHead term_head(const std::uint8_t* at) {
  switch (at[0]) {
    case kSmallInteger:
      return {2};
    case kInteger:
      return {5};
    case kNewFloat:
      return {9};
    case kNil:
      return {1};
    case kSmallAtomUtf8:
    case kSmallAtomLatin1:
    case kAtomUtf8:
    case kAtomLatin1:
      return {atom_size(at)};
    case kBinary:
      return {std::size_t{5} + load_u32(at + 1)};
    case kString:
      return {std::size_t{3} + load_u16(at + 1)};
    case kBitBinary:
      return {std::size_t{6} + load_u32(at + 1)};
    case kSmallBig:
      return {std::size_t{3} + at[1]};
    case kLargeBig:
      return {std::size_t{6} + load_u32(at + 1)};
    case kSmallTuple:
      return {2, at[1]};
    case kLargeTuple:
      return {5, load_u32(at + 1)};
    case kList:
      return {5, std::uint64_t{load_u32(at + 1)} + 1};
    case kMap:
      return {5, std::uint64_t{load_u32(at + 1)} * 2};
    case kPid:
      return {1 + atom_size(at + 1) + 9};
    case kNewPid:
    case kV4Port:
      return {1 + atom_size(at + 1) + 12};
    case kPort:
    case kReference:
      return {1 + atom_size(at + 1) + 5};
    case kNewPort:
      return {1 + atom_size(at + 1) + 8};
    case kNewReference:
      return {reference_size(at, 1)};
    case kNewerReference:
      return {reference_size(at, 4)};
    case kNewFun:
      return {std::size_t{1} + load_u32(at + 1)};
    default:  // kExport: validated terms have no other tag
      return {export_size(at)};
  }
}

std::size_t term_size(ByteSpan bytes) {
  const std::uint8_t* at = bytes.data();
  for (std::uint64_t pending = 1; pending > 0; --pending) {
    const TermHead next = term_head(at);
    at += next.bytes;
    pending += next.terms;
  }
  return static_cast<std::size_t>(at - bytes.data());
}

}  // namespace pyport::etf
