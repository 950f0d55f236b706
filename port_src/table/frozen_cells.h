// Cells that nobody changes as long as this lives: what several of them, or one and its stamp, are at one
// moment.
//
// Thread safety: one object belongs to one thread. REQUIRES: the dict's lock is held as long as it lives.
#pragma once

#include <vector>

#include "base/result.h"
#include "table/dict_reader.h"
#include "table/value_word.h"

namespace pyport::table {

class FrozenCells {
 public:
  FrozenCells() = default;
  FrozenCells(const DictReader& dict, const Entry& entry) { freeze(dict, entry); }
  ~FrozenCells() {
    if (one_ != nullptr) one_->thaw();
    for (Cell* cell : more_) cell->thaw();
  }
  FrozenCells(const FrozenCells&) = delete;
  FrozenCells& operator=(const FrozenCells&) = delete;

  // Nothing happens to other values. Throws std::bad_alloc when it is not the first.
  void freeze(const DictReader& dict, const Entry& entry) {
    const std::uint64_t word = peek(entry.value);
    if (!is_cell_word(word)) return;
    const Checked<Cell*> cell = dict.cell(word);
    if (!cell) return;  // whoever reads it says so
    if (one_ != nullptr) more_.push_back(*cell);
    (*cell)->freeze();
    if (one_ == nullptr) one_ = *cell;
  }
  // All of the dict's.
  Status freeze_all(const DictReader& dict, const DictHeader& header) {
    for (std::uint64_t i = 0; peek(header.cells) != 0 && i < peek(header.used); ++i) {
      const Checked<Entry*> entry = dict.entry(i);
      if (!entry) return entry.error();
      freeze(dict, **entry);
    }
    return ok_status();
  }
  // They are about to lose their places, and not to be touched afterwards. If that fails they are thawed by
  // whoever comes next.
  void leave() {
    one_ = nullptr;
    more_.clear();
  }

 private:
  Cell* one_ = nullptr;
  std::vector<Cell*> more_;
};

}  // namespace pyport::table
