// What a table may hold. Kept in its file by who creates it; all that attach obey it.
//
// Thread safety: values.
#pragma once

#include <cstdint>

namespace pyport::table {

inline constexpr std::uint64_t kMostKeyBytes = std::uint64_t{1} << 30;

struct Limits {
  std::uint64_t max_table_bytes = std::uint64_t{8}
                                  << 30;      // of the file; address space of this size is reserved
  std::uint64_t max_dict_bytes = UINT64_MAX;  // key and value bytes in one dict
  std::uint64_t max_dict_keys = UINT64_MAX;   // at most 2^32 - 2
  std::uint64_t max_key_bytes = std::uint64_t{1} << 20;  // at most 1 GiB
  std::uint64_t max_dicts = UINT64_MAX;                  // at most 4,194,304
};

}  // namespace pyport::table
