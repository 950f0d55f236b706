// A part of a list replaced by values, or taken out; and a list turned round. What moves is the words of the
// values, from entry to entry, by one redo list: as long as the part of the list from the first change on.
#include <algorithm>
#include <utility>

#include "table/bulk_change.h"
#include "table/segments.h"
#include "table/value_word.h"

namespace pyport::table {

class ListSplice : BulkChange {
 public:
  ListSplice(Dict& dict, const SipKey& seed, const ListRange& gone, std::span<const Change> values,
             std::span<std::uint64_t> scratch)
      : BulkChange(dict, scratch),
        seed_(seed),
        first_(static_cast<std::uint64_t>(gone.first)),
        step_(static_cast<std::uint64_t>(gone.step)),
        gone_(gone.count),
        values_(values),
        before_(peek(header().live)),
        after_(before_ - gone_ + values.size()) {}

  // REQUIRES: nothing goes and nothing is put.
  void turn_round() { turned_round_ = true; }

  Status run() {
    if (Status counted = count(); !counted) return counted;
    if (after_ > before_)
      if (Status room = dict_.make_room(after_ - before_); !room) return room;
    // Of each value a block and a box. Each element behind the first change changes two words at most, each
    // value two besides, and what is dropped one; some are the dict's.
    const std::uint64_t elements = std::max(before_, after_) - first_;
    if (Status begun = begin(2 * (gone_ + values_.size()), 2 * elements + 2 * values_.size() + gone_ + 16);
        !begun)
      return begun;
    if (Status prepared = prepare(); !prepared) {
      undo();
      return prepared;
    }
    dict_.tell_loss();
    commit(used_, after_, bytes_);
    return ok_status();
  }

 private:
  Status count() {
    if (after_ > before_ && after_ > dict_.limits_.max_dict_keys)
      return make_error(Errc::table_full, "max_dict_keys");
    const std::uint64_t before = peek(header().bytes);
    bytes_ = before + values_.size() * sizeof(std::int64_t) - gone_ * sizeof(std::int64_t);
    for (const Change& change : values_) bytes_ += change.value.bytes.size();
    for (std::uint64_t n = 0; n < gone_; ++n) {
      const Checked<Entry*> entry = dict_.element(seed_, first_ + n * step_);
      if (!entry) return entry.error();
      const Checked<std::size_t> size = dict_.value_size(peek((*entry)->value));
      if (!size) return size.error();
      bytes_ -= *size;
    }
    return bytes_ > before ? dict_.check_bytes(bytes_) : ok_status();
  }

  Status prepare() {
    used_ = peek(header().used);
    for (std::uint64_t n = 0; n < gone_; ++n) {
      const Checked<Entry*> entry = dict_.element(seed_, first_ + n * step_);
      if (!entry) return entry.error();
      if (Status dropped = drop(peek((*entry)->value)); !dropped) return dropped;
    }
    for (std::uint64_t at = first_; at < after_; ++at) {
      const Result<std::uint64_t> word = word_for(at);
      if (!word) return word.error();
      Status set = at < before_ ? dict_.set_element(seed_, at, *word) : add(at, *word);
      if (!set) return set;
    }
    for (std::uint64_t at = after_; at < before_; ++at) {
      const Checked<Entry*> entry = dict_.element(seed_, at);
      if (!entry) return entry.error();
      operation_.set((*entry)->value, 0);
    }
    return ok_status();
  }

  // Which element the one with that index was, of those that stay.
  std::uint64_t source(std::uint64_t at) const {
    if (turned_round_) return before_ - 1 - at;
    const std::uint64_t n = at - first_ - values_.size();
    return first_ + n + (step_ == 1 ? gone_ : std::min(gone_, n / (step_ - 1) + 1));
  }

  Result<std::uint64_t> word_for(std::uint64_t at) {
    if (at - first_ < values_.size()) return prepare_value(values_[at - first_].value);
    const Checked<Entry*> entry = dict_.element(seed_, source(at));
    if (!entry) return entry.error();
    return peek((*entry)->value);
  }

  Status add(std::uint64_t at, std::uint64_t word) {
    const HashedKey key(seed_, static_cast<std::int64_t>(at));
    const Checked<Dict::Found> none = dict_.find(key);
    if (!none) return none.error();
    const std::uint64_t slot = free_slot(dict_.slot_found());
    const Checked<Entry*> entry = dict_.entry(used_);
    if (!entry) return entry.error();
    const Checked<Block> slots =
        dict_.own_block(peek(header().slots), (peek(header().slots_mask) + 1) * sizeof(Half), "hash table");
    if (!slots) return slots.error();
    draft_key(**entry, key, 0);
    draft((*entry)->stamp, dict_.next_change());
    operation_.set((*entry)->value, word);
    operation_.set(slots->half(slot), static_cast<std::uint32_t>(++used_));
    return ok_status();
  }

  const SipKey& seed_;
  const std::uint64_t first_, step_, gone_;
  const std::span<const Change> values_;
  const std::uint64_t before_, after_;
  bool turned_round_ = false;
  std::uint64_t used_ = 0;
  std::uint64_t bytes_ = 0;
};

Checked<std::uint64_t> Dict::list_size() const {
  const std::uint64_t live = peek(header().live);
  if (live > peek(header().used) || live > kMostEntries) return Damage{"number of elements"};
  return live;
}

Status Dict::splice(const SipKey& seed, const ListRange& gone, std::span<const Change> values,
                    std::span<std::uint64_t> scratch) {
  for (const Change& change : values)
    if (Status within = check_value(change.value); !within) return within;
  mind_watch();
  const Guard guard(operation_, header().version);
  if (Status done = ListSplice(*this, seed, gone, values, scratch).run(); !done) return done;
  return gone.count > values.size() ? compact_if_worthwhile() : ok_status();
}

Status Dict::reverse(const SipKey& seed) {
  const Checked<std::uint64_t> live = list_size();
  if (!live) return live.error();
  if (*live < 2) return ok_status();
  mind_watch();
  const Guard guard(operation_, header().version);
  ListSplice whole(*this, seed, {}, {}, {});
  whole.turn_round();
  return whole.run();
}

}  // namespace pyport::table
