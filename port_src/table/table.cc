#include "table/table.h"

#include <utility>

#include "table/auditor.h"
#include "table/store.h"

namespace pyport::table {
namespace {

Result<std::unique_ptr<Store>> make_store(const std::string& path, const Limits& limits) {
  Result<std::unique_ptr<Mapping>> mapping = Mapping::create(path, limits.max_table_bytes);
  if (!mapping) return std::move(mapping).error();
  const Mapping& file = **mapping;
  Result<std::unique_ptr<Store>> store = Store::make(*std::move(mapping), limits);
  if (!store) {
    Mapping::forget(path);
    return store;
  }
  if (Status published = file.publish(path); !published) return std::move(published).error();
  return store;
}

}  // namespace

Table::Table(std::unique_ptr<Store> store) : store_(std::move(store)) {}
Table::~Table() = default;

Result<std::unique_ptr<Table>> Table::anonymous(const Limits& limits) { return create({}, limits); }

Result<std::unique_ptr<Table>> Table::create(const std::string& path, const Limits& limits) {
  Result<std::unique_ptr<Store>> store = make_store(path, limits);
  if (!store) return std::move(store).error();
  return std::unique_ptr<Table>(new Table(*std::move(store)));
}

Result<std::unique_ptr<Table>> Table::attach(const std::string& path) {
  Result<std::unique_ptr<Mapping>> mapping = Mapping::attach(path);
  if (!mapping) return std::move(mapping).error();
  Result<std::unique_ptr<Store>> store = Store::attach(*std::move(mapping));
  if (!store) return std::move(store).error();
  return std::unique_ptr<Table>(new Table(*std::move(store)));
}

Status Table::after_fork() { return store_->after_fork(); }

Status Table::create(const Handle& handle, const NewDict& wanted) { return store_->create(handle, wanted); }

std::size_t Table::destroy(std::span<const Handle> handles) {
  std::size_t ended = 0;
  for (const Handle& handle : handles)
    if (store_->destroy(handle)) ++ended;
  return ended;
}

Result<Opened> Table::open(std::string_view name, const std::optional<NewDict>& wanted, const Handle& fresh) {
  return Names(*store_).open(name, wanted, fresh);
}

Result<bool> Table::remove_name(std::string_view name) { return Names(*store_).remove(name); }
Result<std::vector<Named>> Table::names() const { return Names(*store_).all(); }

Result<BlobWriter> Table::allocate(std::size_t size) { return store_->allocate(size); }

Result<Blob> Table::get(const Handle& handle, const KeyView& key) const { return store_->get(handle, key); }

std::optional<Sighting> Table::get_at_once(const Handle& handle, const KeyView& key, Blob& blob) const {
  return store_->get_at_once(handle, key, blob);
}

bool Table::is_still_so(const Handle& handle, const Sighting& sighting) const {
  return store_->is_still_so(handle, sighting);
}

std::optional<bool> Table::contains_at_once(const Handle& handle, const KeyView& key) const {
  return store_->contains_at_once(handle, key);
}

Status Table::put(const Handle& handle, const KeyView& key, NewBlob blob, const NumberForm* numbers) {
  return store_->put(handle, key, std::move(blob), numbers);
}

Result<CellOutcome> Table::change_cell(const Handle& handle, const KeyView& key, const CellChange& change,
                                       const NumberForm& form) {
  return store_->change_cell(handle, key, change, form);
}

std::optional<CellOutcome> Table::change_cell_at_once(const Handle& handle, const KeyView& key,
                                                      const CellChange& change) const {
  return store_->change_cell_at_once(handle, key, change);
}

Result<HeldCell> Table::hold_cell(const Handle& handle, const KeyView& key) {
  return store_->hold_cell(handle, key);
}

Result<std::optional<CellOutcome>> Table::change_held(const Handle& handle, const KeyView& key,
                                                      const HeldCell& held, const CellChange& change) {
  return store_->change_held(handle, key, held, change);
}

Result<bool> Table::is_held(const Handle& handle, const KeyView& key, const HeldCell& held) {
  return store_->is_held(handle, key, held);
}

Result<bool> Table::erase(const Handle& handle, const KeyView& key) { return store_->erase(handle, key); }

Result<Stamped> Table::get_stamped(const Handle& handle, const KeyView& key) const {
  return store_->get_stamped(handle, key);
}

Result<Stamp> Table::stamp(const Handle& handle, const KeyView& key) const {
  return store_->stamp(handle, key);
}

Result<bool> Table::put_if(const Handle& handle, const KeyView& key, NewBlob blob, const Expect& expect,
                           Stamped* present, const NumberForm* numbers) {
  return store_->put_if(handle, key, std::move(blob), expect, present, numbers);
}

Result<bool> Table::erase_if(const Handle& handle, const KeyView& key, const Expect& expect) {
  return store_->erase_if(handle, key, expect);
}

Result<TakenOut> Table::take(const Handle& handle, const KeyView& key, const Expect& expect) {
  return store_->take(handle, key, expect);
}

Result<TakenOut> Table::take_last(const Handle& handle, Key& key, const Expect& expect) {
  return store_->take_last(handle, key, expect);
}

Result<std::uint64_t> Table::clear(const Handle& handle) { return store_->clear(handle); }

Result<bool> Table::contains(const Handle& handle, const KeyView& key) const {
  return store_->contains(handle, key);
}

Result<Waited> Table::wait_change(const Handle& handle, const KeyView& key, Stamp seen,
                                  const WaitLimit& limit) const {
  return store_->wait_change(handle, key, seen, limit);
}

Result<WatchedChanges> Table::wait_changes(const Handle& handle, WatchPosition& position,
                                           const WaitLimit& limit) const {
  return store_->wait_changes(handle, position, limit);
}

std::uint32_t Table::mark_any_change() const { return store_->mark_any_change(); }

bool Table::may_have_changes(const Handle& handle, const WatchPosition& position) const {
  return store_->may_have_changes(handle, position);
}

void Table::stir_any_change() const { store_->stir_any_change(); }

WaitEnd Table::sleep_until_any_change(std::uint32_t marked, const WaitLimit& limit) const {
  return store_->sleep_until_any_change(marked, limit);
}

Result<std::uint64_t> Table::change_all(const Handle& handle, std::span<KeyChange> changes,
                                        const NumberForm* numbers) {
  const Result<Committed> committed = store_->commit(handle, {}, changes, numbers);
  if (!committed) return committed.error();
  return committed->erased;
}

Result<Committed> Table::commit(const Handle& handle, const ReadSet& read, std::span<KeyChange> changes,
                                const NumberForm* numbers) {
  return store_->commit(handle, read, changes, numbers);
}

Result<Snapshot> Table::get_many(const Handle& handle, std::span<const KeyView> keys) const {
  return store_->get_many(handle, keys);
}

Result<Snapshot> Table::items(const Handle& handle) const { return store_->items(handle); }

Result<std::uint64_t> Table::append(const Handle& handle, std::span<NewBlob> blobs,
                                    const NumberForm* numbers) {
  if (blobs.empty()) return size(handle);
  return store_->append(handle, blobs, numbers);
}

Result<bool> Table::insert_at(const Handle& handle, std::int64_t at, NewBlob blob,
                              const NumberForm* numbers) {
  return store_->insert_at(handle, at, std::move(blob), numbers);
}

Result<bool> Table::put_at(const Handle& handle, std::int64_t at, NewBlob blob, const NumberForm* numbers) {
  return store_->put_at(handle, at, std::move(blob), numbers);
}

Result<Blob> Table::get_at(const Handle& handle, std::int64_t at) const { return store_->get_at(handle, at); }

Result<TakenOut> Table::take_at(const Handle& handle, std::int64_t at, const Expect& expect) {
  return store_->take_at(handle, at, expect);
}

Result<bool> Table::erase_at(const Handle& handle, std::int64_t at, const Expect& expect) {
  return store_->erase_at(handle, at, expect);
}

Result<Snapshot> Table::get_slice(const Handle& handle, const ListSlice& slice) const {
  return store_->get_slice(handle, slice);
}

Result<SlicePut> Table::put_slice(const Handle& handle, const ListSlice& slice, std::span<NewBlob> blobs,
                                  const NumberForm* numbers) {
  return store_->put_slice(handle, slice, blobs, numbers);
}

Result<std::uint64_t> Table::erase_slice(const Handle& handle, const ListSlice& slice) {
  return store_->erase_slice(handle, slice);
}

Status Table::reverse(const Handle& handle) { return store_->reverse(handle); }

Result<std::uint64_t> Table::size(const Handle& handle) const {
  Result<DictStats> stats = store_->stats(handle);
  if (!stats) return std::move(stats).error();
  return stats->keys;
}

std::optional<std::uint64_t> Table::size_at_once(const Handle& handle) const {
  return store_->size_at_once(handle);
}

std::optional<Glimpse> Table::glimpse(const Handle& handle, std::size_t most) const {
  return store_->glimpse(handle, most);
}

Result<std::vector<Key>> Table::keys(const Handle& handle, Stamp* stamp) const {
  return store_->keys(handle, stamp);
}
bool Table::alive(const Handle& handle) const { return store_->stats(handle).ok(); }
Result<DictStats> Table::stats(const Handle& handle) const { return store_->stats(handle); }
std::vector<Handle> Table::handles(std::optional<DictOwner> owner) const { return store_->handles(owner); }
Result<Adoption> Table::adopt(const Handle& child, const Handle& parent) {
  return store_->adopt(child, parent);
}
Result<bool> Table::disown(const Handle& child, const Handle& parent) {
  return store_->disown(child, parent);
}
TableStats Table::stats() const { return store_->stats(); }
std::size_t Table::sweep() { return store_->sweep(); }
AuditReport Table::audit() const { return Auditor(store_->mapping(), store_->heap(), store_->index()).run(); }
std::uint64_t Table::expire() { return store_->expire(); }
void Table::wait_for_what_expires(std::uint64_t most) { store_->wait_for_what_expires(most); }

bool Table::reclaim(std::size_t most) { return store_->reclaim(most); }

}  // namespace pyport::table
