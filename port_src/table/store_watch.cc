// Reading the changes of a dict that is watched.
#include <new>
#include <utility>

#include "table/watch.h"
#include "table/with_dict.h"

namespace pyport::table {
namespace {

constexpr std::size_t kMostRead = std::size_t{16} << 10;  // bytes at a time

}  // namespace

// REQUIRES: the dict's lock.
Status Store::read_changes(Dict& dict, const DictHeader& header, WatchPosition& position, ReadChanges& read) {
  const bool watched = dict.is_watched() && dict.ring().ok();
  if (!watched) {
    if (Status begun = dict.begin_watching(); !begun) return begun;
  }
  dict.renew_watch();
  const std::uint64_t begin = peek(header.ring_begin);
  const std::uint64_t end = peek(header.ring_end);
  const bool knows = position.made == peek(header.created);
  const WatchPosition before = std::exchange(position, {end, peek(header.created)});
  if (before.made == 0) return ok_status();
  read.overflow = !knows || before.at < begin || before.at > end;
  if (read.overflow || before.at == end) return ok_status();
  const Checked<ChangeRing> ring = dict.ring();
  if (!ring) return ring.error();
  read.words = ring->read(before.at, kMostRead);
  position.at = before.at + read.words.size() * sizeof(Word);
  // Damaged.
  read.overflow = read.words.empty();
  if (read.overflow) position.at = end;
  return ok_status();
}

Result<Store::ReadChanges> Store::mark_and_read(const Handle& handle, WatchPosition& position) {
  Operation operation(*mapping_, *place_, *this);
  return with_dict(operation, handle, [&](Dict& dict, DictHeader& header) -> Result<ReadChanges> {
    ReadChanges read{&header.wake, WakeWord(header.wake).mark(), {}, false};
    try {
      if (Status done = read_changes(dict, header, position, read); !done) return std::move(done).error();
    } catch (const std::bad_alloc&) {
      return make_error(Errc::table_full, "memory");
    }
    return read;
  });
}

Result<WatchedChanges> Store::wait_changes(const Handle& handle, WatchPosition& position,
                                           const WaitLimit& limit) {
  for (;;) {
    const bool begins = position.made == 0;
    const Result<ReadChanges> read = mark_and_read(handle, position);
    if (!read) return read.error();
    if (read->overflow) return WatchedChanges{WaitEnd::changed, {DictChange{}}};
    if (!read->words.empty()) return WatchedChanges{WaitEnd::changed, parse_changes(read->words)};
    if (begins) return WatchedChanges{WaitEnd::changed, {}};
    const WaitEnd end = sleep_at(*read->wake, read->word, limit);
    if (end != WaitEnd::changed) return WatchedChanges{end, {}};
  }
}

bool Store::may_have_changes(const Handle& handle, const WatchPosition& position) const {
  const HandleWords words = words_of(handle);
  const DictHeader* const header = recent(words).load(std::memory_order_relaxed);
  if (header == nullptr || !has_handle(*header, words)) return true;
  const bool same = peek(header->state) == kDictLive && (peek(header->flags) & kDictWatched) != 0 &&
                    peek(header->created) == position.made;
  return !same || peek(header->ring_end) != position.at;
}

std::uint32_t Store::mark_any_change() { return WakeWord(super().watch_wake).mark(); }

void Store::stir_any_change() { WakeWord(super().watch_wake).stir(); }

WaitEnd Store::sleep_until_any_change(std::uint32_t marked, const WaitLimit& limit) {
  return sleep_at(super().watch_wake, marked, limit);
}

}  // namespace pyport::table
