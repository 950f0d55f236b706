// A heap in anonymous memory with one process's place, and nothing above it.
#pragma once

#include <gtest/gtest.h>

#include <memory>

#include "table/heap.h"
#include "table/mapping.h"
#include "table/operation.h"
#include "table/place.h"
#include "table/process_identity.h"

namespace pyport::table {

class HeapHarness final : public Repairer {
 public:
  explicit HeapHarness(std::uint64_t max_bytes = std::uint64_t{1} << 30)
      : mapping_(*Mapping::create({}, max_bytes)), heap_(*mapping_, max_bytes) {
    mapping_->back(mapping_->geometry().slots, 2 * sizeof(Slot));
    enter(0);
    place_ = std::make_unique<Place>(*mapping_, 0);
  }

  // This process has that slot from now on.
  void enter(std::uint32_t slot) {
    const ProcessIdentity me = *this_process();
    mapping_->process(slot).pid.store(me.pid);
    mapping_->process(slot).start_time.store(start_word(me));
    mapping_->process(slot).state.store(kSlotTaken);
  }

  void repair(Operation&, Offset) override {
    ++repairs;
    heap_.rebuild();
  }

  const Mapping& mapping() const { return *mapping_; }
  Heap& heap() { return heap_; }
  Place& place() { return *place_; }
  int repairs = 0;

 private:
  const std::unique_ptr<Mapping> mapping_;
  Heap heap_;
  std::unique_ptr<Place> place_;
};

}  // namespace pyport::table
