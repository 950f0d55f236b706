// An audit of the lists of dicts that end with a process or with another dict.
#include "table/auditor.h"

namespace pyport::table {

void Auditor::walk_kin() {
  const std::uint32_t end = index_.number_of_headers();
  kin_.assign(end, false);
  for (std::uint32_t slot = 0; slot < kSlots; ++slot)
    walk_list(super().first_dict[slot], Index::owner_word(DictOwner::process, slot),
              "dicts of slot " + std::to_string(slot));
  for (std::uint32_t number = 0; number < end; ++number)
    if (const DictHeader* parent = index_.header(number);
        parent != nullptr && peek(parent->state) != kDictFree)
      walk_list(parent->first_child, Index::owner_word(DictOwner::parent, number),
                "children of dict " + std::to_string(number));
  for (std::uint32_t number = 0; number < end; ++number)
    if (const DictHeader* dict = index_.header(number);
        dict != nullptr && peek(dict->state) != kDictFree && peek(dict->owner) >> 32 != 0 && !kin_[number])
      damaged("dict " + std::to_string(number) + " is not in the list of what ends it");
}

void Auditor::walk_list(const Half& head, std::uint64_t owner, const std::string& what) {
  std::uint32_t before = 0;
  for (std::uint32_t next = peek(head); next != 0;) {
    const DictHeader* header = index_.header(next - 1);
    if (header == nullptr || kin_[next - 1] || state_of_dict(next - 1) == kDictFree ||
        peek(header->owner) != owner)
      return damaged(what + ": dict " + std::to_string(next - 1) + " does not belong there");
    expect(before, peek(header->previous_sibling),
           what + ", what is before dict " + std::to_string(next - 1));
    kin_[next - 1] = true;
    before = next;
    next = peek(header->next_sibling);
  }
}

}  // namespace pyport::table
