#include "server/transfers.h"

#include <algorithm>
#include <utility>

namespace pyport::server {
namespace {

Error unknown() { return make_error(Errc::cancelled); }

}  // namespace

template <class What>
What* Transfers::find(TransferId id, Clock::time_point now) {
  const auto found = all_.find(id);
  if (found == all_.end()) return nullptr;
  found->second.used = now;
  return std::get_if<What>(&found->second.what);
}

Status Transfers::check_room(Clock::time_point now) {
  drop_idle(now);
  return all_.size() < kMost ? ok_status() : Status(make_error(Errc::overloaded));
}

TransferId Transfers::keep(Transfer transfer) {
  all_.emplace(++last_, std::move(transfer));
  return last_;
}

Result<TransferId> Transfers::begin_put(std::uint64_t size, value::LargeValue::Form form,
                                        Clock::time_point now, std::optional<std::uint64_t> ttl) {
  if (Status room = check_room(now); !room) return std::move(room).error();
  Result<value::LargeValue> binary = value::LargeValue::begin(table_, size, form);
  if (!binary) return std::move(binary).error();
  return keep({Put{*std::move(binary), ttl}, now});
}

Status Transfers::add(TransferId id, ByteSpan part, Clock::time_point now) {
  auto* const put = find<Put>(id, now);
  if (put == nullptr) return unknown();
  Status added = put->value.add(part);
  if (!added) drop(id);
  return added;
}

Result<table::NewBlob> Transfers::finish(TransferId id) {
  auto* const found = find<Put>(id, {});
  if (found == nullptr) return unknown();
  Put put = std::move(*found);
  drop(id);
  Result<table::NewBlob> blob = std::move(put.value).finish();
  if (blob && put.ttl) blob->live_for(*put.ttl);
  return blob;
}

Status Transfers::end_put(TransferId id, const table::Handle& handle, const table::KeyView& key) {
  Result<table::NewBlob> blob = finish(id);
  if (!blob) return std::move(blob).error();
  return table_.put(handle, key, *std::move(blob));
}

Result<bool> Transfers::end_put_if(TransferId id, const table::Handle& handle, const table::KeyView& key,
                                   const table::Expect& expect) {
  Result<table::NewBlob> blob = finish(id);
  if (!blob) return std::move(blob).error();
  return table_.put_if(handle, key, *std::move(blob), expect);
}

Result<TransferId> Transfers::begin_get(table::Blob&& blob, ByteSpan content, Clock::time_point now) {
  if (Status room = check_room(now); !room) return std::move(room).error();
  // A small value lies in the blob itself, and moves with it.
  const auto at = static_cast<std::size_t>(content.data() - blob.bytes().data());
  const TransferId id = keep({Get{std::move(blob), {}}, now});
  Get& get = *find<Get>(id, now);
  get.left = std::get_if<table::Blob>(&get.held)->bytes().subspan(at, content.size());
  return id;
}

Result<TransferId> Transfers::begin_get(Bytes content, Clock::time_point now) {
  if (Status room = check_room(now); !room) return std::move(room).error();
  const ByteSpan all = content;  // moving a vector leaves its bytes where they are
  return keep({Get{std::move(content), all}, now});
}

Result<ByteSpan> Transfers::next(TransferId id, std::size_t most, Clock::time_point now) {
  Get* const get = find<Get>(id, now);
  if (get == nullptr) return unknown();
  const ByteSpan part = get->left.first(std::min(most, get->left.size()));
  get->left = get->left.subspan(part.size());
  if (part.empty()) drop(id);
  return part;
}

void Transfers::drop_idle(Clock::time_point now) {
  std::erase_if(all_, [now](const auto& entry) { return now - entry.second.used > kIdle; });
}

}  // namespace pyport::server
