// Which segment holds an entry: eight that grow from 8 to 512 entries, then as many of 1024 as it takes. So a
// small dict is small, and a large one grows without moving anything.
//
// Thread safety: pure functions.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>

#include "table/layout.h"

namespace pyport::table {

inline constexpr std::uint64_t kFullSegment = 1024;
inline constexpr std::uint64_t kMostEntries = 0xfffffff0;

struct EntryPlace {
  std::size_t segment;
  std::size_t index;
};

constexpr EntryPlace place_of(std::uint64_t entry) {
  if (entry < 8) return {0, static_cast<std::size_t>(entry)};
  if (entry >= kFullSegment)
    return {kFirstSegments + static_cast<std::size_t>((entry - kFullSegment) / kFullSegment),
            static_cast<std::size_t>(entry % kFullSegment)};
  const auto width = static_cast<std::size_t>(std::bit_width(entry));
  return {width - 3, static_cast<std::size_t>(entry - (std::uint64_t{1} << (width - 1)))};
}

constexpr std::size_t segment_entries(std::size_t segment) {
  if (segment == 0) return 8;
  return segment < kFirstSegments ? std::size_t{8} << (segment - 1) : kFullSegment;
}
constexpr std::size_t segment_bytes(std::size_t segment) { return segment_entries(segment) * sizeof(Entry); }

// How many segments hold so many entries.
constexpr std::size_t segments_for(std::uint64_t entries) {
  return entries == 0 ? 0 : place_of(entries - 1).segment + 1;
}

static_assert(place_of(7).segment == 0 && place_of(8).segment == 1 && place_of(15).index == 7);
static_assert(place_of(16).segment == 2 && place_of(1023).segment == 7 && place_of(1023).index == 511);
static_assert(place_of(1024).segment == 8 && place_of(1024).index == 0 && place_of(2048).segment == 9);

}  // namespace pyport::table
