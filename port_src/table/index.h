// The index of a table: handle -> number of a dict, and the dicts' headers.
//
//   index     | number + 1 | empty | number + 1 | left | ...    open addressing, linear probing
//   chunks    | 64 headers | 64 headers | ...                    never moved, never given back
//
// A search takes no lock. It may go through an index that was just replaced, and so miss what is there: then
// `index_changes` has changed meanwhile and it searches again. What it finds may have just been destroyed:
// who uses the dict looks at its header under its lock.
//
// Thread safety: find, header and number_of_headers: all of it. The rest REQUIRES: index_lock is held by the
// operation.
#pragma once

#include <cstdint>
#include <cstring>
#include <optional>

#include "table/handle.h"
#include "table/heap.h"
#include "table/new_dict.h"

namespace pyport::table {

using HandleWords = std::array<std::uint64_t, 2>;
inline HandleWords words_of(const Handle& handle) {
  HandleWords words;
  std::memcpy(words.data(), handle.bits.data(), sizeof words);
  return words;
}
Handle handle_of(const DictHeader& header);
inline bool has_handle(const DictHeader& header, const HandleWords& handle) {
  return peek(header.handle[0]) == handle[0] && peek(header.handle[1]) == handle[1];
}

class Index {
 public:
  Index(const Mapping& mapping, Heap& heap) : mapping_(mapping), heap_(heap) {}

  enum class Search : std::uint8_t { found, missing, try_again };
  // Without a lock. try_again: someone is changing the index, or died doing so; search under the lock.
  Search find(const HandleWords& handle, std::uint32_t& number) const;

  // Null for a number that no header has.
  DictHeader* header(std::uint32_t number) const;
  std::uint32_t number_of_headers() const;

  // Under the lock: the place that names the dict; null when there is none.
  Half* find_place(const HandleWords& handle, std::uint32_t& number) const;
  // Makes the index anew when it is damaged. Changes of its own; settled.
  Status make_readable(Operation& operation);
  // Room for one more handle, and a free header. Changes of their own; settled.
  Status make_room(Operation& operation);
  // Adds to the operation's change: the header of this number names `handle` and lives. REQUIRES: make_room.
  // Errc::corrupt.
  Status add(Operation& operation, const HandleWords& handle, const NewDict& wanted);
  // Adds to the operation's change: the dict is dead and has no place. REQUIRES: its lock is held.
  void remove(Operation& operation, Half& place, DictHeader& header);
  // Adds to the operation's change: the dict that has this place gets a new, empty header, and `header` is
  // dead. REQUIRES: make_room; its lock is held. Errc::corrupt.
  Status renew(Operation& operation, Half& place, DictHeader& header);
  // Commits: a dead and empty dict's header may be used again. REQUIRES: its lock is held.
  void recycle(Operation& operation, DictHeader& header);

 private:
  static constexpr std::uint32_t kLeft = ~std::uint32_t{0};

  Superblock& super() const { return mapping_.superblock(); }
  // Where the chunk begins; 0: there is none.
  Offset chunk(std::uint64_t number) const;
  std::uint64_t number_of_chunks() const;
  std::optional<Block> block(std::uint64_t& mask) const;
  // The header lives, and so has a place in the index.
  bool is_named(std::uint32_t number) const;
  bool is_free(std::uint32_t place) const;
  Status grow(Operation& operation);
  Status add_chunk(Operation& operation);
  bool has_dicts(Offset chunk, std::uint32_t first) const;
  // A free header for an empty dict, which the change makes live.
  DictHeader& take_header(Operation& operation, const HandleWords& handle);
  static void describe(const Operation& operation, DictHeader& header, const NewDict& wanted);
  static void copy_description(const DictHeader& from, DictHeader& to);
  // What is in a header is left to be given back.
  void leave(Operation& operation, DictHeader& header);

  const Mapping& mapping_;
  Heap& heap_;
};

}  // namespace pyport::table
