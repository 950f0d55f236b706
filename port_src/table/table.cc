#include "table/table.h"

#include <unistd.h>

#include <chrono>
#include <new>
#include <utility>

#include "table/dict.h"
#include "table/index.h"
#include "table/reaper.h"

namespace pyport::table {
namespace {

Error gone() { return make_error(Errc::gone); }
Error no_memory() { return make_error(Errc::table_full, "memory"); }

SipKey random_seed(const void* salt) {
  SipKey seed;
  if (::getentropy(&seed, sizeof seed) == 0) return seed;
  // A kernel without entropy (early boot): the best that is left is something hard to guess.
  seed.k0 = static_cast<std::uint64_t>(std::chrono::steady_clock::now().time_since_epoch().count());
  seed.k1 = reinterpret_cast<std::uintptr_t>(salt);
  return seed;
}

}  // namespace

struct Table::Impl {
  const SipKey seed = random_seed(this);
  Counters counters;
  Index index;
  Reaper reaper;
};

Table::Table() : impl_(std::make_unique<Impl>()) {}
Table::~Table() = default;

Status Table::create(const Handle& handle) {
  try {
    if (impl_->index.insert(handle, std::make_shared<Dict>(impl_->counters))) return ok_status();
  } catch (const std::bad_alloc&) {
    return no_memory();
  }
  return make_error(Errc::exists);
}

std::size_t Table::destroy(std::span<const Handle> handles) {
  std::vector<OrderedMap> contents;
  std::size_t ended = 0;
  for (const Handle& handle : handles) {
    const std::shared_ptr<Dict> dict = impl_->index.take(handle);
    if (dict == nullptr) continue;
    OrderedMap map = dict->destroy();
    ++ended;
    if (map.size() == 0) continue;
    try {
      contents.push_back(std::move(map));
    } catch (const std::bad_alloc&) {
      // `map` is freed here and now.
    }
  }
  impl_->reaper.free_later(std::move(contents));
  return ended;
}

Result<BlobWriter> Table::allocate(std::size_t size) { return BlobWriter::make(size); }

Result<Blob> Table::get(const Handle& handle, const KeyView& key) const {
  const HashedKey hashed(impl_->seed, key);
  const std::shared_ptr<Dict> dict = impl_->index.find(handle);
  return dict == nullptr ? gone() : dict->get(hashed);
}

Status Table::put(const Handle& handle, const KeyView& key, Blob blob) {
  const HashedKey hashed(impl_->seed, key);
  const std::shared_ptr<Dict> dict = impl_->index.find(handle);
  return dict == nullptr ? gone() : dict->put(hashed, std::move(blob));
}

Result<bool> Table::erase(const Handle& handle, const KeyView& key) {
  const HashedKey hashed(impl_->seed, key);
  const std::shared_ptr<Dict> dict = impl_->index.find(handle);
  return dict == nullptr ? gone() : dict->erase(hashed);
}

Result<bool> Table::contains(const Handle& handle, const KeyView& key) const {
  const HashedKey hashed(impl_->seed, key);
  const std::shared_ptr<Dict> dict = impl_->index.find(handle);
  return dict == nullptr ? gone() : dict->contains(hashed);
}

Result<std::uint64_t> Table::size(const Handle& handle) const {
  const std::shared_ptr<Dict> dict = impl_->index.find(handle);
  return dict == nullptr ? gone() : dict->size();
}

Result<std::vector<Key>> Table::keys(const Handle& handle) const {
  const std::shared_ptr<Dict> dict = impl_->index.find(handle);
  return dict == nullptr ? gone() : dict->keys();
}

bool Table::alive(const Handle& handle) const { return size(handle).ok(); }

TableStats Table::stats() const {
  const Counters& counters = impl_->counters;
  return {impl_->index.size(), counters.keys.load(std::memory_order_relaxed),
          counters.bytes.load(std::memory_order_relaxed)};
}

}  // namespace pyport::table
