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

  // Nothing when it is frozen, or its key or dict is gone: Table::is_held tells. It waits for nobody.
  std::optional<CellOutcome> change(const CellChange& change) const {
    const auto outcome = cell_->change(owner_, change);
    // A dict that was destroyed or cleared leaves its cells as they are. One that is so only now, was not so
    // when the number was changed, or nobody will ever see that number.
    if (!outcome || !is_live()) return std::nullopt;
    WakeWord(header_->wake).changed();
    return outcome;
  }
  // The number at this moment; nothing as with change().
  std::optional<std::int64_t> load() const {
    const std::int64_t number = cell_->number();
    if (cell_->owner() != owner_ || !is_live()) return std::nullopt;
    return number;
  }

 private:
  friend class Store;
  bool is_live() const { return has_handle(*header_, handle_) && peek(header_->state) == kDictLive; }

  Blob pin_;
  Cell* cell_ = nullptr;
  std::uint64_t owner_ = 0;
  DictHeader* header_ = nullptr;
  HandleWords handle_{};
};

}  // namespace pyport::table
