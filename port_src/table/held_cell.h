// A cell that is changed without looking its key up. Its memory stays as long as this lives, whatever becomes
// of the key and of the dict.
//
// Thread safety: change: all of it. To let go of it takes a lock of the table: never with a Python thread
// state attached.
#pragma once

#include <utility>

#include "table/blob.h"
#include "table/cell.h"
#include "table/index.h"
#include "table/wake_word.h"

namespace pyport::table {

class HeldCell {
 public:
  HeldCell() = default;
  explicit operator bool() const { return static_cast<bool>(pin_); }

  // Nothing when it is frozen or guarded, or its key or dict is gone: Table::change_held then does it, or
  // tells. It waits for nobody.
  std::optional<CellOutcome> change(const CellChange& change) const {
    CellOutcome outcome;
    return try_change(change, outcome) ? std::optional(outcome) : std::nullopt;
  }
  // The same: false when change() would give nothing.
  [[gnu::always_inline]] bool try_change(const CellChange& change, CellOutcome& outcome) const {
    // A dict that was destroyed or cleared leaves its cells as they are. One that is so only now, was not so
    // when the number was changed, or nobody will ever see that number.
    if (!cell_->try_change(owner_, change, outcome) || !is_live()) return false;
    WakeWord(header_->wake).changed();
    return true;
  }
  // The number at this moment; nothing when it is frozen, or its key or dict is gone: Table::is_held tells.
  std::optional<std::int64_t> load() const {
    std::int64_t number = 0;
    return try_load(number) ? std::optional(number) : std::nullopt;
  }
  [[gnu::always_inline]] bool try_load(std::int64_t& number) const {
    number = cell_->number();
    return (cell_->owner() & ~Cell::kGuarded) == owner_ && is_live();
  }

 private:
  friend class Store;
  bool is_live() const { return has_handle(*header_, handle_) && peek(header_->state) == kDictLive; }

  Pin pin_;
  Cell* cell_ = nullptr;
  std::uint64_t owner_ = 0;
  DictHeader* header_ = nullptr;
  HandleWords handle_{};
};

}  // namespace pyport::table
