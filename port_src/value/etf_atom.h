// What the transcoder asks about atoms in validated ETF, in any of their four encodings.
//
// Thread safety: pure functions.
#pragma once

#include <string_view>

#include "base/bytes.h"
#include "etf/tags.h"

namespace pyport::value {

struct AtomView {
  std::string_view name;  // UTF-8, or Latin-1 when `latin1`
  bool latin1 = false;
  std::size_t size = 0;  // of the whole term
};

inline bool is_atom_tag(std::uint8_t tag) {
  return tag == etf::kSmallAtomUtf8 || tag == etf::kAtomLatin1 || tag == etf::kAtomUtf8 ||
         tag == etf::kSmallAtomLatin1;
}

// REQUIRES: is_atom_tag(at[0]).
inline AtomView atom_at(const std::uint8_t* at) {
  const bool small = at[0] == etf::kSmallAtomUtf8 || at[0] == etf::kSmallAtomLatin1;
  const std::size_t header = small ? 2 : 3;
  const std::size_t size = small ? at[1] : load_u16(at + 1);
  return {as_text({at + header, size}), at[0] == etf::kAtomLatin1 || at[0] == etf::kSmallAtomLatin1,
          header + size};
}

inline bool is_none(std::string_view atom) { return atom == "none" || atom == "nil" || atom == "undefined"; }

}  // namespace pyport::value
