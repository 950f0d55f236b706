// The index of a table: handle -> number of a dict, and the dicts' headers.
//
//   index     | number + 1 | empty | number + 1 | left | ...    open addressing, linear probing
//   chunks    | 64 headers | 64 headers | ...                    never moved, never given back
//
// A search takes no lock. It may go through an index that was just replaced, and so miss what is there: then
// `index_changes` has changed meanwhile and it searches again. What it finds may have just been destroyed:
// who uses the dict looks at its header under its lock.
//
// The headers also say which dicts end with a process or with another dict (index_kin.cc).
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
  // Errc::gone when there is no such parent; Errc::corrupt.
  Status add(Operation& operation, const HandleWords& handle, const NewDict& wanted);
  // Adds to the operation's change: the dict is dead and has no place. It stays in its list of kin. REQUIRES:
  // its lock is held.
  void remove(Operation& operation, Half& place, DictHeader& header);
  // Adds to the operation's change: the dict that has this place gets a new, empty header, and `header` is
  // dead. REQUIRES: make_room; its lock is held. Errc::corrupt.
  Status renew(Operation& operation, Half& place, DictHeader& header);
  // Commits: a dead and empty dict's header may be used again. REQUIRES: its lock is held.
  void recycle(Operation& operation, DictHeader& header);

  // What ends with what (index_kin.cc). What links say is checked; where that is damaged, all headers are
  // looked at.
  //
  // The dict that `header` ends with; null: with none.
  DictHeader* parent_of(const DictHeader& header) const;
  // Some dict that ends with this one, or with the process of that slot; null: there is none.
  DictHeader* first_child(const DictHeader& header) const;
  DictHeader* first_of_process(std::uint32_t slot) const;
  static DictOwner owner_of(const DictHeader& header);
  // What `owner` says of a dict that ends with this slot's process, or with the dict of this number.
  static std::uint64_t owner_word(DictOwner owner, std::uint32_t which) {
    return static_cast<std::uint64_t>(owner) | (std::uint64_t{which} + 1) << 32;
  }
  // It ends with a process that has a slot.
  bool is_of_process(const DictHeader& header) const;
  // It stands in a list.
  bool has_kin(const DictHeader& header) const { return list_of(header) != nullptr; }
  // `header` is `ancestor`, or ends with it, however many lie between.
  bool ends_with(const DictHeader& header, const DictHeader& ancestor) const;
  // Adds to the operation's change: the dict leaves its list, and comes into that of another owner.
  void unlink(Operation& operation, DictHeader& header) const;
  void move_to_parent(Operation& operation, DictHeader& header, const DictHeader& parent) const;
  void move_to_process(Operation& operation, DictHeader& header) const;
  void move_to_node(Operation& operation, DictHeader& header) const;

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
  // The free header is an empty dict that the change makes live.
  void take_header(Operation& operation, DictHeader& dict, const HandleWords& handle);
  // The next that is free; null: what says so is damaged.
  DictHeader* free_header() const;
  static void describe(DictHeader& header, const NewDict& wanted);
  static void copy_description(const DictHeader& from, DictHeader& to);
  void hand_over_ring(Operation& operation, DictHeader& from, DictHeader& to);
  // What is in a header is left to be given back.
  void leave(Operation& operation, DictHeader& header);

  // The head of the list that a dict of this owner stands in; null: in none, or it cannot be told.
  Half* list_of(std::uint64_t owner) const;
  Half* list_of(const DictHeader& header) const { return list_of(peek(header.owner)); }
  DictHeader* first_in_list(const Half& head, std::uint64_t owner) const;
  DictHeader* kin(std::uint32_t link, std::uint64_t owner) const;
  void leave_list(Operation& operation, const DictHeader& header) const;
  void move(Operation& operation, DictHeader& header, std::uint64_t owner, const HandleWords& parent) const;
  // As part of add: the new header, which nobody sees yet, comes into the list of its owner.
  Status link_new(Operation& operation, DictHeader& header, const NewDict& wanted) const;
  // As part of renew: `to` takes the place of `from` in its list.
  void replace_in_list(Operation& operation, DictHeader& from, DictHeader& to) const;

  const Mapping& mapping_;
  Heap& heap_;
};

}  // namespace pyport::table
