// Numbers that are changed without a lock, and what happens when they are not to be had that way.
#include <utility>

#include "table/held_cell.h"
#include "table/shared_copy.h"
#include "table/value_word.h"
#include "table/wake_word.h"
#include "table/with_dict.h"

namespace pyport::table {
namespace {

constexpr int kLooks = 3;
constexpr std::size_t kMostNumber = 64;  // bytes that may be a number

constexpr std::array<std::uint8_t, Cell::kMostBytes> kAsLong{};

// What a value that becomes a cell is, for the dict.
NewValue cell_value(std::int64_t number, std::uint64_t owner, const NumberForm& form) {
  NewValue value;
  value.bytes = ByteSpan(kAsLong).first(sizeof(std::int64_t) + form.head.size() + form.tail.size());
  value.tag = kCellTag;
  value.numbers = &form;
  value.cell_owner = owner;
  value.number = number;
  return value;
}

// What expires is no cell: it has a deadline instead.
bool may_be_cell(const Dict& dict, const Entry* entry) {
  return entry == nullptr ? !dict.keys_expire() : !is_box_word(peek(entry->value));
}

// A number that is no cell. It expires when the one before it did, unless its use puts that off.
Status put_number(Dict& dict, const HashedKey& key, const Entry* entry, std::int64_t number,
                  const NumberForm& form) {
  Cell cell;
  cell.make(number, 0, form);
  std::array<std::uint8_t, Cell::kMostBytes> text;
  NewValue value;
  value.bytes = ByteSpan(text).first(cell.text(text.data()));
  value.tag = form.tag;
  if (entry != nullptr) {
    const Checked<Box*> box = dict.box(peek(entry->value));
    if (!box) return box.error();
    value.deadline = peek((*box)->deadline);
    if (const std::uint64_t ttl = peek((*box)->ttl); ttl != 0) value.ttl = ttl;
  }
  return dict.put(key, value);
}

CellOutcome overflow(std::int64_t number) { return {CellResult::overflow, number, number}; }
CellOutcome unchanged(std::int64_t number) { return {CellResult::done, number, number}; }
CellOutcome not_a_number() { return {CellResult::not_a_number, 0, 0}; }

}  // namespace

// The cell of a key, if it is one, seen at a moment at which nothing was changed.
Store::SeenCell Store::look_for_cell(const HandleWords& words, const HashedKey& key) const {
  std::uint64_t version = 0;
  DictHeader* const header = look_at_dict(words, version);
  if (header == nullptr) return {};
  const DictReader dict(*mapping_, *header);
  const Checked<DictReader::Found> found = dict.find(key);
  if (!found || found->entry == nullptr) return {};
  const std::uint64_t word = peek(found->entry->value);
  if (!is_cell_word(word)) return {};
  const Checked<Cell*> cell = dict.cell(word);
  if (!cell) return {};
  const std::uint64_t owner = (*cell)->owner();
  reads_done();
  if (peek(header->version) != version || (owner & Cell::kMarks) != 0) return {};
  return {*cell, owner, header};
}

std::optional<CellOutcome> Store::change_cell_at_once(const Handle& handle, const KeyView& key,
                                                      const CellChange& change) const {
  const HandleWords words = words_of(handle);
  const HashedKey hashed(seed_, key);
  for (int looks = 0; looks < kLooks; ++looks) {
    const SeenCell seen = look_for_cell(words, hashed);
    if (seen.cell == nullptr) return std::nullopt;
    CellOutcome outcome;
    if (!seen.cell->try_change(seen.owner, change, outcome)) continue;
    WakeWord(seen.dict->wake).changed();
    return outcome;
  }
  return std::nullopt;
}

// Another one for each cell that there ever is, and nothing that a value could be by chance.
std::uint64_t Store::new_owner(const DictHeader& header) const {
  const std::uint64_t made = (peek(header.changes) << 24) ^ peek(header.number);
  const std::uint64_t owner = sip_hash<1, 3>(seed_, made ^ peek(header.handle[0])) & ~Cell::kMarks;
  return owner != 0 ? owner : Cell::kMarks + 1;
}

Result<CellOutcome> Store::change_cell(const Handle& handle, const KeyView& key, const CellChange& change,
                                       const NumberForm& form) {
  if (Status within = check_key(key); !within) return std::move(within).error();
  if (const auto outcome = change_cell_at_once(handle, key, change)) return *outcome;
  const HashedKey hashed(seed_, key);
  Operation operation(*mapping_, *place_, *this);
  return with_dict(operation, handle, [&](Dict& dict, DictHeader& header) -> Result<CellOutcome> {
    const Result<Dict::Found> found = dict.find_alive(hashed);
    if (!found) return found.error();
    if (found->entry != nullptr && is_cell_word(peek(found->entry->value)))
      return dict.change_cell(*found->entry, change);
    const Checked<std::optional<std::int64_t>> before = number_of(dict, found->entry, form);
    if (!before) return before.error();
    if (!*before) return not_a_number();
    const auto after = applied(change, **before);
    if (!after) return overflow(**before);
    // Nothing is stored, so that a key that is not there is not made.
    if (change.op == CellOp::compare_and_swap && **before != change.expected) return unchanged(**before);
    Status made = may_be_cell(dict, found->entry)
                      ? dict.put(hashed, cell_value(*after, new_owner(header), form))
                      : put_number(dict, hashed, found->entry, *after, form);
    if (!made) return std::move(made).error();
    return CellOutcome{CellResult::done, **before, *after};
  });
}

// The number that a value is, or 0 where there is none.
Checked<std::optional<std::int64_t>> Store::number_of(const Dict& dict, const Entry* entry,
                                                      const NumberForm& form) {
  if (entry == nullptr) return std::optional<std::int64_t>(0);
  const Checked<std::uint64_t> unboxed = dict.unboxed(peek(entry->value));
  if (!unboxed) return unboxed.damage();
  const std::uint64_t word = *unboxed;
  std::array<std::uint8_t, kMostNumber> bytes;
  if (is_inline_word(word)) {
    const std::uint64_t own = inline_bytes(word);
    std::memcpy(bytes.data(), &own, sizeof own);
    return form.number_of(inline_tag(word), ByteSpan(bytes).first(inline_size(word)));
  }
  const Checked<Block> block = dict.value_block(word);
  if (!block) return block.damage();
  const std::size_t size = block->size();
  if (size > bytes.size()) return std::optional<std::int64_t>();
  if (!dict.reaches(*block, size)) return Damage{"value"};
  copy_from_shared(bytes.data(), block->payload(), size);
  return form.number_of(block->tag(), ByteSpan(bytes).first(size));
}

Result<HeldCell> Store::hold_cell(const Handle& handle, const KeyView& key) {
  const HashedKey hashed(seed_, key);
  Result<HeldCell> result{HeldCell()};
  Operation operation(*mapping_, *place_, *this);
  Status held = with_dict(operation, handle, [&](Dict& dict, DictHeader& header) -> Status {
    const Result<Dict::Found> found = dict.find_alive(hashed);
    if (!found) return found.error();
    if (!may_be_cell(dict, found->entry)) return make_error(Errc::bad_key, "what expires has no cell");
    if (found->entry == nullptr || !is_cell_word(peek(found->entry->value))) return ok_status();
    const std::uint64_t word = peek(found->entry->value);
    const Checked<Block> block = dict.value_block(word);
    const Checked<Cell*> cell = dict.cell(word);
    if (!block || !cell) return make_error(Errc::corrupt, "cell");
    if (!pin(operation, *block, header, result->pin_)) return make_error(Errc::table_full, "pins");
    (*cell)->thaw();
    result->cell_ = *cell;
    result->owner_ = (*cell)->owner() & ~Cell::kMarks;
    result->header_ = &header;
    result->handle_ = words_of(handle);
    return ok_status();
  });
  if (!held) return std::move(held).error();
  return result;
}

Result<std::optional<CellOutcome>> Store::change_held(const Handle& handle, const KeyView& key,
                                                      const HeldCell& held, const CellChange& change) {
  using Outcome = std::optional<CellOutcome>;
  const HashedKey hashed(seed_, key);
  Operation operation(*mapping_, *place_, *this);
  return with_dict(operation, handle, [&](Dict& dict, DictHeader&) -> Result<Outcome> {
    const Checked<Dict::Found> found = dict.find(hashed);
    if (!found) return found.error();
    if (found->entry == nullptr || !is_cell_word(peek(found->entry->value))) return Outcome();
    const Checked<Cell*> cell = dict.cell(peek(found->entry->value));
    if (!cell) return cell.error();
    if (*cell != held.cell_) return Outcome();
    Result<CellOutcome> outcome = dict.change_cell(*found->entry, change);
    if (!outcome) return std::move(outcome).error();
    return Outcome(*outcome);
  });
}

Result<bool> Store::is_held(const Handle& handle, const KeyView& key, const HeldCell& held) {
  const HashedKey hashed(seed_, key);
  Operation operation(*mapping_, *place_, *this);
  return with_dict(operation, handle, [&](Dict& dict, DictHeader&) -> Result<bool> {
    const Checked<Dict::Found> found = dict.find(hashed);
    if (!found) return found.error();
    if (found->entry == nullptr || !is_cell_word(peek(found->entry->value))) return false;
    const Checked<Cell*> cell = dict.cell(peek(found->entry->value));
    if (!cell) return cell.error();
    if (*cell != held.cell_) return false;
    (*cell)->thaw();
    return true;
  });
}

}  // namespace pyport::table
