// What a read without a lock saw of a key, to be compared with what is there later.
//
// Thread safety: values.
#pragma once

#include <cstdint>

namespace pyport::table {

struct Sighting {
  std::uint64_t version = 0;  // of the dict: as long as it is the same, entries stay where they are
  std::uint64_t entry = 0;    // the key's, as an offset in the file; 0 when there was none
  std::uint64_t word = 0;     // its value's: another inline value changes this alone
};

}  // namespace pyport::table
