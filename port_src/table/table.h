// The table of all live dictionaries: handle -> insertion-ordered map of key -> blob, in one file of
// shared memory that several OS processes map.
//
// The table knows neither Python nor Erlang: a key is bytes or a 64-bit integer, a value is a blob of
// bytes with a small tag that the `value` layer gives a meaning to.
//
// A process may be killed at any instruction. What it had acknowledged is there; an operation that it was in
// the middle of is there entirely or not at all; what it held is given back by whoever comes next
// (docs/design.md).
//
// Thread safety: all of Table is safe from any thread and from any number of processes. Every operation on
// one key is atomic and linearizable. No callback runs and nothing is converted or written under a lock.
// Never call with a Python thread state attached, but for the functions `at_once`.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "table/blob.h"
#include "table/child_value.h"
#include "table/expect.h"
#include "table/handle.h"
#include "table/held_cell.h"
#include "table/key.h"
#include "table/limits.h"
#include "table/list_slice.h"
#include "table/names.h"
#include "table/new_dict.h"
#include "table/read_set.h"
#include "table/sighting.h"
#include "table/snapshot.h"
#include "table/wait.h"
#include "table/watch.h"

namespace pyport::table {

struct TableStats {
  std::uint64_t dicts = 0;
  std::uint64_t keys = 0;
  std::uint64_t bytes = 0;       // key bytes + blob bytes; an integer key counts 8
  std::uint64_t used = 0;        // bytes of the file in live blocks, book-keeping included
  std::uint64_t free = 0;        // bytes of the file ready to be used again
  std::uint64_t pinned = 0;      // values that readers hold in place
  std::uint64_t repairs = 0;     // locks taken over from dead processes, and processes given back
  std::uint64_t processes = 0;   // attached now
  std::uint64_t file_bytes = 0;  // size of the file
};

struct DictStats {
  std::uint64_t keys = 0;
  std::uint64_t bytes = 0;
  std::uint64_t pinned = 0;
  std::uint64_t created = 0;   // nanoseconds since 1970
  std::uint64_t last_use = 0;  // the same, to a second; 0: it is not kept
  std::uint64_t ttl = 0;       // nanoseconds; as NewDict says
  bool idle = false;
  std::uint64_t max_value_bytes = 0;
  DictOwner owner = DictOwner::elsewhere;
  std::string name;  // empty: it has none
  Stamp stamp = 0;   // of the keys; see read_set.h
};

// A value and the number of the change by which it got there; without a value the key is not there.
struct Stamped {
  Blob blob;
  Stamp stamp = 0;
};

// What was asked to be taken out of a dict.
struct TakenOut {
  Stamped value;
  bool erased = false;  // false: it is still there, since it was not as expected
};

// What one look tells of a dict.
struct Glimpse {
  std::uint64_t size = 0;
  std::vector<Key> first;  // some of its keys, in order
};

// One of several changes that are made at once: a key gets a value, or goes when the blob is empty.
struct KeyChange {
  KeyView key;
  NewBlob blob;
};

struct AuditReport;  // audit.h

class Table {
 public:
  // A table in anonymous shared memory: for one process and those it forks.
  static Result<std::unique_ptr<Table>> anonymous(const Limits& limits = {});
  // Makes the file, mode 0600. Errc::exists when there is one; Errc::bad_config with what the operating
  // system says; Errc::table_full ("shared memory") when the file system has no room.
  static Result<std::unique_ptr<Table>> create(const std::string& path, const Limits& limits);
  // Maps a file that create() made. Errc::bad_config: no such file, not a table, of another layout version,
  // of another pid namespace, or too many processes attached.
  static Result<std::unique_ptr<Table>> attach(const std::string& path);

  // Detaches: what this process still holds is given back, and dicts that end with it are destroyed. No Blob
  // of it may live.
  ~Table();
  Table(const Table&) = delete;
  Table& operator=(const Table&) = delete;

  // In the child after fork(), before any other call: the child gets its own place in the table. Blobs that
  // the parent held stay the parent's: the child must not touch or release them. Errc::bad_config as attach.
  Status after_fork();

  // Makes an empty dict. Errc::exists when the handle is taken. A handle that was destroyed may be made
  // again: that is a new, empty dict. Errc::gone when its parent is not there; Errc::table_full.
  Status create(const Handle& handle, const NewDict& wanted = {});
  // Ends the dicts, and all that end with them; unknown handles are ignored. Returns how many were there. The
  // memory is given back by reclaim() of any process, so that ending a huge dict stalls nobody. A process
  // that is killed while it ends a dict may leave some of what ends with that one for a later reclaim().
  std::size_t destroy(std::span<const Handle> handles);
  // Makes a dict that ends with its process (whichever that is) end with `parent` instead. Errc::gone when
  // there is not one of the two.
  Result<Adoption> adopt(const Handle& child, const Handle& parent);
  // The reverse: a child of `parent` becomes one that ends with this process. False: it is none (any more).
  Result<bool> disown(const Handle& child, const Handle& parent);

  // Dicts that have a name, and last until they are destroyed; see names.h.
  Result<Opened> open(std::string_view name, const std::optional<NewDict>& wanted, const Handle& fresh);
  Result<bool> remove_name(std::string_view name);
  Result<std::vector<Named>> names() const;

  // Private bytes. Errc::table_full when there is no room.
  Result<BlobWriter> allocate(std::size_t size);

  // All of these: Errc::gone when there is no such dict; an operation that races a destroy either comes
  // before it or gives Errc::gone. Errc::corrupt when the dict's memory is damaged: the dict is set aside and
  // gives that from then on. Errc::busy when a living process holds the dict's lock for seconds, or when an
  // impatient thread (patience.h) would have to wait. An empty Blob when the key is not there.
  Result<Blob> get(const Handle& handle, const KeyView& key) const;
  // The same without any lock: it waits for nobody, and may be called with a Python thread state attached.
  // Gives what it saw. Nothing, and `blob` is empty, when get() is to be asked: the value is larger
  // than kCopiedBytes, or is being changed, or the dict is not to be had. REQUIRES: blob is empty.
  std::optional<Sighting> get_at_once(const Handle& handle, const KeyView& key, Blob& blob) const;
  // True when get_at_once would see the very same again, in a fraction of its time. It may be false without
  // need: when another key of the dict was changed. REQUIRES: it is the sighting of a key that was there, in
  // this table.
  bool is_still_so(const Handle& handle, const Sighting& sighting) const;
  // With `numbers` a cell that is given a number keeps its place, and those who hold it; otherwise it is
  // replaced. Replacing keeps the key's place in the order. Errc::table_full (detail: the limit's name): the
  // dict is then as it was. REQUIRES: blob is not empty.
  Status put(const Handle& handle, const KeyView& key, NewBlob blob, const NumberForm* numbers = nullptr);
  // A value with the tag kChildTag (child_value.h) names a dict. When it is replaced or erased the dict ends,
  // if it ends with this one; who takes it decides what becomes of that dict.
  //
  // True when the key was there.
  Result<bool> erase(const Handle& handle, const KeyView& key);
  // The value with its stamp, under the lock.
  Result<Stamped> get_stamped(const Handle& handle, const KeyView& key) const;
  // The stamp alone; 0 when the key is not there.
  Result<Stamp> stamp(const Handle& handle, const KeyView& key) const;
  // Puts when the key is as expected. Else it gives false, and what is there, if that is asked for.
  Result<bool> put_if(const Handle& handle, const KeyView& key, NewBlob blob, const Expect& expect,
                      Stamped* present = nullptr, const NumberForm* numbers = nullptr);
  // Erases the key when it is as expected; false: it is not, or is not there.
  Result<bool> erase_if(const Handle& handle, const KeyView& key, const Expect& expect);
  // The same, and gives the value in any case.
  Result<TakenOut> take(const Handle& handle, const KeyView& key, const Expect& expect = {});
  // The same for the key that was inserted last, and which that is; no value when the dict is empty.
  Result<TakenOut> take_last(const Handle& handle, Key& key, const Expect& expect = {});
  // Erases all keys at one moment, however many they are; gives how many they were. Their memory is given
  // back by reclaim(). What ends with the dict ends now.
  Result<std::uint64_t> clear(const Handle& handle);

  // Lists: dicts that were made so, with keys 0, 1, 2, ... A put of the next key appends; puts of others that
  // are not there, and the erasing of any but the last, are Errc::bad_key, and so is what follows on other
  // dicts. An index below 0 counts from the end.
  //
  // Appends all at one moment; gives the index of the first.
  Result<std::uint64_t> append(const Handle& handle, std::span<NewBlob> blobs,
                               const NumberForm* numbers = nullptr);
  // Puts it before what has that index; beyond an end, at that end.
  Result<bool> insert_at(const Handle& handle, std::int64_t at, NewBlob blob,
                         const NumberForm* numbers = nullptr);
  // False, an empty Blob or an empty value: there is no such index.
  Result<bool> put_at(const Handle& handle, std::int64_t at, NewBlob blob,
                      const NumberForm* numbers = nullptr);
  Result<Blob> get_at(const Handle& handle, std::int64_t at) const;
  // These two as take and erase_if; those behind it move up. Of the last in constant time.
  Result<TakenOut> take_at(const Handle& handle, std::int64_t at, const Expect& expect = {});
  Result<bool> erase_at(const Handle& handle, std::int64_t at, const Expect& expect = {});
  // Of a slice, at one moment: its elements; values in their place, those behind it move, as in Python; none
  // in their place (how many there were); and the whole list turned round. What moves takes 32 bytes an
  // element meanwhile: Errc::table_full when they are not to be had.
  Result<Snapshot> get_slice(const Handle& handle, const ListSlice& slice) const;
  Result<SlicePut> put_slice(const Handle& handle, const ListSlice& slice, std::span<NewBlob> blobs,
                             const NumberForm* numbers = nullptr);
  Result<std::uint64_t> erase_slice(const Handle& handle, const ListSlice& slice);
  Status reverse(const Handle& handle);

  // Sleeps until the key's stamp is another than `seen` (0: until it is there), and looks at least once. Of a
  // number that is back at what it was when it was seen nothing may be noticed. Errc::gone also when the dict
  // ends meanwhile.
  Result<Waited> wait_change(const Handle& handle, const KeyView& key, Stamp seen,
                             const WaitLimit& limit = {}) const;

  // Watching: every change of the dict from the first call on, in order. The first call, with a new position,
  // gives none. Later ones sleep until there are some, give those, and move the position on. Changes that
  // came too fast, or were not asked for during a minute, are missed: then there is one of kind overflow, and
  // it goes on from the present. Errc::table_full when there is no room for the list of changes. While a dict
  // is watched its numbers are changed under its lock.
  Result<WatchedChanges> wait_changes(const Handle& handle, WatchPosition& position,
                                      const WaitLimit& limit = {}) const;
  // For those who watch many dicts: to be looked at each, one after the other, after mark_any_change();
  // where there may be changes, wait_changes() tells. Then sleep_until_any_change() with what that gave.
  std::uint32_t mark_any_change() const;
  // Without any lock.
  bool may_have_changes(const Handle& handle, const WatchPosition& position) const;
  // Ends the sleeps that there are, and the next of those who have marked it.
  void stir_any_change() const;
  // May end for no reason, and does so at least each second.
  WaitEnd sleep_until_any_change(std::uint32_t marked, const WaitLimit& limit) const;

  // Numbers. A key that is not there counts as 0; its value, or the number that it has, becomes a cell
  // (cell.h) with the first change.
  Result<CellOutcome> change_cell(const Handle& handle, const KeyView& key, const CellChange& change,
                                  const NumberForm& form);
  // The same without any lock. Nothing when change_cell() is to be asked.
  std::optional<CellOutcome> change_cell_at_once(const Handle& handle, const KeyView& key,
                                                 const CellChange& change) const;
  // Empty when the key is no cell. Errc::bad_key when it cannot be one, as it expires, or would.
  Result<HeldCell> hold_cell(const Handle& handle, const KeyView& key);
  // Changes it under the lock, where HeldCell::change could not. Nothing: it is no longer the key's.
  Result<std::optional<CellOutcome>> change_held(const Handle& handle, const KeyView& key,
                                                 const HeldCell& held, const CellChange& change);
  // True when it is still the key's, and now to be read, if it was not for a moment.
  Result<bool> is_held(const Handle& handle, const KeyView& key, const HeldCell& held);
  Result<bool> contains(const Handle& handle, const KeyView& key) const;
  // The same without any lock, as get_at_once. Nothing when contains() is to be asked.
  std::optional<bool> contains_at_once(const Handle& handle, const KeyView& key) const;
  // Many keys, at one moment and in one operation. change_all makes all of the changes or none, also when the
  // process is killed amid it, and gives how many keys were erased; of equal keys the last counts, at the
  // place of the first.
  Result<std::uint64_t> change_all(const Handle& handle, std::span<KeyChange> changes,
                                   const NumberForm* numbers = nullptr);
  // The same, if all that was read before is so still, at the moment of the change; without a change it tells
  // whether that is so.
  Result<Committed> commit(const Handle& handle, const ReadSet& read, std::span<KeyChange> changes,
                           const NumberForm* numbers = nullptr);
  Result<Snapshot> get_many(const Handle& handle, std::span<const KeyView> keys) const;
  // All keys, in insertion order, with their values.
  Result<Snapshot> items(const Handle& handle) const;
  Result<std::uint64_t> size(const Handle& handle) const;
  // The same without any lock. Nothing when size() is to be asked.
  std::optional<std::uint64_t> size_at_once(const Handle& handle) const;
  // The size and at most `most` of the first keys, without any lock: fewer or none of the keys when the dict
  // is being changed, nothing when it is not to be had.
  std::optional<Glimpse> glimpse(const Handle& handle, std::size_t most) const;
  // In insertion order. A deleted and re-inserted key comes last. With the stamp of the keys, if that is
  // asked for.
  Result<std::vector<Key>> keys(const Handle& handle, Stamp* stamp = nullptr) const;
  // True while the dict lives.
  bool alive(const Handle& handle) const;
  Result<DictStats> stats(const Handle& handle) const;

  // Every live dict; of this owner, if one is given.
  std::vector<Handle> handles(std::optional<DictOwner> owner = {}) const;
  TableStats stats() const;

  // Gives back what processes held that died, and destroys the dicts that end with them; returns how many
  // they were. Cheap when none did.
  std::size_t sweep();
  // Frees contents of destroyed dicts, at most `most` entries; false when nothing is left to free. The
  // table's port calls it from a thread of its own; any process may.
  bool reclaim(std::size_t most);
  // Erases keys that have expired in any dict. They have not been seen since; this gives their memory back.
  // When the next one expires, in nanoseconds of CLOCK_MONOTONIC; 0 when none does. Cheap where none ever
  // did. The table's port calls it every few milliseconds; any process may.
  std::uint64_t expire();
  // Sleeps for so many nanoseconds; with 0 until some key is to expire, where expire() gave 0.
  void wait_for_what_expires(std::uint64_t most);
  // Walks all of the table and accounts for every block; see audit.h.
  AuditReport audit() const;

 private:
  explicit Table(std::unique_ptr<Store> store);
  std::unique_ptr<Store> store_;
};

}  // namespace pyport::table
