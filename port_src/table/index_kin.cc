// Which dicts end with a process, and which with another dict.
//
//   superblock, for a slot   | first_dict  |--> | dict | <--> | dict | <--> | dict |
//   header of another dict   | first_child |--> | dict | <--> | dict |
//
// A dict stands in one such list or in none; `owner` says in which. The lists change with what they are
// about, by the redo list of an operation under the index's lock: so there is no dict that nothing ends any
// more. A dead dict stays in its list until its own children are gone (Store::end_children), and its header
// is not used again before.
#include "table/index.h"

namespace pyport::table {
namespace {

constexpr std::uint64_t kOwnerMask = 0xff;

DictOwner kind_of(std::uint64_t owner) { return static_cast<DictOwner>(owner & kOwnerMask); }
// The slot or the header.
std::uint32_t which_of(std::uint64_t owner) { return static_cast<std::uint32_t>((owner >> 32) - 1); }

}  // namespace

Half* Index::list_of(std::uint64_t owner) const {
  if (owner >> 32 == 0) return nullptr;
  const std::uint32_t which = which_of(owner);
  if (kind_of(owner) == DictOwner::process) return which < kSlots ? &super().first_dict[which] : nullptr;
  if (kind_of(owner) != DictOwner::parent) return nullptr;
  DictHeader* const parent = header(which);
  return parent == nullptr ? nullptr : &parent->first_child;
}

DictHeader* Index::parent_of(const DictHeader& child) const {
  const std::uint64_t owner = peek(child.owner);
  return owner >> 32 != 0 && kind_of(owner) == DictOwner::parent ? header(which_of(owner)) : nullptr;
}

DictOwner Index::owner_of(const DictHeader& dict) { return kind_of(peek(dict.owner)); }

bool Index::is_of_process(const DictHeader& dict) const {
  return owner_of(dict) == DictOwner::process && list_of(dict) != nullptr;
}

// What the link names, if it belongs into the list of that owner.
DictHeader* Index::kin(std::uint32_t link, std::uint64_t owner) const {
  DictHeader* const dict = link == 0 ? nullptr : header(link - 1);
  const bool there = dict != nullptr && peek(dict->state) != kDictFree && peek(dict->owner) == owner;
  return there ? dict : nullptr;
}

DictHeader* Index::first_in_list(const Half& head, std::uint64_t owner) const {
  if (peek(head) == 0) return nullptr;
  if (DictHeader* const first = kin(peek(head), owner)) return first;
  // That is damaged: whoever says that he belongs there.
  const std::uint32_t end = number_of_headers();
  for (std::uint32_t number = 0; number < end; ++number)
    if (DictHeader* const dict = kin(number + 1, owner)) return dict;
  return nullptr;
}

DictHeader* Index::first_child(const DictHeader& parent) const {
  return first_in_list(parent.first_child, owner_word(DictOwner::parent, peek(parent.number)));
}

DictHeader* Index::first_of_process(std::uint32_t slot) const {
  return first_in_list(super().first_dict[slot], owner_word(DictOwner::process, slot));
}

bool Index::ends_with(const DictHeader& header, const DictHeader& ancestor) const {
  const DictHeader* at = &header;
  for (std::uint32_t steps = number_of_headers(); at != nullptr && steps > 0; --steps) {
    if (at == &ancestor) return true;
    at = parent_of(*at);
  }
  return false;
}

void Index::leave_list(Operation& operation, const DictHeader& dict) const {
  Half* const head = list_of(dict);
  if (head == nullptr) return;
  const std::uint64_t owner = peek(dict.owner);
  const std::uint32_t next = peek(dict.next_sibling);
  const std::uint32_t previous = peek(dict.previous_sibling);
  DictHeader* const before = kin(previous, owner);
  DictHeader* const behind = kin(next, owner);
  if (before != nullptr) operation.set(before->next_sibling, next);
  if (behind != nullptr) operation.set(behind->previous_sibling, previous);
  if (previous == 0) operation.set(*head, next);
}

void Index::unlink(Operation& operation, DictHeader& dict) const {
  leave_list(operation, dict);
  operation.set(dict.owner, peek(dict.owner) & kOwnerMask);
}

void Index::move(Operation& operation, DictHeader& dict, std::uint64_t owner,
                 const HandleWords& parent) const {
  leave_list(operation, dict);
  Half* const head = list_of(owner);
  if (head == nullptr) return;
  const std::uint32_t link = peek(dict.number) + 1;
  if (DictHeader* const behind = kin(peek(*head), owner)) operation.set(behind->previous_sibling, link);
  operation.set(dict.next_sibling, peek(*head));
  operation.set(dict.previous_sibling, 0);
  operation.set(dict.owner, owner);
  for (std::size_t i = 0; i < parent.size(); ++i) operation.set(dict.parent[i], parent[i]);
  operation.set(*head, link);
}

void Index::move_to_parent(Operation& operation, DictHeader& dict, const DictHeader& parent) const {
  move(operation, dict, owner_word(DictOwner::parent, peek(parent.number)),
       {peek(parent.handle[0]), peek(parent.handle[1])});
}

void Index::move_to_process(Operation& operation, DictHeader& dict) const {
  move(operation, dict, owner_word(DictOwner::process, operation.slot()), {});
}

void Index::move_to_node(Operation& operation, DictHeader& dict) const {
  leave_list(operation, dict);
  operation.set(dict.owner, static_cast<std::uint64_t>(DictOwner::node));
}

Status Index::link_new(Operation& operation, DictHeader& dict, const NewDict& wanted) const {
  std::uint64_t owner = 0;
  if (wanted.owner == DictOwner::process) {
    owner = owner_word(wanted.owner, operation.slot());
  } else if (wanted.owner == DictOwner::parent) {
    std::uint32_t number = 0;
    const bool named = find_place(words_of(wanted.parent), number) != nullptr;
    const DictHeader* const parent = named ? header(number) : nullptr;
    if (parent == nullptr || peek(parent->state) != kDictLive) return make_error(Errc::gone);
    owner = owner_word(wanted.owner, number);
  } else {
    return ok_status();
  }
  Half* const head = list_of(owner);
  if (head == nullptr) return make_error(Errc::corrupt, "owner");
  const std::uint32_t link = peek(dict.number) + 1;
  draft(dict.owner, owner);
  draft(dict.next_sibling, peek(*head));
  if (DictHeader* const behind = kin(peek(*head), owner)) operation.set(behind->previous_sibling, link);
  operation.set(*head, link);
  return ok_status();
}

void Index::replace_in_list(Operation& operation, DictHeader& from, DictHeader& to) const {
  Half* const head = list_of(from);
  if (head == nullptr) return;
  const std::uint64_t owner = peek(from.owner);
  const std::uint32_t link = peek(to.number) + 1;
  draft(to.next_sibling, peek(from.next_sibling));
  draft(to.previous_sibling, peek(from.previous_sibling));
  DictHeader* const before = kin(peek(from.previous_sibling), owner);
  DictHeader* const behind = kin(peek(from.next_sibling), owner);
  if (before != nullptr) operation.set(before->next_sibling, link);
  if (behind != nullptr) operation.set(behind->previous_sibling, link);
  if (peek(from.previous_sibling) == 0) operation.set(*head, link);
  operation.set(from.owner, owner & kOwnerMask);
}

}  // namespace pyport::table
