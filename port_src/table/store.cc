#include "table/store.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <new>
#include <utility>

#include "table/process_identity.h"
#include "table/shared_copy.h"
#include "table/value_word.h"
#include "table/wake_word.h"
#include "table/with_dict.h"

namespace pyport::table {
namespace {

Error gone() { return make_error(Errc::gone); }
// To find a dict that others clear: each failure takes two of them in a moment.
constexpr int kTries = 100;

Error no_memory() { return make_error(Errc::table_full, "memory"); }

bool is_of_names(const DictHeader& header) { return has_handle(header, words_of(Names::kHandle)); }

std::string name_of(const DictHeader& header) {
  std::array<std::uint64_t, kDictName / 8> words;
  for (std::size_t i = 0; i < words.size(); ++i) words[i] = peek(header.name[i]);
  return {reinterpret_cast<const char*>(words.data()), std::min(peek(header.name_length), kDictName)};
}

DictStats stats_of(const DictHeader& header) {
  DictStats stats;
  stats.keys = peek(header.live);
  stats.stamp = peek(header.changes);
  stats.bytes = peek(header.bytes);
  stats.pinned = peek(header.pinned);
  stats.created = peek(header.created);
  stats.last_use = peek(header.last_use);
  stats.ttl = peek(header.ttl);
  stats.idle = (peek(header.flags) & kDictIdle) != 0;
  stats.max_value_bytes = peek(header.max_value_bytes);
  stats.owner = static_cast<DictOwner>(peek(header.owner) & 0xff);
  stats.name = name_of(header);
  return stats;
}

std::uint64_t random_word() {
  std::uint64_t word = 0;
  if (getentropy(&word, sizeof word) == 0) return word;
  // A kernel without entropy (early boot): the best that is left is something hard to guess.
  return static_cast<std::uint64_t>(std::chrono::steady_clock::now().time_since_epoch().count()) ^
         reinterpret_cast<std::uintptr_t>(&word);
}

}  // namespace

// ---- Finding

Result<std::uint32_t> Store::find(Operation& operation, const HandleWords& handle) {
  std::uint32_t number = 0;
  for (int tries = 0; tries < 4; ++tries) {
    const Index::Search search = index_.find(handle, number);
    if (search == Index::Search::found) return number;
    if (search == Index::Search::missing) return gone();
  }
  if (Status locked = operation.lock_for_work(super().index_lock); !locked) return std::move(locked).error();
  const Status readable = index_.make_readable(operation);
  const bool found = readable && index_.find_place(handle, number) != nullptr;
  operation.unlock(super().index_lock);
  if (!readable) {
    heap_.abandon(operation);
    return readable.error();
  }
  if (!found) return gone();
  return number;
}

Status Store::check_alive(const DictHeader& header, const HandleWords& handle) const {
  if (!has_handle(header, handle)) return gone();
  switch (peek(header.state)) {
    case kDictLive:
      return ok_status();
    case kDictCorrupt:
      return make_error(Errc::corrupt, "set aside");
    default:
      return gone();
  }
}

Result<DictHeader*> Store::lock_dict(Operation& operation, const HandleWords& words) {
  for (int tries = 0; tries < kTries; ++tries) {
    Result<std::uint32_t> number = find(operation, words);
    if (!number) return std::move(number).error();
    DictHeader* const header = index_.header(*number);
    if (header == nullptr) return gone();
    recent(words).store(header, std::memory_order_relaxed);
    if (Status locked = operation.lock_for_work(header->lock); !locked) return std::move(locked).error();
    // Found without a lock: it may have been destroyed, and even made anew under another handle; or cleared,
    // and then it has another header.
    Status alive = check_alive(*header, words);
    if (alive) return header;
    operation.unlock(header->lock);
    if (alive.error().code != Errc::gone) return std::move(alive).error();
  }
  return gone();
}

Status Store::check_key(const KeyView& key) const {
  const auto* text = std::get_if<ByteSpan>(&key);
  if (text != nullptr && text->size() > limits_.max_key_bytes)
    return make_error(Errc::table_full, "max_key_bytes");
  return ok_status();
}

// ---- Dicts

Status Store::create(const Handle& handle, const NewDict& wanted) {
  Operation operation(*mapping_, *place_, *this);
  if (Status locked = operation.lock(super().index_lock); !locked) return locked;
  const HandleWords words = words_of(handle);
  std::uint32_t number = 0;
  Status made = ok_status();
  if (index_.find_place(words, number) != nullptr) {
    made = make_error(Errc::exists);
  } else if (peek(super().dicts) >= limits_.max_dicts) {
    made = make_error(Errc::table_full, "max_dicts");
  } else {
    made = index_.make_room(operation);
  }
  if (made) made = index_.add(operation, words, wanted);
  if (made) operation.commit();
  operation.unlock(super().index_lock);
  if (made) {
    operation.finish();
  } else {
    heap_.abandon(operation);
  }
  return made;
}

Result<Blob> Store::get(const Handle& handle, const KeyView& key) {
  Result<Blob> result{Blob()};
  if (get_at_once(handle, key, *result)) return result;
  const HashedKey hashed(seed_, key);
  Operation operation(*mapping_, *place_, *this);
  Status found = with_dict(operation, handle, [&](Dict& dict, DictHeader& header) -> Status {
    const Checked<Dict::Found> at = dict.find_used(hashed);
    if (!at) return at.error();
    if (at->entry == nullptr) return ok_status();
    return hand_out(operation, dict, header, peek(at->entry->value), *result);
  });
  if (!found) return std::move(found).error();
  return result;
}

Status Store::put(const Handle& handle, const KeyView& key, NewBlob blob, const NumberForm* numbers) {
  if (Status within = check_key(key); !within) return within;
  const HashedKey hashed(seed_, key);
  const NewValue value = new_value(blob, numbers);
  Status stored = ok_status();
  {
    Operation operation(*mapping_, *place_, *this);
    ChildList lost;
    stored = with_dict(operation, handle, [&](Dict& dict, DictHeader& header) {
      listen(dict, header, lost);
      return dict.put(hashed, value);
    });
    if (stored && !lost.empty()) end_lost(operation, handle, lost, child_in(value.tag, value.bytes));
  }
  if (stored) has_its_place(blob);
  return stored;
}

Result<bool> Store::erase(const Handle& handle, const KeyView& key) {
  const HashedKey hashed(seed_, key);
  Operation operation(*mapping_, *place_, *this);
  ChildList lost;
  Result<bool> done = with_dict(operation, handle, [&](Dict& dict, DictHeader& header) -> Result<bool> {
    const Result<Dict::Found> found = dict.find_alive(hashed);
    if (!found) return found.error();
    if (found->entry == nullptr) return false;
    listen(dict, header, lost);
    if (Status erased = erase_entry(operation, dict, *found->entry); !erased)
      return std::move(erased).error();
    return true;
  });
  if (done && !lost.empty()) end_lost(operation, handle, lost);
  return done;
}

Result<bool> Store::contains(const Handle& handle, const KeyView& key) {
  if (const auto seen = contains_at_once(handle, key)) return *seen;
  const HashedKey hashed(seed_, key);
  Operation operation(*mapping_, *place_, *this);
  return with_dict(operation, handle, [&](Dict& dict, DictHeader&) -> Result<bool> {
    const Checked<Dict::Found> found = dict.find_now(hashed);
    if (!found) return found.error();
    return found->entry != nullptr;
  });
}

Result<std::vector<Key>> Store::keys(const Handle& handle, Stamp* stamp) {
  Operation operation(*mapping_, *place_, *this);
  return with_dict(operation, handle, [&](Dict& dict, DictHeader& header) {
    dict.purge_if_due();
    if (stamp != nullptr) *stamp = peek(header.changes);
    return dict.keys();
  });
}

Result<DictStats> Store::stats(const Handle& handle) {
  Operation operation(*mapping_, *place_, *this);
  return with_dict(operation, handle, [](Dict& dict, DictHeader& header) -> Result<DictStats> {
    dict.purge_if_due();
    return stats_of(header);
  });
}

TableStats Store::stats() const {
  TableStats stats;
  const std::uint32_t end = index_.number_of_headers();
  for (std::uint32_t number = 0; number < end; ++number) {
    const DictHeader* header = index_.header(number);
    if (header == nullptr) continue;
    const std::uint32_t state = peek(header->state);
    if (state != kDictFree) stats.pinned += peek(header->pinned);
    if (state != kDictLive || is_of_names(*header)) continue;
    ++stats.dicts;
    stats.keys += peek(header->live);
    stats.bytes += peek(header->bytes);
  }
  stats.used = heap_.used_bytes();
  stats.free = heap_.free_bytes();
  stats.repairs = peek(super().repairs);
  stats.file_bytes = mapping_->backed_bytes();
  for (std::uint32_t slot = 0; slot < kSlots; ++slot)
    if (peek(mapping_->process(slot).state) == kSlotTaken) ++stats.processes;
  return stats;
}

// ---- Values

Result<BlobWriter> Store::allocate(std::size_t size) {
  BlobWriter writer;
  writer.size_ = size;
  if (size <= kInlineBytes) {
    writer.data_ = writer.own_.data();
    return writer;
  }
  if (size > kMaxBlobBytes) return make_error(Errc::table_full, "value size");
  const auto number = place_->take_record(RecordKind::prepared);
  if (!number) return copy_buffer(std::move(writer));
  Record& mine = record(*number);
  table::put(mine.info, static_cast<std::uint64_t>(RecordKind::prepared) << 32, "record.prepared");
  Operation operation(*mapping_, *place_, *this);
  Result<Block> block = heap_.take(operation, size, mine.block);
  if (!block) {
    table::put(mine.block, 0, "record.none");
    place_->leave_record(*number);
    return std::move(block).error();
  }
  writer.data_ = block->payload();
  writer.record_ = *number;
  writer.store_ = this;
  writer.generation_ = generation_;
#ifdef PYPORT_SANITIZE_THREAD
  return copy_buffer(std::move(writer));
#else
  return writer;
#endif
}

void Store::publish(BlobBytes& bytes) const {
  const Block block(*mapping_, peek(record(bytes.record_).block));
  copy_to_shared(block.payload(), bytes.bytes());
  bytes.data_ = block.payload();
}

// All records are taken: bytes of this process's own, which put will copy.
Result<BlobWriter> Store::copy_buffer(BlobWriter writer) {
  if (!writer.make_own()) return no_memory();
  return writer;
}

Status Store::hand_out(Operation& operation, Dict& dict, DictHeader& header, std::uint64_t word, Blob& blob) {
  const Checked<std::optional<Block>> large = copy_out(dict, word, blob);
  if (!large) return large.error();
  if (!*large || pin(operation, **large, header, blob)) return ok_status();
  if (!blob.make_own()) return no_memory();
  std::memcpy(blob.data_, (*large)->payload(), blob.size_);
  return ok_status();
}

bool Store::pin(Operation& operation, const Block& block, DictHeader& header, BlobBytes& blob) {
  if (block.pins() >= kMostPins) return false;
  const auto number = place_->take_record();
  if (!number) return false;
  Record& mine = record(*number);
  operation.set(block.header().meta, peek(block.header().meta) + kOnePin);
  operation.set(header.pinned, peek(header.pinned) + 1);
  operation.set(mine.info, (static_cast<std::uint64_t>(RecordKind::pinned) << 32) | peek(header.number));
  operation.set(mine.block, block.offset());
  operation.commit();
  blob.data_ = block.payload();
  blob.record_ = *number;
  blob.store_ = this;
  blob.generation_ = generation_;
  return true;
}

void Store::unpin(Operation& operation, Record& pinned) {
  const auto number = static_cast<std::uint32_t>(peek(pinned.info));
  DictHeader* const header = index_.header(number);
  if (header == nullptr) return table::put(pinned.block, 0, "unpin.lost");
  if (!operation.lock(header->lock)) return;
  const Offset at = peek(pinned.block);
  operation.set(pinned.block, 0);
  if (peek(header->pinned) != 0) operation.set(header->pinned, peek(header->pinned) - 1);
  if (Block::may_be_block(*mapping_, at, heap_.data_end())) {
    const Block block(*mapping_, at);
    const std::uint32_t meta = peek(block.header().meta);
    if (block.sound(heap_.data_end()) && pins_of(meta) != 0) {
      operation.set(block.header().meta, meta - kOnePin);
      if (pins_of(meta) == 1 && block.is(BlockState::retired, number)) operation.drop(block);
    }
  }
  operation.commit();
  operation.unlock(header->lock);
  heap_.settle(operation);
}

void Store::release(BlobBytes& bytes) noexcept {
  // A forked child has its parent's objects, but not what they hold.
  if (bytes.generation_ != generation_) return;
  Record& mine = record(bytes.record_);
  Operation operation(*mapping_, *place_, *this);
  if (static_cast<RecordKind>(peek(mine.info) >> 32) == RecordKind::pinned) {
    unpin(operation, mine);
  } else {
    heap_.give_back(operation, peek(mine.block), mine.block);
  }
  if (peek(mine.block) == 0) place_->leave_record(bytes.record_);
}

// ---- Making and attaching

std::uint64_t constants_check(const Superblock& super) {
  std::uint64_t sum = 0;
  for (const Word* word :
       {&super.magic, &super.version, &super.max_table_bytes, &super.max_dict_bytes, &super.max_dict_keys,
        &super.max_key_bytes, &super.max_dicts, &super.seed0, &super.seed1, &super.pid_namespace})
    sum = (sum ^ peek(*word)) * 0x9e3779b97f4a7c15;
  return sum;
}

Store::Store(std::unique_ptr<Mapping> mapping, const Limits& limits, const SipKey& seed)
    : mapping_(std::move(mapping)),
      limits_(limits),
      seed_(seed),
      heap_(*mapping_, limits.max_table_bytes),
      index_(*mapping_, heap_) {}

Result<std::unique_ptr<Store>> Store::make(std::unique_ptr<Mapping> mapping, const Limits& limits) {
  Superblock& super = mapping->superblock();
  draft(super.version, kLayoutVersion);
  draft(super.max_table_bytes, limits.max_table_bytes);
  draft(super.max_dict_bytes, limits.max_dict_bytes);
  draft(super.max_dict_keys, limits.max_dict_keys);
  draft(super.max_key_bytes, std::min(limits.max_key_bytes, kMostKeyBytes));
  draft(super.max_dicts, limits.max_dicts);
  draft(super.seed0, random_word());
  draft(super.seed1, random_word());
  draft(super.pid_namespace, pid_namespace());
  draft(super.magic, kFileMagic);
  draft(super.constants_check, constants_check(super));
  return attach(std::move(mapping));
}

Result<std::unique_ptr<Store>> Store::attach(std::unique_ptr<Mapping> mapping) {
  const Superblock& super = mapping->superblock();
  if (peek(super.constants_check) != constants_check(super))
    return make_error(Errc::bad_config, "table: its first page is damaged");
  if (peek(super.pid_namespace) != pid_namespace())
    return make_error(Errc::bad_config, "table: made in another pid namespace");
  Limits limits;
  limits.max_table_bytes = peek(super.max_table_bytes);
  limits.max_dict_bytes = peek(super.max_dict_bytes);
  limits.max_dict_keys = peek(super.max_dict_keys);
  limits.max_key_bytes = peek(super.max_key_bytes);
  limits.max_dicts = peek(super.max_dicts);
  const SipKey seed{peek(super.seed0), peek(super.seed1)};
  std::unique_ptr<Store> store(new Store(std::move(mapping), limits, seed));
  if (Status claimed = store->claim_slot(); !claimed) return std::move(claimed).error();
  // Where no port looks after the table, slots of the dead would run out.
  store->sweep();
  return store;
}

}  // namespace pyport::table
