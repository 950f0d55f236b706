#include "table/names.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "table/store.h"
#include "table/with_dict.h"

namespace pyport::table {
namespace {

constexpr int kTries = 100;

Handle handle_in(ByteSpan bytes) {
  Handle handle;
  if (bytes.size() == handle.bits.size()) std::memcpy(handle.bits.data(), bytes.data(), bytes.size());
  return handle;
}

}  // namespace

const Handle Names::kHandle{{'n', 'a', 'm', 'e', 's', ' ', 'o', 'f', ' ', 't', 'h', 'e', ' ', 'd', 'i', 'c'}};

bool is_dict_name(std::string_view name) {
  const auto is_control = [](unsigned char byte) { return byte < ' ' || byte == 0x7f; };
  return !name.empty() && name.size() <= kDictName && std::none_of(name.begin(), name.end(), is_control);
}

bool Names::lives(const Handle& handle) { return store_.stats(handle).ok(); }

Result<Names::Holder> Names::holder_of(std::string_view name) {
  const Result<Stamped> found = store_.get_stamped(kHandle, as_bytes(name));
  if (!found && found.error().code == Errc::gone) return Holder{};
  if (!found) return found.error();
  if (found->stamp == 0) return Holder{};
  const Handle handle = handle_in(found->blob.bytes());
  return Holder{handle, found->stamp, lives(handle)};
}

Status Names::make_names() {
  NewDict wanted;
  wanted.owner = DictOwner::node;
  Status made = store_.create(kHandle, wanted);
  return made || made.error().code == Errc::exists ? ok_status() : std::move(made);
}

Result<bool> Names::give(std::string_view name, const Handle& handle, std::uint64_t stamp_before) {
  Result<BlobWriter> writer = store_.allocate(handle.bits.size());
  if (!writer) return std::move(writer).error();
  std::memcpy(writer->bytes().data(), handle.bits.data(), handle.bits.size());
  return store_.put_if(kHandle, as_bytes(name), (*std::move(writer)).finish(0), Expect::stamped(stamp_before),
                       nullptr, nullptr);
}

Result<Opened> Names::open(std::string_view name, const std::optional<NewDict>& wanted, const Handle& fresh) {
  if (!is_dict_name(name))
    return make_error(Errc::bad_config, "name: 1 to 64 bytes without control characters");
  for (int tries = 0; tries < kTries; ++tries) {
    const Result<Holder> holder = holder_of(name);
    if (!holder) return holder.error();
    if (holder->lives) return Opened{holder->handle, false};
    if (!wanted) return make_error(Errc::gone);
    if (Status made = make_names(); !made) return std::move(made).error();
    NewDict mine = *wanted;
    mine.owner = DictOwner::process;
    mine.name = name;
    if (Status made = store_.create(fresh, mine); !made) return std::move(made).error();
    const Result<bool> given = give(name, fresh, holder->stamp);
    if (given && *given && store_.make_last(fresh).ok()) return Opened{fresh, true};
    (void)store_.destroy(fresh);
    if (!given) return given.error();
  }
  return make_error(Errc::busy, "name");
}

Result<bool> Names::remove(std::string_view name) {
  const Result<Holder> holder = holder_of(name);
  if (!holder) return holder.error();
  if (holder->stamp == 0) return false;
  const bool ended = holder->lives && store_.destroy(holder->handle);
  const Result<bool> erased = store_.erase_if(kHandle, as_bytes(name), Expect::stamped(holder->stamp));
  if (!erased && erased.error().code != Errc::gone) return erased.error();
  return ended;
}

Result<std::vector<Named>> Names::all() {
  std::vector<Named> named;
  const Result<Snapshot> all = store_.items(kHandle);
  if (!all && all.error().code == Errc::gone) return named;
  if (!all) return all.error();
  for (std::size_t i = 0; i < all->size(); ++i) {
    const auto* name = std::get_if<std::string>(&all->keys()[i]);
    const Handle handle = handle_in(all->bytes(i));
    if (name != nullptr && lives(handle)) named.push_back({*name, handle});
  }
  return named;
}

}  // namespace pyport::table
