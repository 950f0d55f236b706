// What lies in the table's file, and where. All of it is reached by offsets from the file's start.
//
//   | superblock | processes | directory of dict chunks | slots of processes | bitmap of free pages | page
//   descriptors | data ... |
//
// The places of the parts depend on max_table_bytes alone, and are never stored: a damaged file cannot move
// them. Backing memory is there only as far as fallocate has gone; nothing beyond is ever touched.
//
// Data is divided into pages of 4 KiB. A run of pages is one large block, a slab of small blocks of one size
// class, or a chunk of dict headers. A block is a header and its payload:
//
//   | check u32 | state u32 | size u32 | meta u32 | payload ...
//
//   check  of the block's offset, its size and its tag: damage, and pointers to elsewhere, show
//   state  free; held by a process; used by a dict; retired: unlinked, but readers have it pinned
//   meta   the value's tag, and how many readers have it pinned
//
// All words are atomics: other processes, and threads that look whether a lock's holder lives, read them.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace pyport::table {

using Offset = std::uint64_t;  // from the start of the file; 0 is nowhere
using Word = std::atomic<std::uint64_t>;
using Half = std::atomic<std::uint32_t>;
static_assert(Word::is_always_lock_free && sizeof(Word) == 8, "words are shared with other processes");
static_assert(Half::is_always_lock_free && sizeof(Half) == 4, "words are shared with other processes");

inline constexpr std::uint64_t kFileMagic = 0x31656c6261747970;  // "pytable1"
inline constexpr std::uint64_t kLayoutVersion = 4;

inline constexpr std::size_t kPageBytes = 4096;
inline constexpr std::size_t kHeaderBytes = 16;
inline constexpr std::size_t kSlots = 256;     // processes attached at once
inline constexpr std::size_t kSpareSlots = 4;  // the last of them: to sweep from when all others are taken
inline constexpr std::size_t kLanes = 8;       // operations under way at once in a process
inline constexpr std::size_t kRecords = 512;   // blocks that a process has pinned or is preparing
inline constexpr std::size_t kClasses = 31;    // of small blocks
inline constexpr std::size_t kChunks = 65536;  // of dict headers
inline constexpr std::size_t kDictsInChunk = 64;

// ---- Blocks

enum class BlockState : std::uint32_t { free = 1, held = 2, used = 3, retired = 4 };

struct BlockHeader {
  Half check;
  Half state;  // BlockState and, below it, the slot or the number of the dict
  Half size;   // of the payload that was asked for
  Half meta;   // tag in the lower half, pins in the upper
};
static_assert(sizeof(BlockHeader) == kHeaderBytes);

inline constexpr std::uint32_t kIdBits = 29;
inline constexpr std::uint32_t kIdMask = (1U << kIdBits) - 1;
constexpr std::uint32_t block_state(BlockState state, std::uint32_t id) {
  return (static_cast<std::uint32_t>(state) << kIdBits) | (id & kIdMask);
}

// ---- Pages

enum class RunKind : std::uint8_t { free = 0, large = 1, slab = 2, chunk = 3, inner = 4 };

struct PageDescriptor {
  Word word;  // of a run's first page: kind, size class, pages; of its others: how far the first is; 0: free
  Half free_head;  // slab: first free block, counted from 1
  Half free_count;
  Half next;  // slab: neighbours in the list of slabs of this class with free blocks; page + 1
  Half prev;
  std::uint64_t unused;
};
static_assert(sizeof(PageDescriptor) == 32);

// ---- Processes

// A change of several words, written down before it is made, so that whoever comes after a kill can make it.
struct Redo {
  Word at;  // offset of a word; the lowest bit set: of a half word
  Word value;
};
inline constexpr std::size_t kRedo = 26;

enum Phase : std::uint32_t {
  kPreparing = 0,  // `fresh` blocks have no place yet: they are given back
  kCommitted = 1,  // the redo list is to be carried out
  kDone = 2        // it was; `stale` blocks are to be given back
};

inline constexpr std::size_t kHandBlocks = 4;
inline constexpr std::size_t kHandLocks = 5;

// What one operation has in its hand.
struct alignas(64) Hand {
  Half phase;
  Half redo_count;
  std::array<Word, kHandLocks> lock;    // offsets of the locks that it holds or waits for, outermost first
  std::array<Word, kHandBlocks> fresh;  // blocks on their way to a place
  std::array<Word, kHandBlocks> stale;  // blocks that have lost their place
  Word fresh_list;                      // a block with a list of more of them
  Word stale_list;
  Word redo_more;  // a block with the entries that `redo` has no room for
  Word moving;     // a block on its way from a list to where it is given back
  std::array<Redo, kRedo> redo;
};

inline constexpr std::size_t kMagazineBlocks = 16;

// Blocks of one size class, held by a process and ready for use.
struct Magazine {
  Word count;
  std::array<Word, kMagazineBlocks> block;
};
inline constexpr std::size_t kMagazines = 19;  // the classes up to 1 KiB

struct alignas(64) Lane {
  Hand hand;
  std::array<Magazine, kMagazines> magazine;
};

enum class RecordKind : std::uint32_t { pinned = 1, prepared = 2 };

// A block that the process holds beyond one operation.
struct Record {
  Word block;
  Word info;  // RecordKind in the upper half, the dict's number in the lower
};

enum SlotState : std::uint32_t { kSlotFree = 0, kSlotTaken = 1 };

// Who has a slot. All of these are always backed, a Slot only when it was ever taken.
struct ProcessEntry {
  Half state;
  Half pid;
  Word start_time;  // start_word() in process_identity.h
};
static_assert(kSlots * sizeof(ProcessEntry) == kPageBytes);

struct alignas(kPageBytes) Slot {
  std::array<Lane, kLanes> lane;
  std::array<Record, kRecords> record;
};

// ---- Dicts

enum DictState : std::uint32_t {
  kDictFree = 0,
  kDictLive = 1,
  kDictDead = 2,    // destroyed; its contents are still to be given back
  kDictCorrupt = 3  // found damaged and set aside
};

inline constexpr std::size_t kFirstSegments = 8;
inline constexpr std::size_t kDictName = 64;  // bytes

enum DictFlag : std::uint32_t {
  kDictIdle = 1,      // its `ttl` begins anew with every use of a key
  kDictWatched = 2,   // changes are written to `ring`
  kDictIsList = 4,    // its keys are 0, 1, 2, ...
  kDictLimited = 16,  // `ttl` or `max_value_bytes` is to be looked at
  kDictTracked = 32   // `last_use` is kept
};

struct alignas(256) DictHeader {
  Half check;
  Half number;
  Half lock;
  Half state;
  std::array<Word, 2> handle;
  Word live;    // keys
  Word bytes;   // of keys and values
  Word used;    // entries, dead ones included
  Word pinned;  // values that readers hold
  Word slots;   // block of halves: entry + 1; hash table over the entries
  Word slots_mask;
  Word directory;  // block of words: segments from the ninth on
  Word directory_capacity;
  std::array<Word, kFirstSegments> segment;  // blocks of entries
  Half next;                                 // in the list of free or of dead dicts; number + 1
  Half flags;                                // DictFlag; constant while nobody has the lock
  Half wake;                                 // futex: who waits for a change sets the lowest bit
  Half unused;
  Word version;  // goes on with every change of what is above from `live` to `segment`; odd while it is made
  Word changes;  // the number of the latest change; the next dict in this header goes on from there
  Word cells;    // not 0: some of the values are or were cells

  // What few dicts use, and what few operations look at.
  Word reclaimed;              // dead: entries given back
  Word created;                // nanoseconds since 1970
  Word last_use;               // nanoseconds since 1970, to a second; of kDictTracked
  Word owner;                  // DictOwner; in the upper half the slot or the header that ends it, + 1
  std::array<Word, 2> parent;  // handle of the dict that it ends with; 0: of none
  Word ttl;                    // nanoseconds that a key lives if nobody says otherwise; 0: for ever
  Word max_value_bytes;        // 0: what the table allows
  Word first_deadline;         // CLOCK_MONOTONIC; no key expires before it; 0: none expires
  Word next_deadline;          // the same of the keys that were put since they were last looked for
  Word timed_puts;             // as many as that
  Word ring;                   // block of bytes: the latest changes
  Word ring_begin;             // of what is in there; counts bytes ever written
  Word ring_end;
  Word name_length;  // bytes; 0: it has no name
  std::array<Word, kDictName / 8> name;

  // Guarded by the index's lock: index_kin.cc has the picture. Numbers + 1; 0: none.
  Half first_child;   // of the dicts that end with this one
  Half next_sibling;  // in the list of what ends with the same process or dict
  Half previous_sibling;
  Half unused_too;
  Word watched_until;  // nanoseconds of CLOCK_MONOTONIC; who watches it puts this off (kDictWatched)
};
static_assert(sizeof(DictHeader) == 512);

// kKeyNone: of a dead entry; all from the one that key[0] names up to it are dead, too.
enum KeyKind : std::uint32_t { kKeyInteger = 1, kKeyShort = 2, kKeyBlock = 3, kKeyNone = 4 };
inline constexpr std::size_t kShortKey = 16;

struct Entry {
  Word value;  // 0: dead; see value_word.h
  Half hash;
  Half key_info;  // KeyKind in the upper half; length of a short key
  std::array<Word, 2> key;
  Word stamp;  // the change by which it got its value
};
static_assert(sizeof(Entry) == 40);

// ---- Superblock

// Padding keeps what different processes write apart.
// NOLINTNEXTLINE(clang-analyzer-optin.performance.Padding)
struct Superblock {
  Word magic;
  Word version;
  Word max_table_bytes;
  Word max_dict_bytes;
  Word max_dict_keys;
  Word max_key_bytes;
  Word max_dicts;
  Word seed0;
  Word seed1;
  Word pid_namespace;
  Word constants_check;  // of all above

  alignas(64) Half slots_lock;
  alignas(64) Half repair_lock;
  alignas(64) Half index_lock;
  alignas(64) Half heap_lock;
  alignas(64) Word repairs;

  // Guarded by index_lock; index, index_mask and index_changes are read without it.
  alignas(64) Word index;  // block of halves: number of a dict + 1; hash table over the handles
  Word index_mask;
  Word index_changes;
  Word index_used;  // dead places included
  Word dicts;
  Word chunks;
  Half free_dict;    // number + 1
  Half dead_dict;    // number + 1
  Half some_expire;  // not 0: there may be keys that expire; futex

  // Guarded by heap_lock; all of it but `pages` can be found out from the pages.
  alignas(64) Word pages;  // of data with memory behind them
  Word free_pages;
  Word free_block_bytes;                       // in slabs
  Word first_free;                             // no page before this is free
  std::array<Half, kClasses> slabs_with_room;  // page + 1

  // Guarded by index_lock: for each slot the first of the dicts that end with its process; number + 1
  alignas(64) std::array<Half, kSlots> first_dict;

  alignas(64) Half watch_wake;  // who waits for changes of any dict that is watched (wake_word.h)
};
static_assert(sizeof(Superblock) <= kPageBytes);

// ---- Places

struct Geometry {
  std::uint64_t processes = 0, directory = 0, slots = 0, bitmap = 0, descriptors = 0, data = 0, end = 0;
  std::uint32_t max_pages = 0;

  explicit Geometry(std::uint64_t max_table_bytes);
  Geometry() = default;
};

constexpr std::uint64_t round_up(std::uint64_t value, std::uint64_t step) {
  return (value + step - 1) / step * step;
}

inline Geometry::Geometry(std::uint64_t max_table_bytes)
    : max_pages(static_cast<std::uint32_t>(max_table_bytes / kPageBytes)) {
  processes = kPageBytes;
  directory = processes + kPageBytes;
  slots = directory + kChunks * sizeof(Word);
  bitmap = slots + kSlots * sizeof(Slot);
  descriptors = round_up(bitmap + max_pages / 8 + 8, kPageBytes);
  data = round_up(descriptors + std::uint64_t{max_pages} * sizeof(PageDescriptor), kPageBytes);
  end = data + std::uint64_t{max_pages} * kPageBytes;
}

}  // namespace pyport::table
