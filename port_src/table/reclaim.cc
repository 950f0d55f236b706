// What is left of destroyed dicts, given back bit by bit.
#include <algorithm>

#include "table/store.h"

namespace pyport::table {

std::vector<std::uint32_t> Store::dead_dicts(Operation& operation) {
  std::vector<std::uint32_t> numbers;
  if (!operation.lock(super().index_lock)) return numbers;
  const std::uint32_t most = index_.number_of_headers();
  for (std::uint32_t next = peek(super().dead_dict); next != 0 && numbers.size() < most;) {
    const DictHeader* header = index_.header(next - 1);
    if (header == nullptr) break;
    numbers.push_back(next - 1);
    next = peek(header->next);
  }
  operation.unlock(super().index_lock);
  return numbers;
}

bool Store::reclaim(std::size_t most) {
  Operation operation(*mapping_, *place_, *this);
  return reclaim(operation, most);
}

bool Store::reclaim(Operation& operation, std::size_t most) {
  end_left_children(operation);
  for (const std::uint32_t number : dead_dicts(operation)) {
    DictHeader* const found = index_.header(number);  // null: damaged since it was listed
    if (found == nullptr || !operation.lock(found->lock)) continue;
    DictHeader& header = *found;
    const std::uint64_t before = peek(header.reclaimed);
    const bool dead = peek(header.state) == kDictDead;
    const bool empty = dead && Dict(operation, heap_, limits_, header).reclaim(most);
    // A dict that only waits for its readers is no work: else there would always be some left.
    std::uint64_t done = peek(header.reclaimed) - before;
    operation.unlock(header.lock);
    if (empty && recycle(operation, header)) ++done;
    most -= std::min<std::uint64_t>(most, done);
    if (most == 0) return true;
  }
  return false;
}

// A header whose values readers still hold waits for a later call, and so does one in a list of kin.
bool Store::recycle(Operation& operation, DictHeader& header) {
  if (!operation.lock(super().index_lock)) return false;
  bool recycled = false;
  if (operation.lock(header.lock)) {
    // Another may have recycled it meanwhile, and the next dict in it may be dead by now, with all it has.
    recycled = peek(header.state) == kDictDead && peek(header.pinned) == 0 && peek(header.first_child) == 0 &&
               !index_.has_kin(header) && Dict(operation, heap_, limits_, header).reclaim(0);
    if (recycled) index_.recycle(operation, header);
    operation.unlock(header.lock);
  }
  operation.unlock(super().index_lock);
  return recycled;
}

}  // namespace pyport::table
