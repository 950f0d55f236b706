#include "server/change_feed.h"

#include <string_view>
#include <utility>

#include "protocol/event.h"
#include "python/thread.h"

namespace pyport::server {
namespace {

using table::DictChange;
using table::Handle;
using table::WaitClock;

// So often all of them are asked for changes, whether there are any or not: the table forgets who did not ask
// for a minute.
constexpr std::chrono::seconds kAskAgain{15};

protocol::ChangeEvent event_of(const DictChange& change) {
  protocol::ChangeEvent event{name_of(change.kind), std::nullopt, change.stamp};
  if (has_key(change.kind)) event.key = table::view_of(change.key);
  return event;
}

}  // namespace

Status ChangeFeed::start() {
  return python::start_thread("change-feed", python::kHelperStack, [this] { run(); });
}

Status ChangeFeed::watch(const Handle& handle) {
  table::WatchPosition position;
  const Result<table::WatchedChanges> begun = table_.wait_changes(handle, position);
  if (!begun) return begun.error();
  {
    MutexLock lock(mutex_);
    const auto [known, made] = watched_.try_emplace(handle.bits, Watched{position, ++serials_, false});
    // Who asks again has perhaps lost what was on its way.
    if (!made) known->second.on_its_way = false;
  }
  table_.stir_any_change();
  return ok_status();
}

void ChangeFeed::unwatch(const Handle& handle) {
  MutexLock lock(mutex_);
  watched_.erase(handle.bits);
}

void ChangeFeed::seen(const Handle& handle) {
  {
    MutexLock lock(mutex_);
    const auto found = watched_.find(handle.bits);
    if (found == watched_.end() || !std::exchange(found->second.on_its_way, false)) return;
  }
  table_.stir_any_change();
}

std::vector<ChangeFeed::Known> ChangeFeed::ready() {
  std::vector<Known> all;
  MutexLock lock(mutex_);
  for (const auto& [bits, watched] : watched_)
    if (!watched.on_its_way) all.push_back({Handle{bits}, watched});
  return all;
}

void ChangeFeed::tell(const Handle& handle, const std::vector<DictChange>& changes) {
  std::vector<protocol::ChangeEvent> events;
  events.reserve(changes.size());
  for (const DictChange& change : changes) events.push_back(event_of(change));
  Bytes out;
  protocol::append_changes(out, handle.bits, events, max_frame_);
  outbox_.push(std::move(out));
}

void ChangeFeed::tell(const Handle& handle, std::string_view what) {
  const protocol::ChangeEvent event{what, std::nullopt, 0};
  Bytes out;
  protocol::append_changes(out, handle.bits, {&event, 1}, max_frame_);
  outbox_.push(std::move(out));
}

// False when it is no longer watched.
bool ChangeFeed::settle(const Known& known, bool told, bool over) {
  MutexLock lock(mutex_);
  const auto found = watched_.find(known.handle.bits);
  if (found == watched_.end() || found->second.serial != known.watched.serial) return false;
  if (over) {
    watched_.erase(found);
  } else {
    found->second.position = known.watched.position;
    found->second.on_its_way = told;
  }
  return true;
}

bool ChangeFeed::look_at(const Known& known) {
  Known now = known;
  const Result<table::WatchedChanges> read =
      table_.wait_changes(now.handle, now.watched.position, {WaitClock::now()});
  if (!read) {
    if (read.error().code == Errc::busy) return false;
    // What is damaged, or what there is no room for, cannot be watched: the node asks again, and is told why.
    if (settle(now, true, true)) tell(now.handle, read.error().code == Errc::gone ? "destroyed" : "overflow");
    return true;
  }
  const bool told = !read->changes.empty();
  if (settle(now, told, false) && told) tell(now.handle, read->changes);
  return told;
}

void ChangeFeed::run() {
  python::leave_signals_to_others();
  auto ask_again = Clock::now() + kAskAgain;
  for (;;) {
    const std::uint32_t marked = table_.mark_any_change();
    const bool all = Clock::now() >= ask_again;
    if (all) ask_again = Clock::now() + kAskAgain;
    for (const Known& known : ready())
      if (all || table_.may_have_changes(known.handle, known.watched.position)) look_at(known);
    (void)table_.sleep_until_any_change(marked, {});
  }
}

}  // namespace pyport::server
