// Keys that expire.
//
// Whoever looks a key up looks at its deadline, so a key that has expired is seen by nobody from that moment
// on. It is erased by the next one who has the lock and needs its place or the number of keys, or by the
// port's look at all dicts. `first_deadline` says until when there is nothing to be looked for.
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <climits>
#include <limits>

#include "table/store.h"
#include "table/value_word.h"
#include "table/with_dict.h"

namespace pyport::table {
namespace {

constexpr std::uint64_t kForEver = std::numeric_limits<std::uint64_t>::max();
// Entries that are looked at while the lock is held once.
constexpr std::uint64_t kStride = 4096;
// So many keys that expire are put until expired ones are looked for, at least.
constexpr std::uint64_t kFewPuts = 64;

std::uint64_t after(std::uint64_t time, std::uint64_t nanoseconds) {
  return nanoseconds < kForEver - time ? time + nanoseconds : kForEver;
}

std::uint64_t earlier(std::uint64_t one, std::uint64_t other) {
  if (one == 0 || other == 0) return one | other;
  return std::min(one, other);
}

}  // namespace

// ---- Making values that expire

Status Dict::check_value(const NewValue& value) const {
  if (!is_limited()) return ok_status();
  const std::uint64_t most = peek(header().max_value_bytes);
  if (most != 0 && value.bytes.size() > most) return make_error(Errc::table_full, "max_value_bytes");
  return ok_status();
}

bool Dict::keys_expire() const { return is_limited() && peek(header().ttl) != 0; }

Expiry Dict::expiry_of(const NewValue& value) const {
  // An element of a list does not expire: those behind it would have no place.
  if (value.cell_owner != 0 || is_list()) return {};
  const std::uint64_t ttl = value.ttl ? *value.ttl : (keys_expire() ? peek(header().ttl) : 0);
  const std::uint64_t idle = (peek(header().flags) & kDictIdle) != 0 ? ttl : 0;
  if (value.deadline != 0 && idle == 0) return {value.deadline, 0};
  if (ttl == 0) return {};
  return {after(now(), ttl), idle};
}

Result<std::uint64_t> Dict::prepare_box(std::uint64_t word, const Expiry& expiry) {
  Result<Block> block = heap_.take(operation_, sizeof(Box), operation_.fresh());
  if (!block) return std::move(block).error();
  draft_box(*reinterpret_cast<Box*>(block->payload()), word, expiry);
  block->describe(sizeof(Box), 0);
  return box_word(block->offset());
}

void Dict::note_expiry_of_box(std::uint64_t word) {
  const Block block(operation_.mapping(), block_of(word));
  note_deadline(peek(reinterpret_cast<const Box*>(block.payload())->deadline), 1);
}

// As part of the change.
void Dict::note_deadline(std::uint64_t deadline, std::uint64_t puts) {
  operation_.set(header().first_deadline, earlier(peek(header().first_deadline), deadline));
  operation_.set(header().next_deadline, earlier(peek(header().next_deadline), deadline));
  operation_.set(header().timed_puts, peek(header().timed_puts) + puts);
}

// Once its deadline can be seen. Whoever looks for deadlines says before that none may be there, and then
// looks: either he sees this one, or it is seen here that he has begun.
void Dict::announce_expiry() {
  std::atomic_thread_fence(std::memory_order_seq_cst);
  Half& some = operation_.mapping().superblock().some_expire;
  if (peek(some) != 0) return;
  table::put(some, 1, "some.expire");
  syscall(SYS_futex, &some, FUTEX_WAKE, INT_MAX, nullptr, nullptr, 0);
}

// ---- Looking for keys

Status Dict::bury(Entry& entry) {
  ChildList* const listener = lost_;
  if (peek(header().first_child) != 0) {
    expired_.reserve(expired_.size() + 1);
    lost_ = &expired_;
  }
  Status erased = erase(entry, ChangeKind::expired);
  lost_ = listener;
  if (!erased) return erased;
  heap_.settle(operation_);
  return ok_status();
}

Result<DictReader::Found> Dict::find_alive(const HashedKey& key) {
  const Checked<Found> found = find(key);
  if (!found) return found.error();
  if (found->entry == nullptr || !has_expired(peek(found->entry->value))) return *found;
  if (Status buried = bury(*found->entry); !buried) return std::move(buried).error();
  return Found{};
}

Checked<DictReader::Found> Dict::find_used(const HashedKey& key) {
  const Checked<Found> found = find_now(key);
  if (found && found->entry != nullptr) touch(*found->entry);
  return found;
}

// One store: whoever is killed before it has not used the key.
void Dict::touch(const Entry& entry) {
  if (!is_box_word(peek(entry.value))) return;
  const Checked<Box*> it = box(peek(entry.value));
  if (!it) return;
  const std::uint64_t time = now();
  const Expiry expiry{peek((*it)->deadline), peek((*it)->ttl)};
  if (is_to_be_touched(expiry, time)) table::put((*it)->deadline, after(time, expiry.ttl), "box.deadline");
}

// It may be somebody else's header by now, where nobody has the lock: then that dict was used a moment ago.
void Store::note_use(DictHeader& header) {
  constexpr std::uint64_t kSecond = 1'000'000'000;
  timespec time{};
  clock_gettime(CLOCK_REALTIME_COARSE, &time);
  const std::uint64_t second = static_cast<std::uint64_t>(time.tv_sec) * kSecond;
  if (peek(header.last_use) != second) table::put(header.last_use, second, "dict.used");
}

// ---- Looking for what has expired

bool Dict::purge(Purge& purge, std::uint64_t most) {
  const std::uint64_t time = now();
  // Entries were moved meanwhile: begin again.
  if (std::exchange(purge.segment, peek(header().segment[0])) != peek(header().segment[0]))
    purge = {0, 0, peek(header().segment[0])};
  if (purge.from == 0) table::put(header().next_deadline, 0, "purge.begin");
  for (; purge.from < peek(header().used) && most > 0; ++purge.from, --most) {
    const Checked<Entry*> at = entry(purge.from);
    if (!at) return true;  // whoever reads it says so
    const std::uint64_t word = peek((*at)->value);
    if (!is_box_word(word)) continue;
    const Checked<Box*> it = box(word);
    if (!it) continue;
    const std::uint64_t deadline = peek((*it)->deadline);
    if (deadline > time) {
      purge.first = earlier(purge.first, deadline);
    } else if (!bury(**at)) {
      return true;
    }
  }
  if (purge.from < peek(header().used)) return false;
  table::put(header().timed_puts, 0, "purge.puts");
  table::put(header().first_deadline, earlier(purge.first, peek(header().next_deadline)), "purge.end");
  (void)compact_if_worthwhile();
  return true;
}

bool Dict::is_purge_due() const {
  const std::uint64_t first = peek(header().first_deadline);
  return first != 0 && first <= now();
}

void Dict::purge_if_due() {
  if (!is_purge_due()) return;
  Purge all{0, 0, peek(header().segment[0])};
  (void)purge(all, kForEver);
}

// So that a table that no port looks after does not fill with what has expired: each put pays for some of it.
void Dict::purge_if_worthwhile() {
  if (peek(header().timed_puts) > peek(header().used) / 2 + kFewPuts) purge_if_due();
}

// One dict, a stride at a time: others get the lock in between.
std::uint64_t Store::purge_dict(Operation& operation, DictHeader& header) {
  Purge purge;
  for (bool done = false; !done;) {
    if (!operation.lock(header.lock)) break;
    const std::uint64_t changes = peek(header.changes);
    const Handle handle = handle_of(header);
    Dict dict(operation, heap_, limits_, header);
    done = peek(header.state) != kDictLive || dict.purge(purge, kStride);
    const bool changed = peek(header.changes) != changes;
    const bool watched = (peek(header.flags) & kDictWatched) != 0;
    operation.unlock(header.lock);
    if (changed) tell_waiters(header, watched);
    if (!dict.expired_children().empty()) end_lost(operation, handle, dict.expired_children());
  }
  return peek(header.state) == kDictLive ? peek(header.first_deadline) : 0;
}

std::uint64_t Store::expire() {
  if (peek(super().some_expire) == 0) return 0;
  table::put(super().some_expire, 0, "some.none");
  std::atomic_thread_fence(std::memory_order_seq_cst);
  std::uint64_t first = 0;
  Operation operation(*mapping_, *place_, *this);
  const std::uint32_t end = index_.number_of_headers();
  for (std::uint32_t number = 0; number < end; ++number) {
    DictHeader* const header = index_.header(number);
    if (header == nullptr || peek(header->state) != kDictLive) continue;
    const std::uint64_t deadline = peek(header->first_deadline);
    if (deadline != 0) first = earlier(first, deadline > now() ? deadline : purge_dict(operation, *header));
  }
  if (first != 0) table::put(super().some_expire, 1, "some.expire");
  return first;
}

void Store::wait_for_what_expires(std::uint64_t most) {
  const timespec time{static_cast<time_t>(most / 1'000'000'000), static_cast<long>(most % 1'000'000'000)};
  if (most != 0) {
    nanosleep(&time, nullptr);
  } else {
    syscall(SYS_futex, &super().some_expire, FUTEX_WAIT, 0, nullptr, nullptr, 0);
  }
}

}  // namespace pyport::table
