// Waiting for a key to change.
#include <utility>

#include "table/wait.h"
#include "table/wake_word.h"
#include "table/with_dict.h"

namespace pyport::table {

// Under the lock, so that whoever changes a key afterwards finds the mark; a cell is frozen meanwhile, which
// puts its changes without a lock into the same order.
Result<Store::Marked> Store::mark_and_look(const Handle& handle, const HashedKey& key) {
  Operation operation(*mapping_, *place_, *this);
  return with_dict(operation, handle, [&](Dict& dict, DictHeader& header) -> Result<Marked> {
    const std::uint32_t word = WakeWord(header.wake).mark();
    Result<Stamp> stamp = look_at_stamp(dict, key);
    if (!stamp) return std::move(stamp).error();
    return Marked{&header.wake, word, *stamp};
  });
}

Result<Waited> Store::wait_change(const Handle& handle, const KeyView& key, Stamp seen,
                                  const WaitLimit& limit) {
  const HashedKey hashed(seed_, key);
  for (;;) {
    const Result<Marked> marked = mark_and_look(handle, hashed);
    if (!marked) return marked.error();
    if (marked->stamp != seen) return Waited{WaitEnd::changed, marked->stamp};
    const WaitEnd end = sleep_at(*marked->wake, marked->word, limit);
    if (end != WaitEnd::changed) return Waited{end, seen};
  }
}

}  // namespace pyport::table
