// Reading a value without a lock: what most reads are.
//
// A seqlock, after H.-J. Boehm, "Can seqlocks get along with programming language memory models?" (MSPC
// 2012): a dict's version is odd while a change of it is carried out and goes on with each. Who finds it
// even, and the same after he has looked, has seen the dict as it was at one moment. All that is followed is
// checked as under the lock; where anything is not as it should be, the lock's way finds out why.
#include <algorithm>

#include "table/shared_copy.h"
#include "table/store.h"
#include "table/value_word.h"

namespace pyport::table {
namespace {

constexpr int kLooks = 3;
constexpr std::uint64_t kGlimpse = 16;  // entries to be looked at for each key to be shown

bool is_live(const DictHeader& header, const HandleWords& words) {
  return has_handle(header, words) && peek(header.state) == kDictLive;
}

// Of a box: what has expired is not there. False when it is to be used under the lock, since that changes
// its deadline.
bool may_be_looked_at(const DictReader& dict, DictReader::Found& found, bool is_use) {
  const Checked<Box*> box = dict.box(peek(found.entry->value));
  if (!box) return false;
  const Expiry expiry{peek((*box)->deadline), peek((*box)->ttl)};
  const std::uint64_t time = now();
  if (expiry.deadline <= time) found.entry = nullptr;
  return found.entry == nullptr || !is_use || !is_to_be_touched(expiry, time);
}

// How many keys there are cannot be said without the lock.
bool some_may_have_expired(const DictHeader& header) {
  const std::uint64_t first = peek(header.first_deadline);
  return first != 0 && first <= now();
}

}  // namespace

Checked<std::optional<Block>> Store::copy_out(const DictReader& dict, std::uint64_t word, Blob& blob) {
  if (is_box_word(word)) {
    const Checked<std::uint64_t> inside = dict.unboxed(word);
    if (!inside) return inside.damage();
    return copy_out(dict, *inside, blob);
  }
  if (is_inline_word(word)) {
    const std::uint64_t bytes = inline_bytes(word);
    std::memcpy(blob.own_.data(), &bytes, sizeof bytes);
    blob.data_ = blob.own_.data();
    blob.size_ = inline_size(word);
    blob.tag_ = inline_tag(word);
    return std::optional<Block>();
  }
  if (is_cell_word(word)) {
    const Checked<Cell*> cell = dict.cell(word);
    if (!cell) return cell.damage();
    blob.size_ = (*cell)->text(blob.own_.data());
    blob.data_ = blob.own_.data();
    blob.tag_ = kCellTag;
    return std::optional<Block>();
  }
  if (!is_block_word(word)) return Damage{"value"};
  const Checked<Block> block = dict.value_block(word);
  if (!block) return block.damage();
  blob.size_ = block->size();
  blob.tag_ = block->tag();
  if (!dict.reaches(*block, blob.size_)) return Damage{"value"};
  if (blob.size_ > kCopiedBytes) return std::optional<Block>(*block);
  copy_from_shared(blob.own_.data(), block->payload(), blob.size_);
  blob.data_ = blob.own_.data();
  return std::optional<Block>();
}

// Finds the dict, which lives, and the version, even, that its header had before that was seen. Versions go
// on when a header becomes another dict's, too.
DictHeader* Store::look_at_dict(const HandleWords& words, std::uint64_t& version) const {
  DictHeader* const header = recent(words).load(std::memory_order_relaxed);
  if (header == nullptr) return nullptr;
  version = header->version.load(std::memory_order_acquire);
  return version % 2 == 0 && is_live(*header, words) ? header : nullptr;
}

Store::Sight Store::look_once(const HandleWords& words, const HashedKey& key, Blob* blob,
                              Sighting& seen) const {
  DictHeader* const header = look_at_dict(words, seen.version);
  if (header == nullptr) return Sight::unsure;
  const DictReader dict(*mapping_, *header);
  Checked<DictReader::Found> found = dict.find(key);
  if (!found) return Sight::unsure;
  if ((peek(header->flags) & kDictTracked) != 0) note_use(*header);
  if (found->entry != nullptr && is_box_word(peek(found->entry->value))) {
    if (!may_be_looked_at(dict, *found, blob != nullptr)) return Sight::unsure;
  }
  if (found->entry != nullptr && blob != nullptr) {
    seen.entry = mapping_->offset_of(found->entry->value);
    seen.word = peek(found->entry->value);
    const auto large = copy_out(dict, seen.word, *blob);
    if (!large || *large) return Sight::unsure;
  }
  reads_done();
  // Of a dict that is destroyed meanwhile, too, the version goes on before its memory becomes another's.
  if (peek(header->version) != seen.version) return Sight::unsure;
  return found->entry == nullptr ? Sight::missing : Sight::found;
}

Store::Sight Store::look(const HandleWords& words, const HashedKey& key, Blob* blob, Sighting& seen) const {
  for (int looks = 0; looks < kLooks; ++looks) {
    const Sight sight = look_once(words, key, blob, seen);
    if (sight != Sight::unsure) return sight;
    if (blob != nullptr) *blob = Blob();
  }
  return Sight::unsure;
}

std::optional<Sighting> Store::get_at_once(const Handle& handle, const KeyView& key, Blob& blob) const {
  Sighting seen;
  if (look(words_of(handle), HashedKey(seed_, key), &blob, seen) == Sight::unsure) return std::nullopt;
  return seen;
}

// While the version is the same the entry is the key's; the value of a block is replaced with a change of the
// version, and one that lies in its word changes that.
bool Store::is_still_so(const Handle& handle, const Sighting& sighting) const {
  std::uint64_t version = 0;
  const DictHeader* const header = look_at_dict(words_of(handle), version);
  if (header == nullptr || version != sighting.version || is_box_word(sighting.word)) return false;
  if (peek(mapping_->at<Word>(sighting.entry)) != sighting.word) return false;
  reads_done();
  return peek(header->version) == version;
}

// Whoever has not met the dict before finds it here.
DictHeader* Store::find_and_look(const HandleWords& words, std::uint64_t& version) const {
  if (DictHeader* const header = look_at_dict(words, version)) return header;
  std::uint32_t number = 0;
  if (index_.find(words, number) != Index::Search::found) return nullptr;
  DictHeader* const header = index_.header(number);
  recent(words).store(header, std::memory_order_relaxed);
  return look_at_dict(words, version);
}

std::optional<std::uint64_t> Store::size_at_once(const Handle& handle) const {
  std::uint64_t version = 0;
  const DictHeader* const header = find_and_look(words_of(handle), version);
  if (header == nullptr || some_may_have_expired(*header)) return std::nullopt;
  const std::uint64_t size = peek(header->live);
  reads_done();
  if (peek(header->version) != version) return std::nullopt;
  return size;
}

bool Store::look_at_keys(const DictHeader& header, const DictReader& dict, std::size_t most,
                         std::vector<Key>& keys) {
  // Where there are many dead ones in front, none is shown rather than all of them looked through.
  const std::uint64_t end = std::min<std::uint64_t>(peek(header.used), most * kGlimpse);
  for (std::uint64_t i = 0; i < end && keys.size() < most; ++i) {
    const Checked<Entry*> entry = dict.entry(i);
    if (!entry) return false;
    if (peek((*entry)->value) == 0) continue;
    Result<Key> key = dict.key_of(**entry);
    if (!key) return false;
    keys.push_back(*std::move(key));
  }
  return true;
}

std::optional<Glimpse> Store::glimpse(const Handle& handle, std::size_t most) const {
  for (int looks = 0; looks < kLooks; ++looks) {
    std::uint64_t version = 0;
    DictHeader* const header = find_and_look(words_of(handle), version);
    if (header == nullptr || some_may_have_expired(*header)) continue;
    Glimpse seen{peek(header->live), {}};
    const bool good = look_at_keys(*header, DictReader(*mapping_, *header), most, seen.first);
    reads_done();
    if (good && peek(header->version) == version) return seen;
  }
  return std::nullopt;
}

std::optional<bool> Store::contains_at_once(const Handle& handle, const KeyView& key) const {
  Sighting seen;
  const Sight sight = look(words_of(handle), HashedKey(seed_, key), nullptr, seen);
  if (sight == Sight::unsure) return std::nullopt;
  return sight == Sight::found;
}

}  // namespace pyport::table
