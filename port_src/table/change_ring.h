// The latest changes of a dict that is watched, in a block of its own.
//
//   | ... | record | record | ... |        words; the positions begin and end count all bytes ever written
//
//   record   size u32, kind u8, key's kind u8, padding u8 | stamp | key, padded to whole words
//
// A record is written behind the end, which the redo list of the change then moves: so it is there exactly
// when the change is. The oldest make room for it before it is written. What does not fit (a key of many
// kilobytes, a batch larger than the ring) is lost, with all before it: the ring is then empty, and who reads
// it sees by his position that he has missed something.
//
// Thread safety: REQUIRES the dict's lock; name_of(), has_key() and parse_changes() are pure
// functions.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "table/block.h"
#include "table/expect.h"
#include "table/key.h"
#include "table/layout.h"

namespace pyport::table {

enum class ChangeKind : std::uint8_t {
  put = 1,
  erased = 2,
  expired = 3,   // erased, since its time was over
  cleared = 4,   // all keys were erased
  overflow = 5,  // changes were missed
};

// By which users know it.
std::string_view name_of(ChangeKind kind);
// Otherwise it is a change of all keys, or of nobody knows which.
constexpr bool has_key(ChangeKind kind) {
  return kind != ChangeKind::cleared && kind != ChangeKind::overflow;
}

struct DictChange {
  ChangeKind kind = ChangeKind::overflow;
  Stamp stamp = 0;  // of the key, or the number of the change by which it went; overflow: 0
  Key key = std::int64_t{0};
};

class ChangeRing {
 public:
  // Of the block's payload: all of a run of pages.
  static constexpr std::uint64_t kBytes = (std::uint64_t{64} << 10) - kHeaderBytes;
  static constexpr std::uint64_t kMostRecord = kBytes / 8;
  // How far positions jump where something was lost.
  static constexpr std::uint64_t kGap = sizeof(Word);

  // REQUIRES: the block has kBytes; `header` has where the ring begins and ends.
  ChangeRing(const Block& block, DictHeader& header);

  // One more change, on its way.
  void write(ChangeKind kind, Stamp stamp, const KeyView& key);
  // Instead: all that there is, and this change, is to be missed.
  void lose() { lost_ = true; }
  // Where the ring begins and ends with what was written.
  std::uint64_t begin() const { return lost_ ? committed_ + kGap : begin_; }
  std::uint64_t end() const { return lost_ ? committed_ + kGap : end_; }

  // What is written from `position` on, at most `most` bytes of it, but at least one record. REQUIRES: it is
  // a position between the header's begin and end. Throws std::bad_alloc.
  std::vector<std::uint64_t> read(std::uint64_t position, std::size_t most) const;

 private:
  Word& word(std::uint64_t position) const { return block_.word(position % kBytes / sizeof(Word)); }
  // Of the record there; 0: it is damaged.
  std::uint64_t size_at(std::uint64_t position) const;
  bool make_room(std::uint64_t size);

  const Block block_;
  DictHeader& header_;
  const std::uint64_t committed_;  // the end, as far as others know
  std::uint64_t begin_;
  std::uint64_t end_;
  bool lost_ = false;
};

// What read() gave. Throws std::bad_alloc.
std::vector<DictChange> parse_changes(const std::vector<std::uint64_t>& words);

}  // namespace pyport::table
