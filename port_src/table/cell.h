// A cell: the value of a key that is a 64-bit integer, which any number of processes change at once without a
// lock.
//
//   | number | owner | head | tail |     the payload of a block of the dict
//
// number and owner are changed together, by one compare-and-swap of 16 bytes that succeeds only while the
// owner is the one that was found. So a change that comes late cannot reach memory that has become somebody
// else's, and whoever holds the dict's lock can freeze a cell: nobody changes it until it is thawed, or for
// ever when it loses its place. A frozen cell that is found under the lock was left by a process that was
// killed: it is thawed. A cell of a dict that is watched is guarded: it is changed under the lock alone, as
// each change has to be told. To readers a cell is bytes: head, the number as eight little-endian bytes,
// tail.
//
// Thread safety: all of it, but where the dict's lock is required.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

#include "base/bytes.h"
#include "table/crash_point.h"
#include "table/double_word.h"
#include "table/expect.h"
#include "table/layout.h"

namespace pyport::table {

// How integers look among the values of a table. The layer above says it.
struct NumberForm {
  // The number that the bytes say, if they are an integer of 64 bits.
  std::optional<std::int64_t> (*number_of)(std::uint32_t tag, ByteSpan bytes);
  ByteSpan head, tail;  // at most 7 bytes each
  // Of a value that is head, number (8 bytes, the least first) and tail: one that the above reads, too.
  std::uint32_t tag;
};

enum class CellOp : std::uint8_t { add, sub, bor, bxor, band, swap, compare_and_swap };

// What is to be done with a number. `expected` is compare_and_swap's: another number stays as it is.
struct CellChange {
  CellOp op = CellOp::add;
  std::int64_t operand = 0;
  std::int64_t expected = 0;
};

enum class CellResult : std::uint8_t {
  done,
  overflow,     // the number would not fit 64 bits; it stays
  not_a_number  // the key has a value of another kind
};

struct CellOutcome {
  CellResult result = CellResult::done;
  std::int64_t before = 0;
  std::int64_t after = 0;
};

inline constexpr std::uint32_t kCellTag = 0xfffe;  // of what readers get
inline constexpr std::size_t kCellText = 7;

// The number after the change; false when it does not fit. Here and below, what the fastest path is made of
// is inlined and gives what it finds by reference: a std::optional on the way costs more than all the rest.
[[gnu::always_inline]] inline bool apply(const CellChange& change, std::int64_t number, std::int64_t& after) {
  switch (change.op) {
    case CellOp::add:
      return !__builtin_add_overflow(number, change.operand, &after);
    case CellOp::sub:
      return !__builtin_sub_overflow(number, change.operand, &after);
    case CellOp::bor:
      after = number | change.operand;
      return true;
    case CellOp::bxor:
      after = number ^ change.operand;
      return true;
    case CellOp::band:
      after = number & change.operand;
      return true;
    case CellOp::compare_and_swap:
      after = number == change.expected ? change.operand : number;
      return true;
    case CellOp::swap:
      break;
  }
  after = change.operand;
  return true;
}
inline std::optional<std::int64_t> applied(const CellChange& change, std::int64_t number) {
  std::int64_t after = 0;
  return apply(change, number, after) ? std::optional(after) : std::nullopt;
}

class Cell {
 public:
  static constexpr std::uint64_t kFrozen = 1;
  static constexpr std::uint64_t kGuarded = 2;
  static constexpr std::uint64_t kMarks = kFrozen | kGuarded;
  // What readers get is this long at most.
  static constexpr std::size_t kMostBytes = sizeof(std::int64_t) + 2 * kCellText;

  // `owner` has no mark but perhaps kGuarded, is else not 0, and no other cell's. REQUIRES: nobody else sees
  // it.
  void make(std::int64_t number, std::uint64_t owner, const NumberForm& form) {
    draft(number_, static_cast<std::uint64_t>(number));
    draft(owner_, owner);
    draft(head_, packed(form.head));
    draft(tail_, packed(form.tail));
  }

  std::uint64_t owner() const { return owner_.load(std::memory_order_acquire); }
  std::int64_t number() const { return static_cast<std::int64_t>(number_.load(std::memory_order_acquire)); }
  Word& number_word() { return number_; }

  // Nothing when it is frozen or guarded, or is not that owner's (any more).
  std::optional<CellOutcome> change(std::uint64_t owner, const CellChange& change) {
    CellOutcome outcome;
    return try_change(owner, change, outcome) ? std::optional(outcome) : std::nullopt;
  }
  // The same: false when change() would give nothing.
  [[gnu::always_inline]] bool try_change(std::uint64_t owner, const CellChange& change,
                                         CellOutcome& outcome) {
    for (;;) {
      outcome.before = number();
      if (this->owner() != owner) return false;
      if (!apply(change, outcome.before, outcome.after)) {
        outcome.result = CellResult::overflow;
        outcome.after = outcome.before;
        return true;
      }
      if (swap_both(outcome.before, owner, outcome.after, owner)) {
        outcome.result = CellResult::done;
        return true;
      }
    }
  }

  // These: REQUIRES: the dict's lock.
  void freeze() { mark(kFrozen, 0); }
  void thaw() { mark(0, kFrozen); }
  void guard() { mark(kGuarded, 0); }
  void unguard() { mark(0, kMarks); }
  bool frozen() const { return (owner() & kFrozen) != 0; }

  // The bytes that readers get; so many that were written.
  std::size_t text(std::uint8_t* out) const {
    std::size_t size = unpacked(peek(head_), out);
    const auto number = static_cast<std::uint64_t>(this->number());
    for (int shift = 0; shift < 64; shift += 8) out[size++] = static_cast<std::uint8_t>(number >> shift);
    return size + unpacked(peek(tail_), out + size);
  }
  std::size_t text_size() const {
    return sizeof(std::int64_t) + text_length(peek(head_)) + text_length(peek(tail_));
  }

 private:
  // | bytes 7..1 | length |
  static std::uint64_t packed(ByteSpan bytes) {
    std::uint64_t word = bytes.size();
    for (std::size_t i = 0; i < bytes.size(); ++i) word |= std::uint64_t{bytes[i]} << (8 * (i + 1));
    return word;
  }
  static std::size_t text_length(std::uint64_t word) {
    return (word & 0xff) <= kCellText ? word & 0xff : kCellText;
  }
  static std::size_t unpacked(std::uint64_t word, std::uint8_t* out) {
    const std::size_t size = text_length(word);
    for (std::size_t i = 0; i < size; ++i) out[i] = static_cast<std::uint8_t>(word >> (8 * (i + 1)));
    return size;
  }

  void mark(std::uint64_t set, std::uint64_t cleared) {
    for (;;) {
      const std::int64_t before = number();
      const std::uint64_t owner = this->owner();
      const std::uint64_t wanted = (owner | set) & ~cleared;
      if (owner == wanted || swap_both(before, owner, before, wanted)) return;
    }
  }

  [[gnu::always_inline]] bool swap_both(std::int64_t number, std::uint64_t owner, std::int64_t new_number,
                                        std::uint64_t new_owner) {
    crash_point("cell.swap", false);
    const bool swapped = swap_double_word(this, {static_cast<std::uint64_t>(number), owner},
                                          {static_cast<std::uint64_t>(new_number), new_owner});
    crash_point("cell.swap", true);
    return swapped;
  }

  alignas(16) Word number_;
  Word owner_;
  Word head_;
  Word tail_;
};
static_assert(sizeof(Cell) == 32);

// Of a key that is a cell: another one for each number that it has, though not a later one.
inline Stamp cell_stamp(Stamp made, std::int64_t number) {
  std::uint64_t mixed = made ^ (static_cast<std::uint64_t>(number) * 0x9e3779b97f4a7c15);
  mixed ^= mixed >> 32;
  return (mixed * 0xd6e8feb86659fd93) | (std::uint64_t{1} << 63);
}

}  // namespace pyport::table
